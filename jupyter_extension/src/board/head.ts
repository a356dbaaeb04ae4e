import type { TranslationBundle } from '@jupyterlab/translation';

import { el } from '../dom';
import type { IPlan } from '../plan/data';
import { hoursWords } from '../plan/words';
import { costWords } from './card';

/** What the plan is, and how far. */
export function head(plan: IPlan, trans: TranslationBundle): HTMLElement {
  const done = plan.tasks.filter(task => task.status === 'done').length;
  const facts = [
    trans._n('%1 task', '%1 tasks', plan.tasks.length),
    ...(plan.hours === null ? [] : [trans.__('critical path %1', hoursWords(plan.hours, trans))]),
    ...(plan.revision === null ? [] : [trans.__('revision %1', plan.revision)]),
    ...(plan.cost === null || plan.cost.calls === 0 ? [] : [trans.__('models %1', costWords(plan.cost, trans))])
  ];
  return el(
    'header',
    { class: 'noo-head' },
    el('h3', { class: 'noo-title' }, plan.title),
    el('span', { class: 'noo-facts' }, facts.join(' · ')),
    health(plan, trans),
    el(
      'span',
      { class: 'noo-done' },
      el('progress', {
        max: String(Math.max(1, plan.tasks.length)),
        value: String(done),
        'aria-label': trans.__('Tasks done')
      }),
      trans.__('%1 of %2 done', done, plan.tasks.length)
    )
  );
}

function health(plan: IPlan, trans: TranslationBundle): HTMLElement | null {
  const kinds = [
    ['green', trans.__('on track')],
    ['yellow', trans.__('needs an eye')],
    ['red', trans.__('in trouble')]
  ] as const;
  const counts = kinds.map(([kind, words]) => ({
    kind,
    words,
    count: plan.tasks.filter(task => task.health === kind).length
  }));
  return counts.every(({ count }) => count === 0)
    ? null
    : el(
        'span',
        { class: 'noo-board-health' },
        ...counts.map(({ kind, words, count }) =>
          el(
            'span',
            { title: words },
            el('span', { class: 'noo-board-light', 'data-health': kind, role: 'img', 'aria-label': words }),
            String(count)
          )
        )
      );
}
