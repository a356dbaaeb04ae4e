import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { reason } from '../api';
import { away, awayNotice } from '../away';
import { el, fill, withCode } from '../dom';
import { stateView } from '../states';
import type { INootropic, INootropicEvents } from '../tokens';
import type { HunkAct } from './card';
import type { Mode } from './compare';
import type { IReviewHunk } from './data';
import { fileTree } from './files';
import { heading } from './heading';
import { HunkList } from './hunks';
import { isAway, ReviewModel } from './model';

/** What a review needs. */
export interface IReviewOptions {
  readonly client: INootropic;
  readonly events: INootropicEvents | null;
  readonly languages: IEditorLanguageRegistry | null;
  readonly folder: string;
  readonly id: string;
  readonly trans: TranslationBundle;
  /** How sides are shown; asked and told when the person changes it. */
  readonly mode: { get(): Mode; set(mode: Mode): void };
  /** What the keys are, for the help line. */
  readonly keys: () => readonly (readonly [string, string])[];
  /** Open the file of a hunk at its place; what is refused is told by the error. */
  readonly open: (hunk: IReviewHunk) => Promise<void>;
}

/** What the keys do in a review. */
export type ReviewAct = HunkAct | 'next' | 'previous' | 'help' | 'mode' | 'focus-files';

