import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el, notice, withCode } from '../dom';
import type { ICost, ITask } from '../plan/data';
import { columnOf } from '../plan/data';
import { howWords, hoursWords, statusWords } from '../plan/words';

/** What is going on at a card besides what the plan says. */
export interface ICardNews {
  /** A run in progress: its last words and, where it is known, how far it is. */
  readonly run?:
    | { readonly text: string; readonly fraction: number | null; readonly cancel: () => void; readonly asked: HTMLElement }
    | undefined;
  /** What a run or an action came to. */
  readonly note?: { readonly kind: 'error' | 'info'; readonly text: string; readonly dismiss: () => void } | undefined;
  readonly form?: HTMLElement | undefined;
  readonly open: boolean;
  readonly saving: boolean;
}

/** What a card lets a person do. */
export interface ICardActions {
  readonly toggle: (id: string) => void;
  readonly menu: (id: string, anchor: HTMLElement) => void;
  /** Why nothing can be done now; empty while it can. */
  readonly locked: string;
}

/** One task as a card. Its first button is the card itself: it opens it, is lifted by Space, and dragged. */
export function card(task: ITask, news: ICardNews, actions: ICardActions | null, trans: TranslationBundle): HTMLElement {
  const how = howWords(task.how, trans);
  const handle = el(
    'button',
    {
      type: 'button',
      class: 'noo-board-handle',
      'aria-expanded': String(news.open),
      'aria-keyshortcuts': actions === null ? undefined : 'Space',
      tabindex: '-1'
    },
    el(
      'span',
      { class: 'noo-card-top' },
      light(task, trans),
      el('span', { class: 'noo-id' }, task.id),
      task.critical
        ? el('span', { class: 'noo-critical-mark', title: trans.__('On the critical path') }, trans.__('critical'))
        : slack(task, trans),
      task.hours === null ? null : el('span', { class: 'noo-hours' }, hoursWords(task.hours, trans))
    ),
    el('span', { class: 'noo-card-title' }, task.title),
    el(
      'span',
      { class: 'noo-card-foot' },
      el('span', { class: 'noo-tag', 'data-how': task.how.kind, title: how }, how),
      task.dependsOn.length === 0
        ? null
        : el('span', { class: 'noo-board-needs', title: trans.__('Waits for') }, trans.__('after %1', few(task.dependsOn))),
      task.cost === null ? null : el('span', { class: 'noo-board-cost' }, costWords(task.cost, trans)),
      // What a task waits for stands there already.
      task.note && !(task.status === 'pending' && task.dependsOn.length > 0)
        ? el('span', { class: 'noo-note' }, ...withCode(task.note))
        : null
    )
  );
  handle.addEventListener('click', () => actions?.toggle(task.id));
  const critical = task.critical ? ' noo-mod-critical' : '';
  const node = el(
    'article',
    {
      class: `noo-card${critical}${news.saving ? ' noo-mod-saving' : ''}`,
      role: 'listitem',
      'data-task': task.id,
      'data-status': task.status,
      'data-health': task.health || undefined
    },
    handle,
    actions === null ? null : menuButton(task, actions, trans),
    actions === null ? null : el('div', { class: 'noo-board-edge', 'aria-hidden': 'true' }, trans.__('after')),
    news.run === undefined ? null : progress(task, news.run, trans),
    news.note === undefined ? null : told(news.note, trans),
    news.form,
    news.open ? more(task, trans) : null
  );
  return node;
}

/** What models cost, so far and in all as it is foreseen. */
export function costWords(cost: ICost, trans: TranslationBundle): string {
  const usd = (value: number): string => `$${value.toFixed(value !== 0 && value < 0.1 ? 4 : 2)}`;
  const spent = cost.spent === null ? trans.__('cost unknown') : usd(cost.spent);
  return cost.forecast === null ? spent : trans.__('%1 of about %2', spent, usd(cost.forecast));
}

function menuButton(task: ITask, actions: ICardActions, trans: TranslationBundle): HTMLElement {
  const node = button(
    '⋯',
    {
      class: 'noo-board-menu',
      tabindex: '-1',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      'aria-label': trans.__('Actions for %1', task.id),
      'aria-disabled': actions.locked === '' ? undefined : 'true',
      title: actions.locked || trans.__('Actions')
    },
    () => actions.locked === '' && actions.menu(task.id, node)
  );
  return node;
}

function light(task: ITask, trans: TranslationBundle): HTMLElement | null {
  const words: Readonly<Record<string, string>> = {
    green: trans.__('on track'),
    yellow: trans.__('needs an eye'),
    red: trans.__('in trouble')
  };
  const said = words[task.health];
  return said === undefined
    ? null
    : el('span', { class: 'noo-board-light', 'data-health': task.health, role: 'img', 'aria-label': said, title: said });
}

function slack(task: ITask, trans: TranslationBundle): HTMLElement | null {
  return task.slack === null || ['done', 'deferred', 'dropped'].includes(columnOf(task.status))
    ? null
    : el('span', { class: 'noo-board-slack' }, trans.__('slack %1', hoursWords(task.slack, trans)));
}

function few(ids: readonly string[]): string {
  return ids.length > 4 ? `${ids.slice(0, 3).join(', ')} +${ids.length - 3}` : ids.join(', ');
}

function progress(task: ITask, run: NonNullable<ICardNews['run']>, trans: TranslationBundle): HTMLElement {
  return el(
    'div',
    { class: 'noo-board-run' },
    el('progress', {
      max: '1',
      value: run.fraction === null ? undefined : String(run.fraction),
      'aria-label': trans.__('Run of %1', task.id)
    }),
    el('span', { class: 'noo-board-run-text' }, run.text || trans.__('running')),
    button(trans.__('Cancel'), { class: 'noo-button' }, run.cancel),
    run.asked
  );
}

function told(note: NonNullable<ICardNews['note']>, trans: TranslationBundle): HTMLElement {
  const node = notice(note.kind, ...withCode(note.text));
  node.append(
    button('×', { class: 'noo-board-dismiss', 'aria-label': trans.__('Dismiss'), title: trans.__('Dismiss') }, note.dismiss)
  );
  return node;
}

/** What a card tells when it is opened. */
function more(task: ITask, trans: TranslationBundle): HTMLElement {
  const facts: HTMLElement[] = [];
  const fact = (name: string, value: string): void => {
    if (value !== '') {
      facts.push(el('dt', {}, name), el('dd', {}, value));
    }
  };
  fact(trans.__('Status'), statusWords(task.status, trans));
  fact(trans.__('After'), task.dependsOn.join(', '));
  fact(trans.__('Files'), task.files.join(', '));
  fact(trans.__('Slack'), task.slack === null ? '' : hoursWords(task.slack, trans));
  fact(trans.__('Agent'), task.agent);
  fact(trans.__('Why'), task.how.why);
  return el(
    'div',
    { class: 'noo-card-more' },
    el('dl', {}, ...facts),
    task.acceptance.length === 0
      ? null
      : el(
          'ul',
          { 'aria-label': trans.__('Done when') },
          ...task.acceptance.map(item => el('li', { 'data-met': String(item.met) }, item.text))
        )
  );
}
