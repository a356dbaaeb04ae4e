import type { IDisposable } from '@lumino/disposable';

import { button, el, notice } from '../dom';
import { ownHunk } from '../proposal/view';
import type { ICardOptions, ICardState } from './card';
import { findingView, HunkCard } from './card';
import type { ICellRun, IReview, IReviewHunk } from './data';
import type { IFinding } from './findings';
import { findingsIn, isBeside } from './findings';

/** What the list of hunks needs. */
export interface IListOptions extends ICardOptions {
  /** Show another page of a file. */
  readonly turn: (path: string, page: number) => void;
}

/** Sides are drawn when they are so near to what is seen. */
const NEAR = '600px';

/** The hunks of the open file: cards that stay while what they show changes, drawn when they come into view. */
export class HunkList implements IDisposable {
  constructor(private readonly options: IListOptions) {
    this.node.setAttribute('aria-label', options.trans.__('Changes'));
  }

  readonly node: HTMLElement = el('section', { class: 'noo-review-hunks' });
  isDisposed = false;

  dispose(): void {
    this.isDisposed = true;
    this.observer?.disconnect();
    this.cards.forEach(card => card.dispose());
    this.cards.clear();
  }

  /** Show a file's hunks: those that are there already are changed, not made anew. `reading` names a file to come. */
  update(review: IReview, locked: boolean, reading = ''): void {
    const place = `${review.path} ${review.page}`;
    if (place !== this.place) {
      this.cards.forEach(card => card.dispose());
      this.cards.clear();
      this.place = place;
      this.current = null;
      this.node.scrollTop = 0;
    }
    const { trans } = this.options;
    const findings = findingsIn(review.proposal.checks, review.path);
    const beside = new Set<IFinding>();
    const nodes: HTMLElement[] = [];
    const fresh: HunkCard[] = [];
    for (const hunk of review.hunks) {
      const own = findings.filter(finding => isBeside(finding, hunk));
      own.forEach(finding => beside.add(finding));
      const state = stateOf(review, hunk, own, locked);
      let card = this.cards.get(hunk.ref);
      if (card === undefined) {
        card = new HunkCard(state, this.options);
        card.node.addEventListener('focusin', () => this.setCurrent(hunk.ref));
        this.cards.set(hunk.ref, card);
        fresh.push(card);
      } else {
        card.update(state);
      }
      const run = review.cells.find(each => each.before === hunk.number);
      nodes.push(...(run ? [this.run(run)] : []), card.node);
    }
    const below = review.cells.find(run => run.before === null);
    const about = review.files.find(file => file.path === review.path)?.about ?? [];
    const coming =
      reading === '' ? [] : [el('p', { class: 'noo-note', role: 'status' }, trans.__('Reading %1 …', reading))];
    const top = [
      el(
        'header',
        { class: 'noo-review-file-head' },
        el('span', { class: 'noo-file-path' }, review.path),
        ...about.map(word => el('span', { class: 'noo-tag' }, word))
      ),
      ...(review.drift === ''
        ? []
        : [notice('info', review.drift, ' ', trans.__('What fits is merged when you accept; what does not is refused, and said at the hunk.'))]),
      ...(review.large
        ? [notice('info', trans.__('This proposal is large: what does not fit is refused, and said, when you accept it.'))]
        : []),
      ...findings.filter(finding => !beside.has(finding)).map(finding => findingView(finding, trans)),
      ...this.pager(review)
    ];
    this.arrange(review.path === '' ? coming : [...coming, ...top, ...nodes, ...(below ? [this.run(below)] : []), ...this.pager(review)]);
    if (this.current === null || !this.cards.has(this.current)) {
      this.setCurrent(review.hunks.find(hunk => hunk.state === 'pending')?.ref ?? review.hunks[0]?.ref ?? null);
    }
    fresh.forEach(card => this.observe(card));
  }

  /** The card of a hunk, or the current one. */
  card(ref: string | null): HunkCard | null {
    return this.cards.get(ref ?? this.current ?? '') ?? null;
  }

  /** Focus a hunk, or the current one; false where there is none. */
  focus(ref: string | null = this.current): boolean {
    const card = this.cards.get(ref ?? '');
    if (card === undefined) {
      return false;
    }
    this.setCurrent(card.hunk.ref);
    card.show();
    card.node.focus({ preventScroll: true });
    card.node.scrollIntoView?.({ block: 'nearest' });
    return true;
  }

  /** Focus the first hunk to decide (or the first), or the last one. */
  focusEnd(first: boolean): void {
    const all = [...this.cards.values()];
    const card = first ? (all.find(each => each.hunk.state === 'pending') ?? all[0]) : all[all.length - 1];
    this.focus(card?.hunk.ref ?? null);
  }

  /** Go one hunk on; false at the end. */
  step(forward: boolean): boolean {
    const refs = [...this.cards.keys()];
    const inside = this.node.contains(document.activeElement);
    const at = this.current === null ? -1 : refs.indexOf(this.current);
    // Who comes from elsewhere begins at the current hunk.
    const next = refs[inside ? at + (forward ? 1 : -1) : at];
    return next !== undefined && this.focus(next);
  }

