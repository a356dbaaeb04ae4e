import type { TranslationBundle } from '@jupyterlab/translation';

import { el, notice, withCode } from '../dom';
import type { IPlan, IWord } from './data';

/**
 * What became of the words of the brief. What was not understood is said at once: the plan is silent about it.
 * The rest opens on demand.
 */
export function briefAccount(plan: IPlan, trans: TranslationBundle): readonly HTMLElement[] {
  const kinds = [...new Set(['matched', 'assumed', 'noted', ...plan.words.map(word => word.verdict)])];
  const groups = kinds
    .map(verdict => ({ verdict, words: plan.words.filter(word => word.verdict === verdict) }))
    .filter(group => group.words.length > 0);
  const missed = groups.find(group => group.verdict === 'not understood');
  const known = groups.filter(group => group !== missed);
  return [
    ...(missed
      ? [
          el(
            'div',
            { class: 'noo-brief-missed', role: 'status' },
            el('strong', {}, trans.__('Not understood: ')),
            ...told(missed.words)
          )
        ]
      : []),
    ...(known.length > 0 ? [rest(known, trans)] : []),
    ...plan.notes.map(note => notice('info', ...withCode(note)))
  ];
}

function rest(
  groups: readonly { readonly verdict: string; readonly words: readonly IWord[] }[],
  trans: TranslationBundle
): HTMLElement {
  const counts = groups.map(group => `${group.words.length} ${verdictWords(group.verdict, trans).toLowerCase()}`);
  return el(
    'details',
    { class: 'noo-brief' },
    el('summary', {}, trans.__('Words of the brief: %1', counts.join(', '))),
    el(
      'dl',
      {},
      ...groups.flatMap(group => [
        el('dt', {}, verdictWords(group.verdict, trans)),
        el(
          'dd',
          {},
          ...(group.verdict === 'matched' ? [group.words.map(word => word.text).join(', ')] : told(group.words))
        )
      ])
    )
  );
}

/** Each word with what it was taken for, or why it was not taken up. */
function told(words: readonly IWord[]): readonly (HTMLElement | string)[] {
  return words.flatMap((word, index) => [
    index > 0 ? '; ' : '',
    el('span', { class: 'noo-brief-word' }, word.text),
    word.meaning === '' ? '' : ` (${word.meaning})`
  ]);
}

function verdictWords(verdict: string, trans: TranslationBundle): string {
  switch (verdict) {
    case 'matched':
      return trans.__('Understood');
    case 'assumed':
      return trans.__('Assumed');
    case 'noted':
      return trans.__('Noted');
    default:
      return verdict;
  }
}