/** A review of one proposal: its files, the hunks of one of them, and the decisions. */
export class ReviewWidget extends Widget {
  constructor(readonly options: IReviewOptions) {
    super();
    const { trans } = options;
    this.addClass('noo-review');
    this.node.tabIndex = -1;
    this.title.label = trans.__('Review %1', options.id);
    this.model = new ReviewModel({
      ...options,
      unknown: () => trans.__('This proposal has a shape that this version does not know. Update the extension.')
    });
    this.list = new HunkList({
      trans,
      languages: options.languages,
      mode: options.mode.get,
      act: (act, ref) => void this.act(act, ref),
      save: (ref, text) => void this.decide('edit', text === null ? { ref, reset: true } : { ref, text }, ref),
      fetch: ref => void this.model.fetch(ref),
      editing: open => this.toggleClass('noo-mod-editing', open),
      turn: (path, page) => void this.model.turn(path, page)
    });
    this.side.setAttribute('aria-label', trans.__('Files'));
    this.main.append(this.side, this.list.node);
    this.node.append(this.live, this.top, this.main);
    this.model.changed.connect(this.draw, this);
    this.draw();
    void this.model.load();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
      this.list.dispose();
    }
    super.dispose();
  }

  /** Ask again what fits the files; a review that is not seen asks when it is shown. */
  filesChanged(): void {
    if (this.isVisible) {
      this.model.filesChanged();
    }
  }

  /** Do what a key or a button asks for, at the hunk that is current unless one is named. */
  async act(act: ReviewAct, named?: string): Promise<void> {
    const { review } = this.model;
    const card = this.list.card(named ?? null);
    const ref = card?.hunk.ref;
    switch (act) {
      case 'next':
      case 'previous':
        return this.step(act === 'next');
      case 'help':
        this.help = !this.help;
        return this.draw();
      case 'mode':
        this.options.mode.set(this.options.mode.get() === 'side' ? 'inline' : 'side');
        this.list.redraw();
        return this.draw();
      case 'focus-files':
        return this.side.querySelector<HTMLElement>('[aria-current]')?.focus();
      case 'edit':
        return card?.edit();
      case 'open':
        return card === null ? undefined : this.open(card.hunk);
      case 'undo':
      case 'redo': {
        const turn = act === 'undo' ? review?.proposal.undo : review?.proposal.redo;
        if (turn) {
          await this.decide(act, { turn: turn.id }, ref ?? '');
        }
        return;
      }
      default: {
        const isOpen = card?.hunk.state === 'pending' || (act === 'accept' && card?.hunk.state === 'rejected');
        if (card === null || ref === undefined || !isOpen) {
          return;
        }
        if (act === 'accept' && card.hunk.refused !== '') {
          this.say(this.options.trans.__('Not now: %1', card.hunk.refused));
          return;
        }
        await this.decide(act, { refs: [ref], ...this.list.timeOf([ref]) }, ref);
      }
    }
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.list.focus() || this.node.focus();
  }

  protected override onAfterShow(): void {
    this.filesChanged();
    this.list.watch();
  }

  /** Nothing can be decided: something is being decided, or the server is away. */
  private get isLocked(): boolean {
    const { working, failure, connection } = this.model;
    return working || (failure !== null && isAway(failure)) || away(connection, this.options.trans) !== null;
  }

  /** Carry out a decision; the focus goes to the next hunk to decide, or stays. */
  private async decide(verb: string, args: ReadonlyJSONObject, ref: string): Promise<void> {
    if (this.isLocked) {
      return;
    }
    const inside = this.node.contains(document.activeElement);
    const done = await this.model.decide(verb, args);
    if (!this.isDisposed && inside) {
      const forward = done && (verb === 'accept' || verb === 'reject');
      this.list.focus(forward ? this.list.nextPending(ref) : ref) || this.node.focus();
    }
  }

  /** Go to the next or previous hunk; at the end of a file, to the next file that has something to decide. */
  private async step(forward: boolean): Promise<void> {
    const { review } = this.model;
    if (review === null || this.list.step(forward)) {
      return;
    }
    if (forward ? review.page < review.pages : review.page > 1) {
      await this.model.turn(review.path, review.page + (forward ? 1 : -1));
      this.list.focusEnd(forward);
      return;
    }
    const at = review.files.findIndex(file => file.path === review.path);
    const order = forward ? review.files.slice(at + 1) : review.files.slice(0, Math.max(0, at)).reverse();
    const file = order.find(each => each.pending > 0) ?? order[0];
    if (file === undefined) {
      this.say(forward ? this.options.trans.__('This is the last hunk.') : this.options.trans.__('This is the first hunk.'));
      return;
    }
    await this.model.open(file.path, forward ? file.firstPending : file.first + file.hunks - 1);
    this.list.focusEnd(forward);
  }

  private async open(hunk: IReviewHunk): Promise<void> {
    try {
      await this.options.open(hunk);
    } catch (error) {
      this.say(reason(error), 'error');
    }
  }

  private say(words: string, kind: 'error' | 'info' = 'info'): void {
    this.model.note = { kind, text: words };
    this.draw();
  }

  private draw(): void {
    if (this.isDisposed) {
      return;
    }
    const { review, failure, note } = this.model;
    const { trans } = this.options;
    if (this.live.textContent !== (note?.text ?? '')) {
      this.live.textContent = note?.text ?? '';
    }
    const gone = away(this.model.connection, trans);
    const again = [{ label: trans.__('Try again'), run: () => void this.model.again() }];
    const focused = this.top.contains(document.activeElement) || this.side.contains(document.activeElement);
    const action = focused ? document.activeElement?.getAttribute('data-action') : null;
    this.main.hidden = review === null;
    if (review === null) {
      const state =
        gone !== null
          ? stateView({ kind: 'offline', title: gone.title, text: [gone.text], actions: again })
          : failure === null
            ? stateView({ kind: 'loading', title: trans.__('Reading %1 …', this.options.id) })
            : stateView({
                kind: isAway(failure) ? 'offline' : 'error',
                title: trans.__('%1 cannot be shown', this.options.id),
                text: withCode(failure.message),
                actions: again
              });
      fill(this.top, state);
      return;
    }
    const locked = this.isLocked;
    this.title.label = `${review.proposal.id} ${review.proposal.title}`.slice(0, 40);
    fill(
      this.top,
      ...heading(review, {
        trans,
        id: this.options.id,
        mode: this.options.mode.get(),
        locked,
        keys: this.help ? this.options.keys() : null,
        note,
        failure,
        gone: awayNotice(this.model.connection, trans),
        timeOf: () => this.list.timeOf(null),
        decide: (verb, args) => void this.decide(verb, args, ''),
        act: act => void this.act(act),
        again: () => void this.model.again()
      })
    );
    fill(this.side, fileTree(review.files, review.path, trans, path => void this.model.open(path)));
    this.list.update(review, locked, this.model.reading);
    if (document.activeElement === this.node) {
      // The tab was opened by its person before there was a hunk.
      this.list.focus();
    }
    if (action) {
      this.node.querySelector<HTMLElement>(`[data-action="${CSS.escape(action)}"]`)?.focus();
    }
  }

  private readonly model: ReviewModel;
  private readonly list: HunkList;
  private readonly live = el('div', { class: 'noo-live', role: 'status' });
  private readonly top = el('div', { class: 'noo-review-top' });
  private readonly side = el('nav', { class: 'noo-review-files' });
  private readonly main = el('div', { class: 'noo-review-main' });
  private help = false;
}
