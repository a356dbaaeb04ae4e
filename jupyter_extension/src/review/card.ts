import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import { button, el } from '../dom';
import { stateWords } from '../proposal/words';
import type { Mode } from './compare';
import { compare } from './compare';
import type { IReviewHunk } from './data';
import type { IHunkEditor } from './editor';
import { hunkEditor } from './editor';
import type { IFinding } from './findings';

/** What a person can do with one hunk. */
export type HunkAct = 'accept' | 'reject' | 'edit' | 'undo' | 'redo' | 'open';

/** What cards have in common. */
export interface ICardOptions {
  readonly trans: TranslationBundle;
  readonly languages: IEditorLanguageRegistry | null;
  readonly mode: () => Mode;
  readonly act: (act: HunkAct, ref: string) => void;
  readonly save: (ref: string, text: string | null) => void;
  /** Ask for the lines of a hunk that came without them. */
  readonly fetch: (ref: string) => void;
  /** Told when an editor opens or closes. */
  readonly editing: (open: boolean) => void;
}

/** What a card shows beside the hunk. */
export interface ICardState {
  readonly hunk: IReviewHunk;
  /** The language of its cell, or empty: then its path tells. */
  readonly language: string;
  readonly findings: readonly IFinding[];
  /** The turn that is about this hunk alone, to undo or redo. */
  readonly undo: string;
  readonly redo: string;
  /** Nothing can be decided right now. */
  readonly locked: boolean;
}

/** One hunk: what it is, what speaks for and against it, both sides, and the buttons. */
export class HunkCard {
  constructor(
    private state: ICardState,
    private readonly options: ICardOptions
  ) {
    this.node.addEventListener('focus', () => this.node.setAttribute('tabindex', '0'));
    this.node.append(this.top, this.body);
    this.draw();
  }

  readonly node: HTMLElement = el('article', { class: 'noo-review-hunk', tabindex: '-1' });

  /** When it was first seen, in milliseconds of the page's clock; null before that. */
  seenAt: number | null = null;

  get hunk(): IReviewHunk {
    return this.state.hunk;
  }

  get isEditing(): boolean {
    return this.editor !== null;
  }

  /** Show other states; the sides are drawn anew only where they changed, and an open editor stays. */
  update(state: ICardState): void {
    const before = this.state;
    if (JSON.stringify(before) === JSON.stringify(state)) {
      return;
    }
    this.state = state;
    this.draw();
    const sides = ({ hunk }: ICardState): string => JSON.stringify([hunk.lines, hunk.header, hunk.leftOut]);
    const wasAsked = before.hunk.leftOut && this.seenAt !== null;
    if (sides(before) !== sides(state) && (this.sides !== null || wasAsked)) {
      this.hide();
      this.show();
    }
  }

  /** It comes into view: draw the sides, or ask for them. */
  show(): void {
    this.seenAt ??= performance.now();
    const { hunk, language } = this.state;
    const { trans, languages } = this.options;
    if (hunk.leftOut) {
      this.options.fetch(hunk.ref);
      return;
    }
    if (this.sides === null && this.editor === null) {
      this.host.style.minHeight = '';
      this.sides = compare(this.host, hunk, {
        mode: this.options.mode(),
        languages,
        language,
        before: trans.__('Before hunk %1', hunk.ref),
        after: trans.__('With hunk %1', hunk.ref)
      });
    }
  }

  /** Draw the sides in another mode. */
  redraw(): void {
    if (this.sides !== null) {
      this.hide();
      this.show();
    }
  }

  /** Open the editor of the hunk's right side. */
  edit(): void {
    const { hunk, language } = this.state;
    if (this.editor !== null || !this.mayEdit()) {
      return;
    }
    this.hide();
    this.editor = hunkEditor(hunk, {
      languages: this.options.languages,
      language,
      trans: this.options.trans,
      save: text => {
        this.closeEditor();
        this.options.save(hunk.ref, text);
      },
      cancel: () => {
        this.closeEditor();
        this.node.focus();
      }
    });
    this.body.append(this.editor.node);
    this.options.editing(true);
    this.editor.focus();
  }

  dispose(): void {
    this.closeEditor();
    this.hide();
    this.node.remove();
  }

  private mayEdit(): boolean {
    const { hunk, locked } = this.state;
    return hunk.editable && !hunk.leftOut && !locked && (hunk.state === 'pending' || hunk.state === 'rejected');
  }

  private closeEditor(): void {
    if (this.editor !== null) {
      this.editor.dispose();
      this.editor = null;
      this.options.editing(false);
      this.show();
    }
  }

  private hide(): void {
    this.sides?.dispose();
    this.sides = null;
  }

