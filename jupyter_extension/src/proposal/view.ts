import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el, notice, withCode } from '../dom';
import type { ICheck, IHunk, IProposal, IProvenance, ITurn } from './data';
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
  const action: Action = (label, kind, about, decision, refs, refused = '') =>
    button(
      label,
      {
        class: `noo-button noo-mod-${kind}`,
        'aria-label': about,
        'data-action': `${decision} ${refs.join(' ')}`,
        disabled: locked ? '' : undefined,
        // Not `disabled`: a button that cannot be reached cannot tell why.
        'aria-disabled': refused === '' ? undefined : 'true',
        'aria-description': refused || undefined,
        title: refused || undefined
      },
      () => refused === '' && decide(decision, refs)
    );
  return [
    head(proposal, trans),
    el(
      'div',
      { class: 'noo-bar', role: 'toolbar', 'aria-label': trans.__('Decide on %1', proposal.id) },
      ...wholeActions(proposal, trans, action),
      locked ? el('span', { class: 'noo-locked', role: 'status' }, state.locked) : null
    ),
    ...proposal.notes.map(note => notice('info', ...withCode(note))),
    ...(state.message ? [notice(state.message.kind, ...withCode(state.message.text))] : []),
    ...byFile(proposal.hunks).map(([path, hunks]) => file(path, hunks, trans, hunk => hunkActions(proposal, hunk, trans, action))),
    ...(proposal.provenance ? [origin(proposal.provenance, trans)] : [])
  ];
}

/** Makes a button for a decision; `refused` says why it would be refused now. */
export type Action = (
  label: string,
  kind: string,
  about: string,
  decision: Decision,
  refs: readonly string[],
  refused?: string
) => HTMLElement;

function wholeActions(proposal: IProposal, trans: TranslationBundle, action: Action): HTMLElement[] {
  const pending = refsIn(proposal, ['pending']);
  const { id } = proposal;
  const refused = proposal.hunks.find(hunk => hunk.state === 'pending' && hunk.refused !== '')?.refused;
  return [
    ...(pending.length > 0
      ? [
          action(trans.__('Accept all (%1)', pending.length), 'accept', trans.__('Accept all of %1', id), 'accept', pending, refused),
          action(trans.__('Reject all'), 'plain', trans.__('Reject all of %1', id), 'reject', pending)
        ]
      : []),
    ...reversals(proposal, trans, action, turn => ownHunk(proposal, turn) === null)
  ];
}

/** `undo` and `redo`, each with what it will change: never just the latest decision, whatever that was. */
export function reversals(
  proposal: IProposal,
  trans: TranslationBundle,
  action: Action,
  here: (turn: ITurn) => boolean
): HTMLElement[] {
  const { undo, redo } = proposal;
  const hunks = (turn: ITurn): string => turn.hunks.join(', ') || proposal.id;
  return [
    ...(undo && here(undo)
      ? [
          action(
            trans.__('Undo %1: %2', undo.id, few(undo.hunks) || proposal.id),
            'back',
            trans.__('Undo %1: take %2 back', undo.id, hunks(undo)),
            'undo',
            [undo.id]
          )
        ]
      : []),
    ...(redo && here(redo)
      ? [
          action(
            trans.__('Redo %1: %2', redo.id, few(redo.hunks) || proposal.id),
            'back',
            trans.__('Redo %1: bring %2 back', redo.id, hunks(redo)),
            'redo',
            [redo.id]
          )
        ]
      : [])
  ];
}

/** The one hunk that a turn is about, where it is shown: its button stands beside it. */
export function ownHunk(proposal: IProposal, turn: ITurn): string | null {
  const [ref] = turn.hunks;
  return turn.hunks.length === 1 && ref !== undefined && proposal.hunks.some(hunk => hunk.ref === ref) ? ref : null;
}

function few(refs: readonly string[]): string {
  return refs.length > 4 ? `${refs.slice(0, 3).join(', ')} +${refs.length - 3}` : refs.join(', ');
}

function hunkActions(proposal: IProposal, hunk: IHunk, trans: TranslationBundle, action: Action): HTMLElement[] {
  const { ref } = hunk;
  const isPending = hunk.state === 'pending';
  return [
    // A rejection wrote nothing: it is taken back by accepting.
    ...(isPending || hunk.state === 'rejected'
      ? [action(trans.__('Accept'), isPending ? 'accept' : 'plain', trans.__('Accept hunk %1', ref), 'accept', [ref], hunk.refused)]
      : []),
    ...(isPending ? [action(trans.__('Reject'), 'plain', trans.__('Reject hunk %1', ref), 'reject', [ref])] : []),
    ...reversals(proposal, trans, action, turn => ownHunk(proposal, turn) === ref)
  ];
}

