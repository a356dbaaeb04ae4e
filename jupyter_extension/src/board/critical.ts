import type { TranslationBundle } from '@jupyterlab/translation';

import { el } from '../dom';
import type { IPlan, ITask } from '../plan/data';
import { hoursWords } from '../plan/words';

/** So many chains are listed; the graph marks all of them. */
const MOST_PATHS = 4;

/** So many tasks of a chain are listed. */
const MOST_TASKS = 60;

/** The chains of tasks that decide when the plan ends. */
export function criticalPaths(chains: IPlan['critical'], trans: TranslationBundle): HTMLElement {
  const more = chains.length - MOST_PATHS;
  return el(
    'div',
    {},
    ...chains.slice(0, MOST_PATHS).map(chain => criticalPath(chain, trans)),
    more > 0
      ? el('div', { class: 'noo-facts' }, trans._n('and %1 more, just as long', 'and %1 more, just as long', more))
      : null
  );
}

function criticalPath(tasks: readonly ITask[], trans: TranslationBundle): HTMLElement {
  const more = tasks.length - MOST_TASKS;
  return el(
    'ol',
    { class: 'noo-path', 'aria-label': trans.__('A critical path') },
    ...tasks.slice(0, MOST_TASKS).map(task =>
      el(
        'li',
        { 'data-task': task.id, 'data-status': task.status },
        el('span', { class: 'noo-id' }, task.id),
        el('span', { class: 'noo-path-title', title: task.title }, task.title),
        task.hours === null ? null : el('span', { class: 'noo-hours' }, hoursWords(task.hours, trans))
      )
    ),
    more > 0 ? el('li', {}, trans._n('and %1 more', 'and %1 more', more)) : null
  );
}
