import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { button, el, notice, withCode } from '../dom';
import type { Action } from '../proposal/view';
import { head, origin, reversals } from '../proposal/view';
import type { Mode } from './compare';
import type { IReview } from './data';
import type { INote } from './model';

/** What stands above the hunks of a review, and what its buttons do. */
export interface IHeadingOptions {
  readonly trans: TranslationBundle;
  readonly id: string;
  readonly mode: Mode;
  /** Nothing can be decided now. */
  readonly locked: boolean;
  /** What the keys are, while the person wants to see them. */
  readonly keys: readonly (readonly [string, string])[] | null;
  readonly note: INote | null;
  readonly failure: Error | null;
  /** Says that the server is away. */
  readonly gone: HTMLElement | null;
  /** How long the person looked at the hunks. */
  readonly timeOf: () => ReadonlyJSONObject;
  readonly decide: (verb: string, args: ReadonlyJSONObject) => void;
  readonly act: (act: 'mode' | 'help') => void;
  readonly again: () => void;
}

/** What the proposal is, what can be decided about all of it or one file, and how it stands. */
export function heading(review: IReview, options: IHeadingOptions): HTMLElement[] {
  const { trans, id } = options;
  const { proposal } = review;
  const pending = review.files.reduce((sum, file) => sum + file.pending, 0);
  const [refusal = ''] = review.refused.values();
  const why = `noo-review-why-${id}`;
  const isPartRefused = pending > 0 && refusal !== '';
  return [
    head(proposal, trans),
    bar(review, options, pending, refusal, why),
    ...(isPartRefused
      ? [el('p', { class: 'noo-refused', id: why, role: 'note' }, trans.__('Not all of it can be accepted now: %1', refusal))]
      : []),
    ...said(options),
    ...(proposal.provenance ? [origin(proposal.provenance, trans)] : [])
  ];
}

/** The buttons; `why` is the element that tells why a button is refused. */
function bar(review: IReview, options: IHeadingOptions, pending: number, refusal: string, why: string): HTMLElement {
  const { trans, id, mode, locked, keys, timeOf, decide, act } = options;
  const here = review.files.find(file => file.path === review.path);
  const own = review.refused.get(review.path) ?? '';
  const make: Action = (label, kind, about, verb, refs, refused = '') =>
    button(
      label,
      {
        class: `noo-button noo-mod-${kind}`,
        'aria-label': about,
        'data-action': `${verb} ${refs.join(' ')}`,
        disabled: locked ? '' : undefined,
        // Not `disabled`: a button that cannot be reached cannot tell why.
        'aria-disabled': refused === '' ? undefined : 'true',
        'aria-describedby': refused === '' ? undefined : why,
        title: refused || undefined
      },
      () => {
        if (refused === '') {
          decide(verb, verb === 'accept' || verb === 'reject' ? { refs: [...refs], ...timeOf() } : { turn: refs[0] ?? '' });
        }
      }
    );
  const file = `${id}/${review.path}`;
  const inline = mode === 'inline';
  return el(
    'div',
    { class: 'noo-bar', role: 'toolbar', 'aria-label': trans.__('Decide on %1', id) },
    ...(pending === 0
      ? []
      : [
          make(trans.__('Accept all (%1)', pending), 'accept', trans.__('Accept all of %1', id), 'accept', [id], refusal),
          make(trans.__('Reject all'), 'plain', trans.__('Reject all of %1', id), 'reject', [id])
        ]),
    ...(here === undefined || here.pending === 0 || review.files.length === 1
      ? []
      : [
          make(trans.__('Accept file (%1)', here.pending), 'plain', trans.__('Accept %1', here.path), 'accept', [file], own),
          make(trans.__('Reject file'), 'plain', trans.__('Reject %1', here.path), 'reject', [file])
        ]),
    ...reversals(review.proposal, trans, make, () => true),
    el(
      'span',
      { class: 'noo-review-bar-end' },
      button(
        inline ? trans.__('Side by side') : trans.__('Inline'),
        {
          class: 'noo-button noo-mod-plain',
          'data-action': 'mode',
          'aria-label': inline ? trans.__('Show changes side by side') : trans.__('Show changes inline')
        },
        () => act('mode')
      ),
      button(
        '?',
        {
          class: 'noo-button noo-mod-plain',
          'data-action': 'help',
          'aria-label': trans.__('Keys'),
          'aria-expanded': String(keys !== null)
        },
        () => act('help')
      )
    )
  );
}

/** The keys, whether the server is there, and what the last decision said. */
function said(options: IHeadingOptions): HTMLElement[] {
  const { trans, keys, note, failure, gone, decide, again } = options;
  const told: HTMLElement[] = [];
  if (keys !== null) {
    told.push(el('p', { class: 'noo-review-keys', role: 'note' }, ...keys.flatMap(([key, what]) => [el('kbd', {}, key), `${what}  `])));
  }
  if (gone !== null) {
    told.push(gone);
  } else if (failure !== null) {
    const retry = button(trans.__('Try again'), { class: 'noo-button noo-mod-plain', 'data-action': 'again' }, again);
    told.push(notice('error', ...withCode(failure.message), ' ', trans.__('Shown as it was read last.'), ' ', retry));
  }
  if (note !== null && note.text !== failure?.message) {
    const { again: asked } = note;
    const yes =
      asked &&
      button(
        trans.__('I have read it: accept it'),
        { class: 'noo-button noo-mod-plain', 'data-action': 'yes', 'data-asked': JSON.stringify(asked) },
        () => decide('accept', asked)
      );
    const shown = notice(note.kind, ...withCode(note.text), ' ', yes);
    // It is said aloud elsewhere.
    shown.setAttribute('role', 'note');
    told.push(shown);
  }
  return told;
}
