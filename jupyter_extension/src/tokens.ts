import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

/** The MIME type of a plan. */
export const PLAN_MIME = 'application/vnd.nootropic.plan+json';

/** The MIME type of a proposal. */
export const PROPOSAL_MIME = 'application/vnd.nootropic.proposal+json';

/** The translation domain of this extension. */
export const DOMAIN = 'nootropic';

/** What a verb may do: look, propose a change, or decide (a person only). */
export type Effect = 'read' | 'propose' | 'decide';

/** One verb, as the server's registry describes it. */
export interface ICapability {
  readonly verb: string;
  readonly summary: string;
  readonly help: string;
  readonly effect: Effect;
  readonly provider: string;
  /** The JSON schema of its arguments. */
  readonly params: ReadonlyJSONObject;
}

/** What a verb answered. */
export interface IAnswer {
  /** The result as a document for programs. */
  readonly result: ReadonlyJSONObject;
  /** The same in every form it can be shown in, by MIME type. */
  readonly bundle: ReadonlyJSONObject;
  /** Files that the call changed, as paths below the server's root. */
  readonly changed: readonly string[];
}

/** A person's decision that has been carried out, or may have been: a cell that ran a verb is told with an empty one. */
export interface IDecision {
  readonly verb: string;
  readonly folder: string;
}

/** How to run a verb. */
export interface ICallOptions {
  /** The folder whose workspace is meant, below the server's root. */
  readonly folder: string;
  /** Stops the call. */
  readonly signal?: AbortSignal;
  /** Of a call, the only forms that are wanted, by MIME type: a large result is not made and sent in all others. */
  readonly forms?: readonly string[];
}

/** How far a run is. */
export type RunState = 'running' | 'done' | 'failed' | 'cancelled';

/** The last progress that a verb told: a line, and a fraction from 0 to 1 where it knows one. */
export interface IProgress {
  readonly text: string;
  readonly fraction: number | null;
}

/** What a verb asks while it runs: `approve` wants yes or no, `ask` a line of text. */
export interface IQuestion {
  /** Counts the run's questions from 1. */
  readonly id: number;
  readonly kind: 'approve' | 'ask';
  readonly text: string;
}

/** What a person says to a question; null where there is no line to give. */
export type Reply = boolean | string | null;

/** What happened in a run: `asked` that its question is another, or none; `reset` means that `text` was read anew (after a lost connection) and is to be drawn whole. */
export type RunNews =
  | { readonly event: 'accepted'; readonly id: string }
  | { readonly event: 'text'; readonly text: string }
  | { readonly event: 'reset' }
  | { readonly event: 'progress'; readonly progress: IProgress }
  | { readonly event: 'asked' }
  | { readonly event: 'ended'; readonly state: RunState };

/**
 * A verb that runs on the server, whatever becomes of this page. Iterating it gives the pieces of text that it
 * streams from then on, and ends when the run does; what it ended with is in `result`.
 */
export interface IRun extends AsyncIterable<string> {
  /** The id on the server, to attach to it after a reload; empty until the server has accepted it. */
  readonly id: string;
  readonly verb: string;
  readonly folder: string;
  readonly state: RunState;
  /** All that it has streamed; it stays when the run fails or is stopped. */
  readonly text: string;
  readonly progress: IProgress | null;
  /** What it asks at present, or null. */
  readonly question: IQuestion | null;
  /** Emitted for each piece of news. */
  readonly news: ISignal<IRun, RunNews>;
  /** The answer; rejected with a `CallError` when the run fails or is stopped. Nobody needs to wait for it. */
  readonly result: Promise<IAnswer>;
  /** Stop it. Control comes back within a second, whatever the verb does. */
  cancel(): Promise<void>;
  /**
   * Answer what it asks.
   *
   * @throws CallError when the server does not take the answer: it was given elsewhere, or came too late.
   */
  answer(reply: Reply): Promise<void>;
}

/** The verbs of Nootropic, run by the Jupyter server. */
export interface INootropic {
  /** Emitted after a person's decision was carried out, so that views can follow. */
  readonly decided: ISignal<INootropic, IDecision>;

  /** The runs of this page that have not ended. */
  readonly running: readonly IRun[];

  /** Emitted when `running`, or what one of them asks, has changed. */
  readonly runningChanged: ISignal<INootropic, void>;

  /** The verbs that this server offers in a folder (by default the server's own). */
  capabilities(folder?: string): Promise<readonly ICapability[]>;

  /**
   * Run a verb and wait for it: for short work.
   *
   * @throws CallError when the server or the verb refuses.
   */
  call(verb: string, args: ReadonlyJSONObject, options: ICallOptions): Promise<IAnswer>;

