import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IOpenDocuments } from './documents';
import { array, record, text } from './json';
import type { Effect, IAnswer, ICallOptions, ICapability, IDecision, INootropic } from './tokens';

/** So many views may look something up at once: the server takes a few verbs at a time. */
const MOST_LOOKUPS = 4;

const ROUTE = 'nootropic/api/capabilities';

/** A refusal of the server or of a verb: what happened, why, and what to do next. */
export class CallError extends Error {
  constructor(
    readonly what: string,
    readonly why = '',
    readonly next = '',
    readonly status = 0
  ) {
    super([what, why, next].filter(part => part !== '').map(sentence).join(' '));
    this.name = 'CallError';
  }
}

/** Runs verbs over REST, tells the server which open files are unsaved, and lets open files follow a change. */
export class NootropicClient implements INootropic {
  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly documents: IOpenDocuments
  ) {}

  get decided(): ISignal<INootropic, IDecision> {
    return this._decided;
  }

  async capabilities(): Promise<readonly ICapability[]> {
    const answer = await this.request(ROUTE, { method: 'GET' });
    return array(answer.capabilities).map(capability).filter(found => found !== null);
  }

  async call(verb: string, args: ReadonlyJSONObject, options: ICallOptions): Promise<IAnswer> {
    if (verb !== 'show' && verb !== 'board') {
      return this.run(verb, args, options);
    }
    while (this.lookups >= MOST_LOOKUPS) {
      await new Promise<void>(resolve => this.waiting.push(resolve));
    }
    this.lookups++;
    try {
      return await this.run(verb, args, options);
    } finally {
      this.lookups--;
      this.waiting.shift()?.();
    }
  }

  /** A verb was run in a cell, past this service: files and views may be old. */
  async ranInCell(folder: string): Promise<void> {
    await this.documents.freshen();
    this._decided.emit({ verb: '', folder });
  }

  private async run(verb: string, args: ReadonlyJSONObject, options: ICallOptions): Promise<IAnswer> {
    const answer = await this.request(`${ROUTE}/${encodeURIComponent(verb)}`, {
      method: 'POST',
      body: JSON.stringify({ arguments: args, path: options.folder, unsaved: this.documents.unsaved() }),
      ...(options.signal ? { signal: options.signal } : {})
    });
    const changed = array(answer.changed).map(path => text(path)).filter(path => path !== '');
    await this.documents.follow(changed);
    if (answer.effect === 'decide') {
      this._decided.emit({ verb, folder: options.folder });
    }
    return { result: record(answer.result), bundle: record(answer.bundle), changed };
  }

  private async request(route: string, init: RequestInit): Promise<ReadonlyJSONObject> {
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(URLExt.join(this.settings.baseUrl, route), init, this.settings);
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
  }

  private lookups = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly _decided = new Signal<this, IDecision>(this);
}

function refusal(status: number, answer: ReadonlyJSONObject): CallError {
  const error = record(answer.error);
  const what = text(error.what) || text(answer.message);
  if (what !== '') {
    return new CallError(what, text(error.why), text(error.next), status);
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

function capability(value: unknown): ICapability | null {
  const entry = record(value);
  const verb = text(entry.verb);
  if (!/^[a-z][a-z0-9-]*$/.test(verb)) {
    return null;
  }
  const effect: Effect = entry.effect === 'read' || entry.effect === 'propose' ? entry.effect : 'decide';
  return {
    verb,
    summary: text(entry.summary),
    help: text(entry.help),
    effect,
    provider: text(entry.provider),
    params: record(entry.params)
  };
}

function sentence(part: string): string {
  return /[.!?…]$/.test(part) ? part : `${part}.`;
}