/** Task, prompt, context, model, answer and steps, in a box that opens. */
export function origin(from: IProvenance, trans: TranslationBundle): HTMLElement {
  const facts: HTMLElement[] = [];
  const fact = (name: string, ...value: readonly HTMLElement[] | readonly string[]): void => {
    if (value.some(part => part !== '')) {
      facts.push(el('dt', {}, name), el('dd', {}, ...value));
    }
  };
  fact(trans.__('Task'), from.task || trans.__('none'));
  fact(trans.__('How'), from.how);
  fact(trans.__('Model'), from.model || trans.__('none: no model was asked'));
  fact(trans.__('Prompt'), from.prompt);
  fact(trans.__('Context'), from.context.join(', '));
  if (from.answer !== '') {
    fact(trans.__('Answer'), el('pre', {}, from.answer));
  }
  if (from.steps.length > 0) {
    fact(trans.__('Trace'), el('span', {}, from.trace), el('pre', {}, from.steps.join('\n')));
  } else if (from.trace !== '') {
    fact(trans.__('Trace'), trans.__('%1 (its steps have expired)', from.trace));
  }
  return el(
    'details',
    { class: 'noo-origin', 'data-box': 'origin' },
    el('summary', {}, trans.__('Where this comes from')),
    el('dl', {}, ...facts)
  );
}

function refsIn(proposal: IProposal, states: readonly string[]): readonly string[] {
  return proposal.hunks.filter(hunk => states.includes(hunk.state)).map(hunk => hunk.ref);
}

/** What a proposal is, and what its checks said. */
export function head(proposal: IProposal, trans: TranslationBundle): HTMLElement {
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
        ),
    ...proposal.checks.filter(check => check.passed === false && check.detail.includes('\n')).map(check => traceback(check, trans))
  );
}

function checkItem(check: ICheck, trans: TranslationBundle): HTMLElement {
  const [mark, word] =
    check.passed === null
      ? ['–', trans.__('not run')]
      : check.passed
        ? ['✓', trans.__('passed')]
        : ['✗', trans.__('failed')];
  const said = [`${check.name}: ${word}`, check.detail, check.vouchedBy && trans.__('Vouched for by: %1', check.vouchedBy)];
  const label = said.filter(part => part !== '').join('. ');
  return el(
    'li',
    { 'data-passed': String(check.passed), title: label, 'aria-label': label },
    el('span', { 'aria-hidden': 'true' }, `${mark} ${check.name}`)
  );
}

/** What a failed check says in several lines: a tooltip is no place to read it. */
function traceback(check: ICheck, trans: TranslationBundle): HTMLElement {
  const label = trans.__('What %1 says', check.name);
  return el('pre', { class: 'noo-check-said', role: 'region', tabindex: '0', 'aria-label': label }, check.detail);
}

function byFile(hunks: readonly IHunk[]): readonly (readonly [string, readonly IHunk[]])[] {
  const files = new Map<string, IHunk[]>();
  for (const hunk of hunks) {
    files.set(hunk.path, [...(files.get(hunk.path) ?? []), hunk]);
  }
  return [...files];
}

function file(
  path: string,
  hunks: readonly IHunk[],
  trans: TranslationBundle,
  actions: (hunk: IHunk) => readonly HTMLElement[]
): HTMLElement {
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
    ...hunks.map(hunk => hunkView(hunk, trans, actions(hunk)))
  );
}

function hunkView(hunk: IHunk, trans: TranslationBundle, actions: readonly HTMLElement[]): HTMLElement {
  return el(
    'article',
    { class: 'noo-hunk', 'data-ref': hunk.ref, 'data-state': hunk.state, 'aria-label': hunk.ref },
    el(
      'header',
      { class: 'noo-hunk-head' },
      el('span', { class: 'noo-id' }, hunk.ref),
      el('span', { class: 'noo-hunk-where', title: hunk.header }, hunk.header),
      el('span', { class: 'noo-state', 'data-state': hunk.state }, stateWords(hunk.state, trans)),
      ...actions
    ),
    hunk.refused === '' ? null : el('p', { class: 'noo-refused', role: 'note' }, trans.__('Not now: %1', hunk.refused)),
    diff(hunk, trans),
    hunk.edited === null && hunk.draft === null
      ? null
      : el(
          'details',
          { class: 'noo-edited', 'data-box': hunk.ref },
          el(
            'summary',
            { class: 'noo-facts' },
            hunk.draft === null
              ? trans.__('Accepted with your own text. What was proposed')
              : trans.__('Your own text, not accepted yet. What was proposed')
          ),
          el('pre', {}, hunk.proposed)
        )
  );
}
