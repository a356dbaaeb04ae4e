import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { record, text } from './json';

/** Where the server's part answers, below its base address. */
export const API = 'nootropic/api';

/** A refusal of the server or of a verb: what happened, why, and what to do next. */
export class CallError extends Error {
  constructor(
    readonly what: string,
    readonly why = '',
    readonly next = '',
    readonly status = 0,
    /** The name of the server's error: `Busy`, `UnknownRun`, `Interrupted` …; empty where it is not one of ours. */
    readonly kind = '',
    /** What the error tells programs: the chat that keeps a stopped answer, for example. */
    readonly data: ReadonlyJSONObject = {}
  ) {
    super([what, why, next].filter(part => part !== '').map(sentence).join(' '));
    this.name = 'CallError';
  }
}

/** What went wrong, in words. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whatever went wrong as an error of ours. */
export function asCallError(error: unknown): CallError {
  return error instanceof CallError ? error : new CallError(reason(error));
}

/** Asks the server's part; everything that goes wrong becomes a `CallError`. */
export type Ask = (route: string, init: RequestInit) => Promise<ReadonlyJSONObject>;

/** Make the function that asks the server's part. */
export function asking(settings: ServerConnection.ISettings, trans: TranslationBundle): Ask {
  return async (route, init) => {
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(URLExt.join(settings.baseUrl, API, route), init, settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw new CallError(trans.__('Stopped.'));
      }
      throw new CallError(
        trans.__('The Jupyter server did not answer.'),
        error instanceof Error ? error.message : '',
        trans.__('Check that it is still running, then try again.')
      );
    }
    let answer: ReadonlyJSONObject = {};
    try {
      answer = record(JSON.parse(await response.text()));
    } catch {
      // A proxy's error page, for example: the status below says enough.
    }
    if (!response.ok) {
      throw refusal(response.status, answer, trans);
    }
    return answer;
  };
}

/** So long is waited for any answer at all, in milliseconds. */
const PROBE_MS = 5000;

/** Make a function that tells how the server answers a small question: a status of HTTP, or 0 for no answer. */
export function probing(settings: ServerConnection.ISettings): () => Promise<number> {
  const url = URLExt.join(settings.baseUrl, API, 'place') + URLExt.objectToQueryString({ path: '_' });
  return async () => {
    try {
      const signal = AbortSignal.timeout(PROBE_MS);
      return (await ServerConnection.makeRequest(url, { method: 'GET', signal }, settings)).status;
    } catch {
      // Why it was not reached, nobody tells: that is the answer.
      return 0;
    }
  };
}

/** The refusal that a document of the server tells. */
export function refusal(status: number, answer: ReadonlyJSONObject, trans: TranslationBundle): CallError {
  const error = record(answer.error);
  const what = text(error.what) || text(answer.message);
  if ((status === 401 || status === 403) && text(error.what) === '') {
    return new CallError(
      trans.__('The Jupyter server does not let this page in.'),
      text(answer.message),
      trans.__('Log in again (load the page anew), or ask whoever runs the server for the right to do this.'),
      status
    );
  }
  if (what !== '') {
    return new CallError(what, text(error.why), text(error.next), status, text(error.type), record(error.data));
  }
  if (status === 404) {
    return new CallError(
      trans.__('This Jupyter server does not run Nootropic.'),
      '',
      trans.__('Install the package nootropic in the server’s environment and restart the server.'),
      status
    );
  }
  return new CallError(trans.__('The Jupyter server refused (status %1).', status), '', '', status);
}

function sentence(part: string): string {
  return /[.!?…]$/.test(part) ? part : `${part}.`;
}
