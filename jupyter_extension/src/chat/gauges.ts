import type { TranslationBundle } from '@jupyterlab/translation';

import type { Child } from '../dom';
import { el } from '../dom';
import { place } from '../standing';
import type { IFacts, ITurn } from './data';

/** Who answered and where that is; of a turn that was read from the history, the model and its backend. */
export function factsLine(turn: ITurn, facts: IFacts | null, trans: TranslationBundle): HTMLElement {
  if (facts === null) {
    return el('div', { class: 'noo-chat-facts' }, trans.__('%1 by %2', turn.model, turn.backend));
  }
  return el(
    'div',
    { class: 'noo-chat-facts' },
    `${trans.__('%1 by %2', facts.model, facts.backend)} · ${place(facts.local, trans)} · ${trans.__('cost %1', facts.cost)}`,
    ...facts.notes.map(note => el('div', {}, note))
  );
}

/** How full the model's window was, and what did not fit. */
export function windowGauge(facts: IFacts, trans: TranslationBundle): HTMLElement {
  const { used, window, exact, leftOut } = facts;
  const share = window > 0 ? Math.round((used / window) * 100) : 0;
  const said = trans.__('%1 of %2 tokens (%3 %)', used.toLocaleString(), window.toLocaleString(), share);
  const line: Child[] = [
    el('meter', {
      class: 'noo-chat-meter',
      min: '0',
      max: String(Math.max(window, 1)),
      high: String(window * 0.8),
      value: String(used),
      'aria-label': trans.__('How full the model’s window is')
    }),
    ' ',
    exact ? said : trans.__('about %1', said)
  ];
  if (leftOut.length === 0) {
    return el('span', { class: 'noo-chat-window' }, ...line);
  }
  return el(
    'details',
    { class: 'noo-chat-window' },
    el('summary', {}, ...line, ' · ', trans._n('%1 left out', '%1 left out', leftOut.length)),
    el(
      'ul',
      {},
      ...leftOut.map(each => el('li', {}, trans.__('%1: %2, about %3 tokens', each.name, each.reason, each.tokens.toLocaleString())))
    )
  );
}
