import type { Child } from './dom';
import { button, el } from './dom';
import { nootropicIcon } from './icon';

/** What a panel shows where it has no content of its own. */
export type StateKind = 'empty' | 'loading' | 'error' | 'offline';

/** A state in words, and what the person can do about it. */
export interface IState {
  readonly kind: StateKind;
  readonly title: string;
  /** Whole sentences; pieces may be elements. */
  readonly text?: readonly Child[];
  readonly actions?: readonly { readonly label: string; readonly run: () => void }[];
  /** What stands below, for who sees it the first time. */
  readonly hint?: HTMLElement | null;
}

/** Show a state. An error interrupts who listens to a screen reader, anything else waits for its turn. */
export function stateView(state: IState): HTMLElement {
  return el(
    'section',
    {
      class: `noo-panel-state noo-mod-${state.kind}`,
      role: state.kind === 'error' ? 'alert' : 'status',
      'aria-busy': state.kind === 'loading' ? 'true' : undefined
    },
    mark(state.kind),
    el('p', { class: 'noo-panel-state-title' }, state.title),
    state.text === undefined ? null : el('p', { class: 'noo-panel-state-text' }, ...state.text),
    state.actions === undefined
      ? null
      : el(
          'div',
          { class: 'noo-panel-state-actions' },
          ...state.actions.map(({ label, run }) => button(label, { class: 'noo-button' }, run))
        ),
    state.hint
  );
}

function mark(kind: StateKind): HTMLElement {
  const node = el('div', { class: 'noo-panel-state-mark', 'aria-hidden': 'true' });
  if (kind === 'empty') {
    nootropicIcon.element({ container: node, width: '28px', height: '28px' });
  }
  return node;
}
