import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el } from '../dom';
import type { IPlan, ITask } from '../plan/data';
import { columnOf, COLUMNS } from '../plan/data';
import { columnTitle } from './moves';

/** So many cards a list begins with; the rest come on demand. */
export const PAGE = 40;

/** Above so many cards, lanes begin folded: those that are done, and those that come after so many cards. */
const MOST_AT_ONCE = 240;

/** The least widths of a column, with cards and without, and what lies between two, in CSS pixels. */
const WIDE = 180;
const NARROW = 96;
const GAP = 8;

/** What the lanes are drawn with. */
export interface ILaneOptions {
  readonly plan: IPlan;
  readonly shown: readonly ITask[];
  readonly trans: TranslationBundle;
  /** Lanes that the person has folded or unfolded. */
  readonly folded: ReadonlyMap<string, boolean>;
  /** How lanes began, noted here: one that the person opens folds no other. */
  readonly begun: Map<string, boolean>;
  /** How many cards of a list are shown, by lane and column, where it is not `PAGE`. */
  readonly pages: ReadonlyMap<string, number>;
  readonly card: (task: ITask) => HTMLElement;
  readonly fold: (epic: string, folded: boolean) => void;
  readonly page: (key: string, count: number) => void;
  /** Whether empty columns stand too, as places to drop on. */
  readonly allColumns: boolean;
}

/** The board: epics as lanes, stages as columns, one list of cards where they cross. */
export function lanes(options: ILaneOptions): HTMLElement {
  const { plan, shown, trans } = options;
  const counts = new Map<string, number>();
  shown.forEach(task => counts.set(columnOf(task.status), (counts.get(columnOf(task.status)) ?? 0) + 1));
  const keys = COLUMNS.map(column => column[0]).filter(
    key => options.allColumns || plan.columns.some(column => column.key === key)
  );
  const filled = keys.map(key => (counts.get(key) ?? 0) > 0);
  const widths = filled.map(full => (full ? `minmax(${WIDE}px, 1fr)` : `minmax(${NARROW}px, 0.35fr)`)).join(' ');
  const least = filled.reduce((sum, full) => sum + (full ? WIDE : NARROW) + GAP, -GAP);
  const byEpic = new Map<string, ITask[]>();
  for (const task of shown) {
    const list = byEpic.get(task.epic) ?? [];
    list.push(task);
    byEpic.set(task.epic, list);
  }
  const known = plan.epics.filter(epic => byEpic.has(epic.id));
  const rows = [
    ...known,
    ...[...byEpic.keys()].filter(id => !known.some(epic => epic.id === id)).map(id => ({ id, title: '' }))
  ];
  let cards = 0;
  return el(
    'div',
    { class: 'noo-board', role: 'group', 'aria-label': trans.__('Board'), style: `--noo-board-columns:${widths};--noo-board-least:${least}px` },
    el(
      'div',
      { class: 'noo-board-heads', 'aria-hidden': 'true' },
      ...keys.map(key =>
        el(
          'div',
          { class: 'noo-column-head', 'data-column': key },
          el('span', {}, columnTitle(key, trans)),
          el('span', { class: 'noo-count' }, String(counts.get(key) ?? 0))
        )
      )
    ),
    ...rows.map(epic => {
      const tasks = byEpic.get(epic.id) ?? [];
      const over = tasks.every(task => task.status === 'done') || (cards > 0 && cards + tasks.length > MOST_AT_ONCE);
      const folded = options.folded.get(epic.id) ?? options.begun.get(epic.id) ?? (shown.length > MOST_AT_ONCE && over);
      options.begun.set(epic.id, folded);
      cards += folded ? 0 : tasks.length;
      return lane(epic, tasks, keys, folded, rows.length > 1, options);
    })
  );
}

function lane(
  epic: { readonly id: string; readonly title: string },
  tasks: readonly ITask[],
  keys: readonly string[],
  folded: boolean,
  headed: boolean,
  options: ILaneOptions
): HTMLElement {
  const { trans } = options;
  const title = [epic.id, epic.title].filter(part => part !== '').join(' ') || trans.__('Without an epic');
  const done = tasks.filter(task => task.status === 'done').length;
  const head = el(
    'button',
    { type: 'button', class: 'noo-board-lane-head', 'aria-expanded': String(!folded) },
    el('span', { class: 'noo-board-lane-title' }, title),
    el('span', { class: 'noo-facts' }, trans.__('%1 of %2 done', done, tasks.length))
  );
  head.addEventListener('click', () => options.fold(epic.id, !folded));
  return el(
    'section',
    { class: 'noo-board-lane', 'data-epic': epic.id, 'aria-label': title },
    headed ? head : null,
    folded && headed
      ? null
      : el('div', { class: 'noo-board-cells' }, ...keys.map(key => cell(epic.id, title, key, tasks, headed, options)))
  );
}

function cell(
  epic: string,
  title: string,
  key: string,
  tasks: readonly ITask[],
  headed: boolean,
  options: ILaneOptions
): HTMLElement {
  const { trans } = options;
  const own = tasks.filter(task => columnOf(task.status) === key);
  const name = `${epic}/${key}`;
  const count = options.pages.get(name) ?? PAGE;
  const column = columnTitle(key, trans);
  const label = headed
    ? trans._n('%2, %3: %1 task', '%2, %3: %1 tasks', own.length, title, column)
    : trans._n('%2: %1 task', '%2: %1 tasks', own.length, column);
  const more = own.length - count;
  return el(
    'div',
    {
      class: 'noo-column',
      'data-column': key,
      'data-epic': epic,
      'data-empty': String(own.length === 0),
      // Drawn above the cards where there is no room for a head above all lanes.
      'data-title': own.length === 0 ? column : `${column} · ${own.length}`
    },
    own.length === 0
      ? null
      : el('div', { class: 'noo-cards', role: 'list', 'aria-label': label }, ...own.slice(0, count).map(options.card)),
    more > 0
      ? button(trans._n('%1 more', '%1 more', more), { class: 'noo-button noo-board-page' }, () =>
          options.page(name, count + 5 * PAGE)
        )
      : null
  );
}
