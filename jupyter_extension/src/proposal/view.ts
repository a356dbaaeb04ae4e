import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el, notice } from '../dom';
import type { ICheck, IHunk, IProposal } from './data';
import { diff } from './diff';
import { stateWords, statusWords } from './words';

/** What a person can do with a proposal. */
export type Decision = 'accept' | 'reject' | 'undo' | 'redo';

/** What the view shows beside the proposal itself. */
export interface IViewState {
  /** Why nothing can be decided right now; empty when it can. */
  readonly locked: string;
  /** What the last decision said. */
  readonly message: { readonly kind: 'error' | 'info'; readonly text: string } | null;
}

/** Draw a proposal: what it is, what can be decided, and each file's hunks. */
export function proposalView(
  proposal: IProposal,
  state: IViewState,
  trans: TranslationBundle,
  decide: (decision: Decision, refs: readonly string[]) => void
): HTMLElement[] {
  const locked = state.locked !== '';
  const action = (label: string, kind: string, about: string, decision: Decision, refs: readonly string[]): HTMLElement =>
    button(
      label,
      {
        class: `noo-button noo-mod-${kind}`,
        'aria-label': about,
        'data-action': `${decision} ${refs.join(' ')}`,
        disabled: locked ? '' : undefined
      },
      () => decide(decision, refs)
    );
  return [
    head(proposal, trans),
    el(
      'div',
      { class: 'noo-bar', role: 'toolbar', 'aria-label': trans.__('Decide on %1', proposal.id) },
      ...wholeActions(proposal, trans, action),
      locked ? el('span', { class: 'noo-locked', role: 'status' }, state.locked) : null
    ),
    ...proposal.notes.map(note => notice('info', note)),
    ...(state.message ? [notice(state.message.kind, state.message.text)] : []),
    ...byFile(proposal.hunks).map(([path, hunks]) => file(path, hunks, trans, action))
  ];
}

type Action = (label: string, kind: string, about: string, decision: Decision, refs: readonly string[]) => HTMLElement;

function wholeActions(proposal: IProposal, trans: TranslationBundle, action: Action): HTMLElement[] {
  const pending = refsIn(proposal, ['pending']);
  const standing = refsIn(proposal, ['accepted', 'edited']);
  const undone = refsIn(proposal, ['undone']);
  const { id } = proposal;
  return [
    ...(pending.length > 0
      ? [
          action(trans.__('Accept all (%1)', pending.length), 'accept', trans.__('Accept all of %1', id), 'accept', pending),
          action(trans.__('Reject all'), 'plain', trans.__('Reject all of %1', id), 'reject', pending)
        ]
      : []),
    ...(standing.length > 0
      ? [action(trans.__('Undo'), 'plain', trans.__('Undo the last accept of %1', id), 'undo', [])]
      : []),
    ...(undone.length > 0 ? [action(trans.__('Redo'), 'plain', trans.__('Bring %1 back', id), 'redo', [])] : [])
  ];
}

function refsIn(proposal: IProposal, states: readonly string[]): readonly string[] {
  return proposal.hunks.filter(hunk => states.includes(hunk.state)).map(hunk => hunk.ref);
}

function head(proposal: IProposal, trans: TranslationBundle): HTMLElement {
  const origin = [proposal.task, proposal.how, proposal.model].filter(part => part !== '');
  return el(
    'header',
    { class: 'noo-head' },
    el('span', { class: 'noo-id' }, proposal.id),
    el('h3', { class: 'noo-title' }, proposal.title || trans.__('Proposal')),
    el('span', { class: 'noo-state', 'data-state': proposal.status }, statusWords(proposal.status, trans)),
    el('span', { class: 'noo-facts' }, origin.join(' · ')),
    proposal.checks.length === 0
      ? null
      : el(
          'ul',
          { class: 'noo-checks', 'aria-label': trans.__('Checks') },
          ...proposal.checks.map(check => checkItem(check, trans))
        )
  );
}

function checkItem(check: ICheck, trans: TranslationBundle): HTMLElement {
  const [mark, word] =
    check.passed === null
      ? ['–', trans.__('not run')]
      : check.passed
        ? ['✓', trans.__('passed')]
        : ['✗', trans.__('failed')];
  const label = `${check.name}: ${word}${check.detail ? `. ${check.detail}` : ''}`;
  return el(
    'li',
    { 'data-passed': String(check.passed), title: label, 'aria-label': label },
    el('span', { 'aria-hidden': 'true' }, `${mark} ${check.name}`)
  );
}

function byFile(hunks: readonly IHunk[]): readonly (readonly [string, readonly IHunk[]])[] {
  const files = new Map<string, IHunk[]>();
  for (const hunk of hunks) {
    files.set(hunk.path, [...(files.get(hunk.path) ?? []), hunk]);
  }
  return [...files];
}

function file(path: string, hunks: readonly IHunk[], trans: TranslationBundle, action: Action): HTMLElement {
  const count = (op: string): number =>
    hunks.reduce((sum, hunk) => sum + hunk.lines.filter(line => line.op === op).length, 0);
  return el(
    'section',
    { class: 'noo-file', 'aria-label': path, 'data-path': path },
    el(
      'header',
      { class: 'noo-file-head' },
      el('span', { class: 'noo-file-path' }, path),
      count('+') === 0
        ? null
        : el('span', { class: 'noo-added', title: trans._n('%1 line added', '%1 lines added', count('+')) }, `+${count('+')}`),
      count('-') === 0
        ? null
        : el('span', { class: 'noo-removed', title: trans._n('%1 line removed', '%1 lines removed', count('-')) }, `−${count('-')}`)
    ),
    ...hunks.map(hunk => hunkView(hunk, trans, action))
  );
}

function hunkView(hunk: IHunk, trans: TranslationBundle, action: Action): HTMLElement {
  return el(
    'article',
    { class: 'noo-hunk', 'data-ref': hunk.ref, 'data-state': hunk.state, 'aria-label': hunk.ref },
    el(
      'header',
      { class: 'noo-hunk-head' },
      el('span', { class: 'noo-id' }, hunk.ref),
      el('span', { class: 'noo-hunk-where', title: hunk.header }, hunk.header),
      el('span', { class: 'noo-state', 'data-state': hunk.state }, stateWords(hunk.state, trans)),
      ...(hunk.state === 'pending'
        ? [
            action(trans.__('Accept'), 'accept', trans.__('Accept hunk %1', hunk.ref), 'accept', [hunk.ref]),
            action(trans.__('Reject'), 'plain', trans.__('Reject hunk %1', hunk.ref), 'reject', [hunk.ref])
          ]
        : [])
    ),
    diff(hunk, trans),
    hunk.edited === null
      ? null
      : el(
          'div',
          { class: 'noo-edited' },
          el('div', { class: 'noo-facts' }, trans.__('Accepted with your own text:')),
          el('pre', {}, hunk.edited)
        )
  );
}
