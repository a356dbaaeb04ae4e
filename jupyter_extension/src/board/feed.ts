import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { asCallError, CallError } from '../api';
import type { IAway } from '../away';
import { away, awayNotice } from '../away';
import { record } from '../json';
import type { IPlan } from '../plan/data';
import { readPlan } from '../plan/data';
import type { IEventStream, INootropic, INootropicEvents, NootropicEvent } from '../tokens';
import { PLAN_MIME } from '../tokens';

/** So long is waited after something happened: several things are looked up once. */
const PAUSE_MS = 300;
const SPEC = 'project-spec.md';

/** What happens to a plan, or to what is proposed for it. */
const NEWS = new Set([
  'PlanChanged',
  'TaskStateChanged',
  'ProposalCreated',
  'ProposalChecked',
  'HunkDecided',
  'CodeFixApplied',
  'ChangeUndone',
  'ChangeRedone',
  'ChangeTakenBack'
]);

/** Where the board of a folder's workspace comes from. */
export interface IFeedOptions {
  readonly client: INootropic;
  readonly folder: string;
  /** Without it, the board follows only what this window decides. */
  readonly events: INootropicEvents | null;
  /** Tells which files this window has saved. */
  readonly files: Pick<Contents.IManager, 'fileChanged'> | null;
  readonly trans: TranslationBundle;
}

/** The newest board of a workspace, asked for again when something has happened and somebody looks. */
export class BoardFeed implements IDisposable {
  constructor(private readonly options: IFeedOptions) {
    options.client.decided.connect(this.soon, this);
    options.files?.fileChanged.connect(this.saved, this);
    document.addEventListener('visibilitychange', this.seen);
    window.addEventListener('focus', this.seen);
  }

  /** Emitted when `plan`, `none`, `trouble` or `away` may have changed. */
  readonly changed = new Signal<this, void>(this);

  /** The board, or null before the first answer and where there is no plan. */
  get plan(): IPlan | null {
    return this._plan;
  }

  /** Why there is no newer board. */
  get trouble(): CallError | null {
    return this._trouble;
  }

  /** Whether the answer was that there is no plan. */
  get none(): boolean {
    return this._none;
  }

  /** Why nothing can be asked or changed now; null while it can. */
  get away(): IAway | null {
    return away(this.stream, this.options.trans);
  }

  /** The same as a line above what is shown; null where there is nothing to say. */
  get notice(): HTMLElement | null {
    return awayNotice(this.stream, this.options.trans);
  }

  /** The person asks for it: also where the connection waits. */
  async again(): Promise<void> {
    this.stream?.retry();
    await this.look();
  }

  get isDisposed(): boolean {
    return this.gone;
  }

  /** Somebody sees the board, or nobody does: then nothing is asked. */
  attend(seen: boolean): void {
    if (seen === this.watched || this.gone) {
      return;
    }
    this.watched = seen;
    if (!seen) {
      return;
    }
    if (this.stream === null && this.options.events !== null) {
      this.stream = this.options.events.connect(this.options.folder);
      this.stream.event.connect(this.hear, this);
      this.stream.stateChanged.connect(this.reached, this);
    }
    if (this.stale) {
      void this.look();
    }
  }

  /** Ask now. */
  async look(): Promise<void> {
    if (this.gone) {
      return;
    }
    if (this.asking !== null) {
      // What happened since the question was sent is not in its answer.
      this.repeat = true;
      return this.asking;
    }
    clearTimeout(this.timer);
    this.timer = undefined;
    this.stale = false;
    this.asking = this.ask();
    try {
      await this.asking;
    } finally {
      this.asking = null;
    }
  }

  dispose(): void {
    if (this.gone) {
      return;
    }
    this.gone = true;
    clearTimeout(this.timer);
    this.stream?.dispose();
    this.options.client.decided.disconnect(this.soon, this);
    this.options.files?.fileChanged.disconnect(this.saved, this);
    document.removeEventListener('visibilitychange', this.seen);
    window.removeEventListener('focus', this.seen);
    Signal.clearData(this);
  }

  private async ask(): Promise<void> {
    do {
      this.repeat = false;
      const { client, folder, trans } = this.options;
      try {
        const { bundle } = await client.call('board', { 'or-empty': true }, { folder, forms: [PLAN_MIME] });
        const data = bundle[PLAN_MIME];
        const told = JSON.stringify(data ?? null);
        if (told !== this.told) {
          // The same plan stays the same object: who looks at it need not draw it anew.
          this.told = told;
          this._plan = readPlan(data);
        }
        this._none = record(data).plan === null;
        this._trouble =
          this._plan === null && !this._none
            ? new CallError(trans.__('The board has a shape that this version does not know.'), '', trans.__('Update the extension.'))
            : null;
      } catch (error) {
        this._trouble = asCallError(error);
      }
    } while (this.repeat && !this.gone);
    if (!this.gone) {
      this.changed.emit();
    }
  }

  private soon(): void {
    this.stale = true;
    if (this.watched && this.timer === undefined) {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        void this.look();
      }, PAUSE_MS);
    }
  }

  private hear(_: IEventStream, event: NootropicEvent): void {
    if (event.kind === 'resync' || (event.kind === 'journal' && NEWS.has(event.name))) {
      this.soon();
    }
  }

  private reached(stream: IEventStream): void {
    if (stream.state === 'connected' && this._trouble !== null) {
      this.soon();
    }
    this.changed.emit();
  }

  private saved(_: unknown, change: Contents.IChangedArgs): void {
    const path = change.newValue?.path ?? change.oldValue?.path ?? '';
    if (path === SPEC || path.endsWith(`/${SPEC}`)) {
      this.soon();
    }
  }

  /** The person comes back, perhaps from an editor outside of this window. */
  private readonly seen = (): void => {
    if (document.visibilityState === 'visible' && (this._plan !== null || this._none)) {
      this.soon();
    }
  };

  private _plan: IPlan | null = null;
  private told = '';
  private _trouble: CallError | null = null;
  private stream: IEventStream | null = null;
  private asking: Promise<void> | null = null;
  private repeat = false;
  private _none = false;
  private stale = true;
  private watched = false;
  private gone = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
