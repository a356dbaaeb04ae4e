import type { TranslationBundle } from '@jupyterlab/translation';

import { el } from '../dom';
import type { IColumn, IPlan, ITask } from './data';
import { columnWords, howWords, hoursWords, statusWords } from './words';

/** The board: one column a stage, one card a task. A card opens to tell more. */
export function board(plan: IPlan, trans: TranslationBundle): HTMLElement {
  return el(
    'div',
    { class: 'noo-board', role: 'list', 'aria-label': trans.__('Board') },
    ...plan.columns.map(column => boardColumn(column, trans))
  );
}

function boardColumn(column: IColumn, trans: TranslationBundle): HTMLElement {
  const title = columnWords(column.title, trans);
  return el(
    'section',
    { class: 'noo-column', role: 'listitem', 'aria-label': trans.__('%1: %2 tasks', title, column.tasks.length) },
    el(
      'header',
      { class: 'noo-column-head' },
      el('span', {}, title),
      el('span', { class: 'noo-count' }, String(column.tasks.length))
    ),
    el('div', { class: 'noo-cards' }, ...column.tasks.map(task => card(task, trans)))
  );
}

function card(task: ITask, trans: TranslationBundle): HTMLElement {
  const how = howWords(task.how, trans);
  return el(
    'details',
    { class: `noo-card${task.critical ? ' noo-mod-critical' : ''}`, 'data-task': task.id, 'data-status': task.status },
    el(
      'summary',
      {},
      el(
        'div',
        { class: 'noo-card-top' },
        el('span', { class: 'noo-id' }, task.id),
        task.critical
          ? el('span', { class: 'noo-critical-mark', title: trans.__('On the critical path') }, trans.__('critical'))
          : null,
        task.hours === null ? null : el('span', { class: 'noo-hours' }, hoursWords(task.hours, trans))
      ),
      el('div', { class: 'noo-card-title' }, task.title),
      el(
        'div',
        { class: 'noo-card-foot' },
        el('span', { class: 'noo-tag', 'data-how': task.how.kind, title: how }, how),
        task.note ? el('span', { class: 'noo-note' }, task.note) : null
      )
    ),
    more(task, trans)
  );
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
