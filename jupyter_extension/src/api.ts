import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
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

/** Asks the server's part; everything that goes wrong becomes a `CallError`. */
export type Ask = (route: string, init: RequestInit) => Promise<ReadonlyJSONObject>;

/** Make the function that asks the server's part. */
export function asking(settings: ServerConnection.ISettings): Ask {
  return async (route, init) => {
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(URLExt.join(settings.baseUrl, API, route), init, settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw new CallError('Stopped.');
      }
      throw new CallError(
        'The Jupyter server did not answer.',
        error instanceof Error ? error.message : '',
        'Check that it is still running, then try again.'
      );
    }
    let answer: ReadonlyJSONObject = {};
    try {
      answer = record(JSON.parse(await response.text()));
    } catch {
      // A proxy's error page, for example: the status below says enough.
    }
    if (!response.ok) {
      throw refusal(response.status, answer);
    }
    return answer;
  };
}

/** The refusal that a document of the server tells. */
export function refusal(status: number, answer: ReadonlyJSONObject): CallError {
  const error = record(answer.error);
  const what = text(error.what) || text(answer.message);
  if ((status === 401 || status === 403) && text(error.what) === '') {
    return new CallError(
      'The Jupyter server does not let this page in.',
      text(answer.message),
      'Log in again (load the page anew), or ask whoever runs the server for the right to do this.',
      status
    );
  }
  if (what !== '') {
    return new CallError(what, text(error.why), text(error.next), status, text(error.type), record(error.data));
  }
  if (status === 404) {
    return new CallError(
      'This Jupyter server does not run Nootropic.',
      '',
      'Install the package nootropic in the server’s environment and restart the server.',
      status
    );
  }
  return new CallError(`The Jupyter server refused (status ${status}).`, '', '', status);
}

function sentence(part: string): string {
  return /[.!?…]$/.test(part) ? part : `${part}.`;
}
