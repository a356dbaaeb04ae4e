import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { asCallError, CallError } from '../api';
import { told } from '../proposal/widget';
import type { IEventStream, INootropic, INootropicEvents, NootropicEvent } from '../tokens';
import type { IReview } from './data';
import { readReview } from './data';

/** What a review has to say, and what the person may do about it. */
export interface INote {
  readonly kind: 'error' | 'info';
  readonly text: string;
  /** Accept also what runs by itself or fails its checks: the arguments to send again. */
  readonly again?: ReadonlyJSONObject;
}

/** What a model needs. */
export interface IModelOptions {
  readonly client: INootropic;
  readonly events: INootropicEvents | null;
  readonly folder: string;
  readonly id: string;
  /** The error of a proposal whose document this version does not understand. */
  readonly unknown: () => string;
}

/** So many hunks of a file come at once; the server's own figure. */
const PAGE = 200;

/** What takes longer than this to read is said to be read. */
const SOON_SAID_MS = 400;

/** Refusals that a yes of its own lifts, and the argument that says it. */
const OWN_YES: ReadonlyMap<string, string> = new Map([
  ['NeedsOwnYes', 'allow-executable'],
  ['ChecksFail', 'failing']
]);

/** Journal rows after which a review may be another. */
const ABOUT = /^(Hunk|ProposalC|CodeFix|Change)/;

/** One proposal under review: what the store says of it, and what is being done. */
export class ReviewModel implements IDisposable {
  constructor(private readonly options: IModelOptions) {
    options.client.decided.connect(this.follow, this);
    this.stream = options.events?.connect(options.folder) ?? null;
    this.stream?.event.connect(this.heard, this);
    this.stream?.stateChanged.connect(this.streamed, this);
  }

  /** Null until it was read once. */
  review: IReview | null = null;
  note: INote | null = null;
  /** Why the last reading failed; what was read before stays. */
  failure: CallError | null = null;
  /** A decision is under way. */
  working = false;
  /** The file that is being read, where that takes a while; empty otherwise. */
  reading = '';

  get isDisposed(): boolean {
    return this.gone;
  }

  /** Emitted when anything of it has changed. */
  get changed(): ISignal<ReviewModel, void> {
    return this.changedSignal;
  }

  /** How the connection stands. */
  get connection(): IEventStream | null {
    return this.stream;
  }

  /** The person asks for it: also where the connection waits. */
  async again(): Promise<void> {
    this.stream?.retry();
    await this.load();
  }

  dispose(): void {
    this.gone = true;
    this.options.client.decided.disconnect(this.follow, this);
    this.stream?.dispose();
    window.clearTimeout(this.timer);
    Signal.clearData(this);
  }

  /** Read it: the list of files first, so that something is there; then the file that is open, or waits. */
  async load(): Promise<void> {
    const { id } = this.options;
    const turn = ++this.asked;
    try {
      if (this.review === null) {
        const listed = await this.read(id);
        if (turn !== this.asked || this.gone) {
          return;
        }
        this.review = listed;
        this.tell();
        const first = listed.files.find(file => file.pending > 0) ?? listed.files[0];
        await this.open(first?.path ?? '', first?.firstPending ?? null);
        return;
      }
      // What the person asked for last, also where it has not come yet.
      const { path, page } = this.wanted;
      const found = await this.read(path === '' ? id : `${id}/${path}`, page);
      if (turn === this.asked && !this.gone) {
        this.take(found);
      }
    } catch (error) {
      this.fail(error, turn);
    }
  }

  /** Open a file, at the page of a hunk where one is named. */
  async open(path: string, hunk: number | null = null): Promise<void> {
    const file = this.review?.files.find(each => each.path === path);
    await this.turn(path, file === undefined || hunk === null ? 1 : Math.floor((hunk - file.first) / PAGE) + 1);
  }

  /** Open a page of a file. */
  async turn(path: string, page: number): Promise<void> {
    const turn = ++this.asked;
    this.wanted = { path, page };
    const long = window.setTimeout(() => turn === this.asked && this.tellReading(path), SOON_SAID_MS);
    try {
      const found = await this.read(path === '' ? this.options.id : `${this.options.id}/${path}`, page);
      if (turn === this.asked && !this.gone) {
        this.take(found);
      }
    } catch (error) {
      this.fail(error, turn);
    } finally {
      window.clearTimeout(long);
    }
  }

