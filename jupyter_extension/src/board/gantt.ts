import type { TranslationBundle } from '@jupyterlab/translation';

import { el } from '../dom';
import type { ITask } from '../plan/data';
import { hoursWords, statusWords } from '../plan/words';

/** The schedule: one row a task, from its start to its end, in hours from the start of the plan. */
export function gantt(tasks: readonly ITask[], trans: TranslationBundle, choose: (id: string) => void): HTMLElement {
  const timed = tasks.flatMap(task =>
    task.starts === null || task.ends === null ? [] : [{ task, starts: task.starts, ends: task.ends }]
  );
  timed.sort((a, b) => a.starts - b.starts || a.ends - b.ends);
  const whole = Math.max(1e-9, ...timed.map(({ ends }) => ends));
  const percent = (hours: number): string => `${((100 * hours) / whole).toFixed(3)}%`;
  return el(
    'div',
    { class: 'noo-board-gantt', role: 'list', 'aria-label': trans.__('Schedule') },
    ...timed.map(({ task, starts, ends }) => {
      const when = trans.__('from %1 to %2', hoursWords(starts, trans), hoursWords(ends, trans));
      const label = [task.id, task.title, statusWords(task.status, trans), when].join(', ');
      const row = el(
        'button',
        { type: 'button', class: 'noo-board-row', 'aria-label': label, title: label },
        el('span', { class: 'noo-id' }, task.id),
        el(
          'span',
          { class: 'noo-board-track' },
          el('span', {
            class: `noo-board-bar${task.critical ? ' noo-mod-critical' : ''}`,
            'data-status': task.status,
            style: `left:${percent(starts)};width:${percent(ends - starts)}`
          })
        )
      );
      row.addEventListener('click', () => choose(task.id));
      return el('div', { role: 'listitem', 'data-task': task.id }, row);
    })
  );
}
