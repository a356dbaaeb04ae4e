import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Token } from '@lumino/coreutils';
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
}

/** The verbs of Nootropic, run by the Jupyter server. */
export interface INootropic {
  /** Emitted after a person's decision was carried out, so that views can follow. */
  readonly decided: ISignal<INootropic, IDecision>;

  /** The verbs that this server offers. */
  capabilities(): Promise<readonly ICapability[]>;

  /**
   * Run a verb.
   *
   * @throws CallError when the server or the verb refuses.
   */
  call(verb: string, args: ReadonlyJSONObject, options: ICallOptions): Promise<IAnswer>;
}

/** The token of the service that runs verbs. */
export const INootropic = new Token<INootropic>(
  'nootropic-lab:INootropic',
  'Runs the verbs of Nootropic through the Jupyter server.'
);
