import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { CallError } from '../api';
import { away, awayNotice } from '../away';
import type { Child } from '../dom';
import { button, el, fill, notice, withCode } from '../dom';
import type { Hints } from '../hints';
import { texts } from '../json';
import { statusWords } from '../proposal/words';
import { stateView } from '../states';
import type { IEventStream, INootropic, INootropicEvents, NootropicEvent } from '../tokens';
import type { IProposalLine } from './data';
import { readList } from './data';
import { isAway } from './model';

/** What the list needs. */
export interface IProposalListOptions {
  readonly client: INootropic;
  readonly events: INootropicEvents | null;
  readonly trans: TranslationBundle;
  readonly hints: Hints;
  /** The folder whose workspace is meant. */
  readonly folder: () => string;
  readonly open: (id: string, folder: string) => void;
}

type Filter = 'waiting' | 'all' | 'decided';

/** So many are shown; the search finds the others. */
const MOST = 200;

/** The proposals of a workspace, those that wait first. It reads them when it is seen, and follows what happens. */
export class ProposalList extends Widget {
  constructor(private readonly options: IProposalListOptions) {
    super();
    const { trans } = options;
    this.addClass('noo-review-list');
    this.filter.setAttribute('aria-label', trans.__('Which proposals'));
    this.search.setAttribute('aria-label', trans.__('Search proposals'));
    this.search.placeholder = trans.__('Search');
    this.search.addEventListener('input', () => this.draw());
    for (const [value, label] of [
      ['waiting', trans.__('To decide')],
      ['all', trans.__('All')],
      ['decided', trans.__('Decided')]
    ] as const) {
      this.filter.append(el('option', { value }, label));
    }
    this.filter.addEventListener('change', () => this.draw());
    this.node.append(
      el('div', { class: 'noo-review-list-top', role: 'search' }, this.filter, this.search),
      this.body
    );
    options.client.decided.connect(this.soon, this);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.options.client.decided.disconnect(this.soon, this);
      this.stream?.dispose();
      window.clearTimeout(this.timer);
    }
    super.dispose();
  }

  /** The person is somewhere else now: perhaps in another workspace. */
  follow(): void {
    if (this.isVisible && this.options.folder() !== this.stream?.folder) {
      this.listen();
    }
  }

  protected override onAfterShow(): void {
    this.seen();
  }

  protected override onAfterAttach(): void {
    if (this.isVisible) {
      this.seen();
    }
  }

  protected override onActivateRequest(): void {
    this.first().focus();
  }

  private seen(): void {
    if (this.stream?.folder !== this.options.folder() || this.stale || this.lines === null) {
      this.listen();
    }
  }

  private listen(): void {
    const folder = this.options.folder();
    if (this.place !== folder) {
      this.lines = null;
      this.place = folder;
    }
    if (this.stream === null || this.stream.folder !== folder) {
      this.stream?.dispose();
      this.stream = this.options.events?.connect(folder) ?? null;
      this.stream?.event.connect(this.heard, this);
      this.stream?.stateChanged.connect(this.streamed, this);
    }
    void this.read();
  }

  private heard(_: IEventStream, event: NootropicEvent): void {
    if (event.kind === 'resync' || (event.kind === 'journal' && /^(Hunk|ProposalC|CodeFix|Change)/.test(event.name))) {
      this.soon();
    }
  }

  private streamed(): void {
    if (this.stream?.state === 'connected' && this.failure !== null) {
      this.soon();
    }
    this.draw();
  }

  private soon(): void {
    this.stale = true;
    window.clearTimeout(this.timer);
    if (this.isVisible) {
      this.timer = window.setTimeout(() => void this.read(), 150);
    }
  }

  /** The person asks for it: also where the connection waits. */
  private again(): void {
    this.stream?.retry();
    void this.read();
  }

  private async read(): Promise<void> {
    const { client } = this.options;
    const folder = this.place;
    const turn = ++this.asked;
    this.stale = false;
    this.draw();
    try {
      const { result } = await client.call('diff', {}, { folder });
      if (turn === this.asked && !this.isDisposed) {
        this.lines = readList(result);
        this.notes = texts(result.notes);
        this.failure = null;
      }
    } catch (error) {
      if (turn === this.asked && !this.isDisposed) {
        this.failure = error instanceof CallError ? error : new CallError(String(error));
      }
    }
    this.draw();
  }

  private draw(): void {
    const { trans } = this.options;
    const { lines, failure } = this;
    const again = [{ label: trans.__('Try again'), run: () => this.again() }];
    const gone = lines === null || failure !== null ? away(this.stream, trans) : null;
    if (gone !== null) {
      this.put(stateView({ kind: 'offline', title: gone.title, text: [gone.text], actions: again }));
      return;
    }
    if (failure !== null) {
      const kind = isAway(failure) ? 'offline' : 'error';
      this.put(stateView({ kind, title: trans.__('The proposals cannot be read'), text: withCode(failure.message), actions: again }));
      return;
    }
    if (lines === null) {
      this.put(stateView({ kind: 'loading', title: trans.__('Reading the proposals …') }));
      return;
    }
    const found = lines.filter(line => this.fits(line));
    const shown = found.slice(0, MOST);
    this.put(
      ...this.notes.map(note => notice('error', ...withCode(note))),
      awayNotice(this.stream, trans) ?? '',
      found.length === 0 ? this.empty(lines) : el('ul', { 'aria-label': trans.__('Proposals') }, ...shown.map(line => this.line(line))),
      ...(found.length > MOST ? [el('p', { class: 'noo-facts' }, trans.__('and %1 more: search for them', found.length - MOST))] : [])
    );
  }

  /** Show this in the list; where what had the focus is gone, as “Try again” is once it worked, the focus stays there. */
  private put(...parts: readonly Child[]): void {
    const active = this.body.contains(document.activeElement) ? document.activeElement : null;
    if (fill(this.body, ...parts) && active !== null) {
      const id = active.getAttribute('data-id');
      const lines = [...this.body.querySelectorAll<HTMLElement>('[data-id]')];
      (lines.find(line => line.getAttribute('data-id') === id) ?? this.first()).focus();
    }
  }

  private first(): HTMLElement {
    return this.body.querySelector<HTMLElement>('button') ?? this.filter;
  }

  private empty(lines: readonly IProposalLine[]): HTMLElement {
    const { trans } = this.options;
    if (lines.length === 0) {
      return stateView({
        kind: 'empty',
        title: trans.__('Nothing was proposed yet'),
        text: withCode(trans.__('`%noo code` and `%noo run` make proposals; nothing is written before you accept it.')),
        hint: this.options.hints.hint(
          'review',
          trans.__(
            'A proposal opens with both sides of each change. The keys n and p go on and back, a accepts, r rejects, e edits; ? shows all of them. What you accepted can be undone.'
          )
        )
      });
    }
    const narrow = this.search.value.trim() !== '';
    return stateView({
      kind: 'empty',
      title: narrow ? trans.__('Nothing fits the search') : trans.__('Nothing waits for a decision'),
      actions: [
        {
          label: trans.__('Show all'),
          run: () => {
            this.search.value = '';
            this.filter.value = 'all';
            this.draw();
          }
        }
      ]
    });
  }

  private fits(line: IProposalLine): boolean {
    const filter = this.filter.value as Filter;
    const words = this.search.value.trim().toLowerCase();
    const all = [line.id, line.title, line.task, ...line.paths].join(' ').toLowerCase();
    return (filter === 'all' || (filter === 'waiting') === line.pending > 0) && all.includes(words);
  }

  private line(line: IProposalLine): HTMLElement {
    const { trans, open } = this.options;
    const waits = line.pending > 0 ? trans.__('%1 of %2 to decide', line.pending, line.hunks) : statusWords(line.status, trans);
    const node = button('', { class: 'noo-review-line', 'data-id': line.id, title: line.paths.slice(0, 20).join('\n') }, () => open(line.id, this.place));
    node.append(
      el('span', { class: 'noo-review-line-top' }, el('span', { class: 'noo-id' }, line.id), el('span', { class: 'noo-state', 'data-state': line.status }, waits)),
      el('span', { class: 'noo-review-line-title' }, line.title || trans.__('Proposal')),
      el('span', { class: 'noo-facts' }, [line.task, line.how, trans._n('%1 file', '%1 files', line.paths.length)].filter(part => part !== '').join(' · ')),
      line.failed.length === 0 ? '' : el('span', { class: 'noo-review-finding', 'data-failed': 'true' }, `✗ ${line.failed.join(', ')}`)
    );
    return el('li', {}, node);
  }

  private readonly filter = el('select', { class: 'noo-review-filter' });
  private readonly search = el('input', { type: 'search', class: 'noo-review-search' });
  private readonly body = el('div', { class: 'noo-review-list-body' });
  private lines: readonly IProposalLine[] | null = null;
  private notes: readonly string[] = [];
  private failure: CallError | null = null;
  private stream: IEventStream | null = null;
  private place = '';
  private stale = false;
  private asked = 0;
  private timer = 0;
}