  /** Get a hunk that came without its lines. */
  async fetch(ref: string): Promise<void> {
    if (this.fetching.has(ref)) {
      return;
    }
    this.fetching.add(ref);
    try {
      const [hunk] = (await this.read(ref)).hunks;
      if (hunk !== undefined && this.review !== null && !this.gone) {
        this.kept.set(ref, hunk);
        this.take(this.review);
      }
    } catch (error) {
      this.fail(error, this.asked);
    } finally {
      this.fetching.delete(ref);
    }
  }

  /** Carry out a decision and read what has become of it; false where it was refused. */
  async decide(verb: string, args: ReadonlyJSONObject): Promise<boolean> {
    if (this.working) {
      return false;
    }
    const { client, folder } = this.options;
    this.working = true;
    this.note = null;
    this.tell();
    let done = false;
    try {
      this.note = { kind: 'info', text: told(await client.call(verb, args, { folder })) };
      done = true;
    } catch (error) {
      const failure = asCallError(error);
      if (isAway(failure)) {
        this.failure = failure;
      }
      const yes = OWN_YES.get(failure.kind);
      const again = yes === undefined ? {} : { again: { ...args, [yes]: true } };
      this.note = { kind: 'error', text: failure.message, ...again };
    }
    this.kept.clear();
    const { note } = this;
    await this.load();
    this.working = false;
    this.note = note;
    this.tell();
    return done;
  }

  private async read(ref: string, page = 1): Promise<IReview> {
    const { client, folder, unknown } = this.options;
    const answer = await client.call('diff', { ref, page }, { folder });
    const review = readReview(answer.result);
    if (review === null || review.proposal.id !== this.options.id) {
      throw new CallError(unknown());
    }
    return review;
  }

  private take(review: IReview): void {
    const hunks = review.hunks.map(hunk => {
      const kept = this.kept.get(hunk.ref);
      return hunk.leftOut && kept !== undefined ? { ...kept, state: hunk.state, refused: hunk.refused } : hunk;
    });
    this.review = { ...review, hunks };
    // Whichever question this answers, it is the last one.
    this.reading = '';
    if (this.failure !== null && !this.working) {
      // What was said while the server was away holds no more.
      this.note = null;
    }
    this.failure = null;
    this.tell();
  }

  private fail(error: unknown, turn: number): void {
    if (turn === this.asked && !this.gone) {
      this.failure = asCallError(error);
      this.reading = '';
      this.tell();
    }
  }

  private tellReading(path: string): void {
    this.reading = path;
    this.tell();
  }

  private tell(): void {
    if (!this.gone) {
      this.changedSignal.emit();
    }
  }

  /** Files may have changed without a row in the journal: what fits now is asked again. */
  filesChanged(): void {
    if (this.review !== null) {
      this.soon();
    }
  }

  /** Somebody decided in this window. */
  private follow(): void {
    this.soon();
  }

  private heard(_: IEventStream, event: NootropicEvent): void {
    const isOurs = event.kind === 'journal' && ABOUT.test(event.name) && mentions(event.subject, event.data, this.options.id);
    if (event.kind === 'resync' || isOurs) {
      this.soon();
    }
  }

  private streamed(): void {
    this.tell();
    if (this.stream?.state === 'connected' && this.failure !== null) {
      this.soon();
    }
  }

  /** Several rows of one decision are one change. */
  private soon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      if (!this.working && !this.gone) {
        this.kept.clear();
        void this.load();
      }
    }, 150);
  }

  private readonly changedSignal = new Signal<ReviewModel, void>(this);
  private readonly stream: IEventStream | null;
  private readonly kept = new Map<string, IReview['hunks'][number]>();
  private readonly fetching = new Set<string>();
  private wanted = { path: '', page: 1 };
  private asked = 0;
  private timer = 0;
  private gone = false;
}

/** Whether the server is away, or does not let this page in: nothing can be decided until that has changed. */
export function isAway(failure: CallError): boolean {
  return failure.status === 0 || failure.status === 401 || failure.status === 403;
}

function mentions(subject: string, data: ReadonlyJSONObject, id: string): boolean {
  const named = new RegExp(`\\b${id}\\b`);
  return named.test(subject) || named.test(JSON.stringify([data.proposals ?? '', data.hunks ?? '']));
}
