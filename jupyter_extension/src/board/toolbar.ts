import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el } from '../dom';
import type { IPlan } from '../plan/data';
import { howWords } from '../plan/words';
import type { IFilter } from './filter';
import { ALL, isAll, whoOf } from './filter';
import { columnTitle } from './moves';

/** The filters above the board. It stays while the board below is drawn anew, so that typing is not disturbed. */
export class Toolbar {
  constructor(
    private filter: IFilter,
    private readonly trans: TranslationBundle,
    private readonly changed: (filter: IFilter) => void,
    refresh: () => void
  ) {
    this.text = el('input', {
      type: 'search',
      class: 'noo-board-search',
      placeholder: trans.__('Filter tasks'),
      'aria-label': trans.__('Filter tasks by words')
    });
    this.column = el('select', { 'aria-label': trans.__('Status') });
    this.epic = el('select', { 'aria-label': trans.__('Epic') });
    this.who = el('select', { 'aria-label': trans.__('Who') });
    this.critical = el('input', { type: 'checkbox' });
    this.clear = button(trans.__('Clear'), { class: 'noo-button' }, () => this.set(ALL));
    this.node = el(
      'div',
      { class: 'noo-board-tools', role: 'search', 'aria-label': trans.__('Filters') },
      this.text,
      this.column,
      this.epic,
      this.who,
      el('label', { class: 'noo-board-check' }, this.critical, trans.__('critical only')),
      this.clear,
      this.count,
      button(trans.__('Refresh'), { class: 'noo-button noo-board-refresh' }, refresh)
    );
    this.text.addEventListener('input', () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.take(), 120);
    });
    for (const input of [this.column, this.epic, this.who, this.critical]) {
      input.addEventListener('change', () => this.take());
    }
    this.node.addEventListener('keydown', event => event.stopPropagation());
  }

  readonly node: HTMLElement;

  /** Offer what the plan has, and say how many tasks the filter leaves. */
  show(plan: IPlan, left: number): void {
    const { trans, filter } = this;
    const who = [...new Set(plan.tasks.flatMap(whoOf))].sort();
    const known: Readonly<Record<string, string>> = Object.fromEntries(
      ['recipe', 'model', 'person', 'none'].map(kind => [kind, howWords({ kind, recipe: '', why: '' }, trans)])
    );
    fill(this.column, trans.__('All stages'), plan.columns.map(({ key }) => [key, columnTitle(key, trans)]), filter.column);
    fill(this.epic, trans.__('All epics'), plan.epics.map(({ id, title }) => [id, `${id} ${title}`]), filter.epic);
    fill(this.who, trans.__('Anybody'), who.map(name => [name, known[name] ?? name]), filter.who);
    if (document.activeElement !== this.text) {
      this.text.value = filter.text;
    }
    this.critical.checked = filter.critical;
    this.clear.hidden = isAll(filter);
    this.count.textContent = isAll(filter) ? '' : trans.__('%1 of %2 tasks', left, plan.tasks.length);
  }

  /** Set the filter, as the person would. */
  set(filter: IFilter): void {
    this.filter = filter;
    this.text.value = filter.text;
    this.changed(filter);
  }

  /** No more news. */
  dispose(): void {
    clearTimeout(this.timer);
  }

  private take(): void {
    this.filter = {
      text: this.text.value,
      column: this.column.value,
      epic: this.epic.value,
      who: this.who.value,
      critical: this.critical.checked
    };
    this.changed(this.filter);
  }

  private readonly text: HTMLInputElement;
  private readonly column: HTMLSelectElement;
  private readonly epic: HTMLSelectElement;
  private readonly who: HTMLSelectElement;
  private readonly critical: HTMLInputElement;
  private readonly clear: HTMLButtonElement;
  private readonly count = el('span', { class: 'noo-facts', role: 'status' });
  private timer: ReturnType<typeof setTimeout> | undefined;
}

function fill(
  select: HTMLSelectElement,
  all: string,
  choices: readonly (readonly [string, string])[],
  value: string
): void {
  // A kept value that the plan no longer has is still shown: it is what hides the tasks.
  const missing = value !== '' && !choices.some(choice => choice[0] === value) ? [[value, value] as const] : [];
  const wanted = [['', all] as const, ...choices, ...missing];
  const same = [...select.options].map(option => [option.value, option.text]);
  if (JSON.stringify(wanted) !== JSON.stringify(same)) {
    // Only then: an open list would close.
    select.replaceChildren(...wanted.map(([id, label]) => el('option', { value: id }, label)));
  }
  select.value = value;
}
