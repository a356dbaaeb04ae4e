import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Ask } from './api';
import { CallError, refusal } from './api';
import { number, record, text } from './json';
import type {
  IAnswer,
  IEventStream,
  IProgress,
  IQuestion,
  IRun,
  NootropicEvent,
  Reply,
  RunNews,
  RunState,
  StreamState
} from './tokens';
import { Transcript } from './transcript';

/** So long is waited between two looks without a connection; longer each time that the server does not answer. */
const LOOK_MS = 700;
const LONGEST_MS = 10_000;
/** With a connection a look is only a safeguard. */
const SELDOM_MS = 15_000;
const PATIENCE_MS = 900;

/** What a run works with. */
export interface IRunOptions {
  readonly verb: string;
  readonly folder: string;
  /** Gives the id on the server. */
  readonly begin: () => Promise<string>;
  readonly ask: Ask;
  readonly stream: IEventStream | null;
  /** Takes the answer as the server wrote it. */
  readonly take: (answer: ReadonlyJSONObject) => Promise<IAnswer>;
  readonly trans: TranslationBundle;
}

/** A run on the server, followed by events, and by asking for it where events were missed. */
export class Run implements IRun {
  constructor(private readonly options: IRunOptions) {
    this._verb = options.verb;
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Who looks at the state instead is not told of a refusal a second time.
    this.result.catch(() => undefined);
    options.stream?.event.connect(this.hear, this);
    options.stream?.stateChanged.connect(this.reconnected, this);
    void this.accept();
  }

  readonly result: Promise<IAnswer>;

  get id(): string {
    return this._id;
  }

  get verb(): string {
    return this._verb;
  }

  get folder(): string {
    return this.options.folder;
  }

  get state(): RunState {
    return this._state;
  }

  get text(): string {
    return this.transcript.text;
  }

  get progress(): IProgress | null {
    return this.transcript.progress;
  }

  get question(): IQuestion | null {
    return this.transcript.question;
  }

  get news(): ISignal<IRun, RunNews> {
    return this._news;
  }

  async cancel(): Promise<void> {
    this.stopped = true;
    if (this._id === '' || this._state !== 'running') {
      // Not accepted yet: whoever accepts it stops it at once.
      this.end('cancelled', new CallError(this.options.trans.__('Stopped.')));
      return;
    }
    await this.stopOnServer();
  }

  async answer(reply: Reply): Promise<void> {
    const question = this.question?.id;
    if (question !== undefined) {
      await this.options.ask(`${this.route}/answer`, { method: 'POST', body: JSON.stringify({ question, answer: reply }) });
      // An event tells that it is over; without a connection this does.
      await this.look();
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    const pieces: string[] = [];
    let wake: () => void = () => undefined;
    const hear = (_: IRun, news: RunNews): void => {
      if (news.event === 'text') {
        pieces.push(news.text);
      }
      wake();
    };
    this._news.connect(hear);
    try {
      while (this._state === 'running' || pieces.length > 0) {
        const piece = pieces.shift();
        if (piece !== undefined) {
          yield piece;
        } else {
          await new Promise<void>(resolve => (wake = resolve));
        }
      }
    } finally {
      this._news.disconnect(hear);
    }
  }

  private async accept(): Promise<void> {
    try {
      this._id = await this.options.begin();
    } catch (error) {
      this.end('failed', error);
      return;
    }
    if (this.stopped) {
      await this.stopOnServer();
      return;
    }
    this._news.emit({ event: 'accepted', id: this._id });
    await this.look();
  }

  /** Stop it on the server; whether that answers or not, control comes back. */
  private async stopOnServer(): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      await this.read(await this.options.ask(this.route, { method: 'DELETE', signal }));
    } catch (error) {
      const why = error instanceof CallError ? error.why : '';
      this.end('cancelled', new CallError(this.options.trans.__('Stopped here; the server did not confirm it.'), why));
    }
  }

  private hear(_: IEventStream, event: NootropicEvent): void {
    if (this._state !== 'running' || this._id === '') {
      return;
    }
    if (event.kind === 'resync') {
      void this.look();
    } else if (event.kind === 'run' && event.run === this._id && !this.transcript.hear(event)) {
      void this.look();
    }
  }

  private reconnected(_: IEventStream, state: StreamState): void {
    if (state === 'connected') {
      void this.look();
    }
  }

  /** Ask how the run stands, and again later while it goes on. */
  private async look(): Promise<void> {
    if (this._state !== 'running' || this._id === '') {
      return;
    }
    if (this.looking) {
      this.again = true;
      return;
    }
    this.looking = true;
    clearTimeout(this.timer);
    try {
      await this.read(await this.options.ask(this.route, { method: 'GET' }));
      this.pause = LOOK_MS;
    } catch (error) {
      const status = error instanceof CallError ? error.status : -1;
      if (status !== 0 && status < 500) {
        this.end('failed', error);
      }
      // A server that is away may come back: the run goes on there, or is lost, and then it says so.
      this.pause = Math.min(this.pause * 2, LONGEST_MS);
    }
    this.looking = false;
    if (this._state === 'running') {
      const connected = this.options.stream?.state === 'connected';
      const pause = this.again ? 0 : connected ? Math.max(this.pause, SELDOM_MS) : this.pause;
      this.again = false;
      this.timer = setTimeout(() => void this.look(), pause);
    }
  }

  private async read(document: ReadonlyJSONObject): Promise<void> {
    const state = stateOf(document.state);
    this._verb = text(document.verb) || this._verb;
    if (!this.transcript.read(document, state === 'running')) {
      return;
    }
    if (state === 'done') {
      try {
        const answer = await this.options.take(record(document.answer));
        this.end('done', answer);
      } catch (error) {
        this.end('failed', error);
      }
    } else if (state !== 'running') {
      this.end(state, refusal(number(document.status) ?? 409, document, this.options.trans));
    }
  }

  private end(state: 'done', answer: IAnswer): void;
  private end(state: 'failed' | 'cancelled', error: unknown): void;
  private end(state: RunState, outcome: unknown): void {
    if (this._state !== 'running') {
      return;
    }
    this._state = state;
    this.transcript.close();
    clearTimeout(this.timer);
    this.options.stream?.dispose();
    if (state === 'done') {
      this.resolve(outcome as IAnswer);
    } else {
      this.reject(outcome);
    }
    this._news.emit({ event: 'ended', state });
  }

  private get route(): string {
    return `runs/${encodeURIComponent(this._id)}`;
  }

  private _id = '';
  private _verb: string;
  private _state: RunState = 'running';
  private readonly _news = new Signal<this, RunNews>(this);
  private readonly transcript = new Transcript(news => this._news.emit(news));
  private stopped = false;
  private looking = false;
  private again = false;
  private pause = LOOK_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private resolve: (answer: IAnswer) => void = () => undefined;
  private reject: (error: unknown) => void = () => undefined;
}

function stateOf(value: unknown): RunState {
  return value === 'done' || value === 'failed' || value === 'cancelled' ? value : 'running';
}