  private draw(): void {
    const { hunk, findings } = this.state;
    const { trans } = this.options;
    const reason = `noo-review-why-${hunk.ref.replace(':', '-')}`;
    const words = hunk.draft === null ? stateWords(hunk.state, trans) : trans.__('%1, your own text', stateWords(hunk.state, trans));
    this.node.dataset.ref = hunk.ref;
    this.node.dataset.state = hunk.state;
    this.node.dataset.cell = hunk.cellKind;
    this.node.setAttribute('aria-label', `${trans.__('Hunk %1', hunk.ref)}: ${words}`);
    this.top.replaceChildren(
      el(
        'header',
        { class: 'noo-review-hunk-head' },
        el('span', { class: 'noo-id' }, hunk.ref),
        hunk.cellKind === '' ? null : el('span', { class: 'noo-tag' }, hunk.cellKind),
        el('span', { class: 'noo-hunk-where', title: hunk.header }, hunk.header),
        hunk.outputs === 0
          ? null
          : el('span', { class: 'noo-facts' }, trans._n('%1 output comes with it', '%1 outputs come with it', hunk.outputs)),
        el('span', { class: 'noo-state', 'data-state': hunk.state }, words),
        el('span', { class: 'noo-review-hunk-actions' }, ...this.buttons(reason))
      ),
      ...(hunk.refused === ''
        ? []
        : [el('p', { class: 'noo-refused', id: reason, role: 'note' }, trans.__('Not now: %1', hunk.refused))]),
      ...findings.map(finding => findingView(finding, trans))
    );
    this.proposedBox.replaceChildren();
    const own = hunk.edited ?? hunk.draft;
    if (own !== null && hunk.proposed !== '') {
      this.proposedBox.append(
        el(
          'details',
          { class: 'noo-edited' },
          el('summary', { class: 'noo-facts' }, trans.__('Your own text. What was proposed')),
          el('pre', {}, hunk.proposed)
        )
      );
    }
    if (this.sides === null && this.editor === null) {
      this.host.style.minHeight = `${Math.min(24, Math.max(2, hunk.lines.length)) * 18}px`;
    }
  }

  private buttons(reason: string): HTMLElement[] {
    const { hunk, locked, undo, redo } = this.state;
    const { trans, act } = this.options;
    const made = (label: string, kind: string, what: HunkAct, about: string, refused = false): HTMLElement => {
      const off = locked || refused;
      return button(
        label,
        {
          class: `noo-button noo-mod-${kind}`,
          'aria-label': about,
          'data-action': `${what} ${hunk.ref}`,
          // Not `disabled`: a button that cannot be reached cannot tell why.
          'aria-disabled': off ? 'true' : undefined,
          'aria-describedby': refused ? reason : undefined
        },
        () => {
          if (!off) {
            act(what, hunk.ref);
          }
        }
      );
    };
    const pending = hunk.state === 'pending';
    const open = pending || hunk.state === 'rejected';
    const accept = hunk.draft === null ? trans.__('Accept') : trans.__('Accept your text');
    return [
      ...(open ? [made(accept, pending ? 'accept' : 'plain', 'accept', `${accept} ${hunk.ref}`, hunk.refused !== '')] : []),
      ...(open && hunk.editable ? [made(trans.__('Edit'), 'plain', 'edit', trans.__('Edit hunk %1', hunk.ref))] : []),
      ...(pending ? [made(trans.__('Reject'), 'plain', 'reject', trans.__('Reject hunk %1', hunk.ref))] : []),
      made(trans.__('Open'), 'plain', 'open', trans.__('Open the file at hunk %1', hunk.ref)),
      ...(undo === '' ? [] : [made(trans.__('Undo'), 'back', 'undo', trans.__('Undo %1: take %2 back', undo, hunk.ref))]),
      ...(redo === '' ? [] : [made(trans.__('Redo'), 'back', 'redo', trans.__('Redo %1: bring %2 back', redo, hunk.ref))])
    ];
  }

  private readonly top = el('div');
  private readonly host = el('div', { class: 'noo-review-sides' });
  private readonly proposedBox = el('div');
  private readonly body = el('div', { class: 'noo-review-body' }, this.host, this.proposedBox);
  private sides: IDisposable | null = null;
  private editor: IHunkEditor | null = null;
}

/** What a check found, and who says so. */
export function findingView(finding: IFinding, trans: TranslationBundle): HTMLElement {
  const vouched = finding.vouchedBy === '' ? '' : ` ${trans.__('(says: %1)', finding.vouchedBy)}`;
  return el(
    'p',
    { class: 'noo-review-finding', 'data-failed': String(finding.failed) },
    el('strong', {}, `${finding.failed ? '✗' : '–'} ${finding.check}`),
    ` ${finding.text}${vouched}`
  );
}