  /** The next hunk to decide after one, or before it, or that one itself. */
  nextPending(ref: string): string {
    const all = [...this.cards.values()].map(card => card.hunk);
    const at = all.findIndex(hunk => hunk.ref === ref);
    const waits = (hunk: IReviewHunk): boolean => hunk.state === 'pending';
    return (all.slice(at + 1).find(waits) ?? all.slice(0, Math.max(0, at)).reverse().find(waits))?.ref ?? ref;
  }

  /** The seconds since the first of some hunks (or of all) was seen: an argument of `accept` and `reject`. */
  timeOf(refs: readonly string[] | null): { 'after-s'?: number } {
    const seen = [...this.cards]
      .filter(([ref]) => refs === null || refs.includes(ref))
      .map(([, card]) => card.seenAt)
      .filter(at => at !== null);
    return seen.length === 0 ? {} : { 'after-s': Math.round((performance.now() - Math.min(...seen)) / 10) / 100 };
  }

  /** Draw all sides in another mode. */
  redraw(): void {
    this.cards.forEach(card => card.redraw());
  }

  /** It became visible: look again at what is near. */
  watch(): void {
    this.cards.forEach(card => this.observe(card));
  }

  private setCurrent(ref: string | null): void {
    this.cards.forEach((card, key) => card.node.setAttribute('tabindex', key === ref ? '0' : '-1'));
    this.cards.get(this.current ?? '')?.node.removeAttribute('aria-current');
    this.cards.get(ref ?? '')?.node.setAttribute('aria-current', 'true');
    this.current = ref;
  }

  private observe(card: HunkCard): void {
    if (typeof IntersectionObserver === 'undefined') {
      card.show();
      return;
    }
    this.observer ??= new IntersectionObserver(
      entries => {
        for (const entry of entries.filter(each => each.isIntersecting)) {
          this.cards.get((entry.target as HTMLElement).dataset.ref ?? '')?.show();
        }
      },
      { root: this.node, rootMargin: NEAR }
    );
    this.observer.unobserve(card.node);
    this.observer.observe(card.node);
  }

  /** Put nodes in their order without taking out those that stay: an open editor keeps its focus. */
  private arrange(nodes: readonly HTMLElement[]): void {
    const wanted = new Set<Node>(nodes);
    [...this.node.childNodes].filter(node => !wanted.has(node)).forEach(node => node.remove());
    nodes.forEach((node, index) => {
      if (this.node.childNodes[index] !== node) {
        this.node.insertBefore(node, this.node.childNodes[index] ?? null);
      }
    });
  }

  private run(run: ICellRun): HTMLElement {
    const { trans } = this.options;
    const heads = run.heads.map(head =>
      el('li', {}, el('span', { class: 'noo-tag' }, `${head.place} ${head.kind}`), ' ', el('code', {}, head.text))
    );
    const more = run.count - run.heads.length;
    return el(
      'details',
      { class: 'noo-review-run' },
      el('summary', {}, trans._n('%1 cell stays as it is', '%1 cells stay as they are', run.count)),
      el('ul', {}, ...heads, more > 0 ? el('li', {}, trans._n('and %1 more', 'and %1 more', more)) : null)
    );
  }

  private pager(review: IReview): HTMLElement[] {
    const { trans, turn } = this.options;
    if (review.pages < 2) {
      return [];
    }
    const to = (label: string, page: number): HTMLElement | null =>
      page < 1 || page > review.pages
        ? null
        : button(label, { class: 'noo-button noo-mod-plain' }, () => turn(review.path, page));
    return [
      el(
        'div',
        { class: 'noo-review-pages' },
        to(trans.__('Hunks before'), review.page - 1),
        trans.__('Page %1 of %2', review.page, review.pages),
        to(trans.__('Hunks after'), review.page + 1)
      )
    ];
  }

  private readonly cards = new Map<string, HunkCard>();
  private observer: IntersectionObserver | null = null;
  private current: string | null = null;
  private place = '';
}

function stateOf(review: IReview, hunk: IReviewHunk, findings: readonly IFinding[], locked: boolean): ICardState {
  const { proposal } = review;
  const shown = { ...proposal, hunks: review.hunks };
  const own = (turn: typeof proposal.undo): string => (turn && ownHunk(shown, turn) === hunk.ref ? turn.id : '');
  return { hunk, findings, locked, language: languageOf(review, hunk), undo: own(proposal.undo), redo: own(proposal.redo) };
}

/** A cell's language; empty where the file's name tells it. */
function languageOf(review: IReview, hunk: IReviewHunk): string {
  if (hunk.kind !== 'cell') {
    return '';
  }
  if (!hunk.editable && hunk.header.includes(':')) {
    return 'json';
  }
  return hunk.cellKind === 'markdown' ? 'markdown' : review.language || 'python';
}