  /** Start a verb that may take long. What is refused comes with the run's `result`. */
  start(verb: string, args: ReadonlyJSONObject, options: ICallOptions): IRun;

  /** Take up a run that was started before a reload, by its id. */
  attach(id: string, options: ICallOptions): IRun;

  /**
   * A file as its workspace names it (what verbs take), from its path below the server's root; null when it lies
   * outside of every served workspace.
   */
  place(path: string): Promise<string | null>;
}

/** The token of the service that runs verbs. */
export const INootropic = new Token<INootropic>(
  'nootropic-lab:INootropic',
  'Runs the verbs of Nootropic through the Jupyter server.'
);

/** What happened in a workspace, by whatever process: one row of its journal. */
export interface IJournalEvent {
  readonly kind: 'journal';
  readonly id: number;
  /** ProposalCreated, TaskStateChanged, PlanChanged, CodeFixApplied, ChangeUndone, ModelSwitched …; see the server's table. */
  readonly name: string;
  /** The row's own kind in the journal: `plan.replanned`. */
  readonly row: string;
  /** What it speaks of: `P3`, `T2`, `A4`. */
  readonly subject: string;
  readonly data: ReadonlyJSONObject;
}

/** News of a run, of this page or another. */
export interface IRunEvent {
  readonly kind: 'run';
  readonly run: string;
  /** Counts the run's events from 1. */
  readonly seq: number;
  readonly event: 'started' | 'text' | 'progress' | 'asked' | 'done' | 'failed' | 'cancelled';
  readonly data: ReadonlyJSONObject;
}

/** Events were missed, or the journal is another one now: whoever shows something reads it anew. */
export interface IResync {
  readonly kind: 'resync';
}

export type NootropicEvent = IJournalEvent | IRunEvent | IResync;

/**
 * How the connection stands. After some failed tries the server is asked another way: it does not answer (`offline`),
 * it does not let this page in (`refused`; no further tries before the person comes back or asks for one), or it
 * answers, and only news do not come through (`unheard`).
 */
export type StreamState = 'connecting' | 'connected' | 'offline' | 'refused' | 'unheard';

/** The events of one workspace. Dispose it when they are no longer needed; the connection is shared. */
export interface IEventStream extends IDisposable {
  readonly folder: string;
  readonly state: StreamState;
  readonly stateChanged: ISignal<IEventStream, StreamState>;
  readonly event: ISignal<IEventStream, NootropicEvent>;
  /** Try now to connect, where there is no connection. */
  retry(): void;
}

/** Connects to the events of workspaces. */
export interface INootropicEvents {
  /** Listen to the workspace around a folder below the server's root. */
  connect(folder: string): IEventStream;
}

/** The token of the service that tells what happens. */
export const INootropicEvents = new Token<INootropicEvents>(
  'nootropic-lab:INootropicEvents',
  'Tells what happens in a workspace.'
);

/** What the person set. `enabled` is the one switch: nothing of ours works, calls or is shown where it is off. */
export interface INootropicSettings {
  readonly enabled: boolean;
  readonly inlineCompletions: boolean;
  /** Emitted after any setting has changed. */
  readonly changed: ISignal<INootropicSettings, void>;
  /** Resolves when the settings have been read; before that nothing is enabled. */
  readonly ready: Promise<void>;
  /** A setting by its name in the schema, or undefined. */
  get(name: string): ReadonlyJSONValue | undefined;
  /** Keep a setting. */
  set(name: string, value: ReadonlyJSONValue): Promise<void>;
}

/** The token of the settings. */
export const INootropicSettings = new Token<INootropicSettings>(
  'nootropic-lab:INootropicSettings',
  'What the person set for Nootropic.'
);

/** Something to do, written out for the person to read, change and send. */
export interface IDraft {
  /** The verb that is meant: `chat`, `code`. */
  readonly verb: string;
  /** Its arguments; the text is among them. */
  readonly args: ReadonlyJSONObject;
  /** The same in words: what stands in the chat's input. */
  readonly text: string;
  /** The folder whose workspace is meant. */
  readonly folder: string;
}

/** Shows a draft in the chat. Nothing is sent before the person sends it. */
export interface IChatOpener {
  /** Open the chat, with a draft in its input where one is given. */
  open(draft?: IDraft): void;
  /** Open the chat with a line that says why something cannot be drafted. */
  tell(line: string): void;
}

/** The token of the chat. */
export const IChatOpener = new Token<IChatOpener>('nootropic-lab:IChatOpener', 'Opens the chat of Nootropic.');
