import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Ask } from './api';
import { CallError } from './api';
import type { IOpenDocuments } from './documents';
import { array, record, text } from './json';
import { Run } from './run';
import type {
  Effect,
  IAnswer,
  ICallOptions,
  ICapability,
  IDecision,
  INootropic,
  INootropicEvents,
  INootropicSettings,
  IRun
} from './tokens';

/** So many views may look something up at once: the server takes a few verbs at a time. */
const MOST_LOOKUPS = 4;

/** What the client works with. */
export interface IClientOptions {
  readonly ask: Ask;
  readonly documents: IOpenDocuments;
  readonly settings: INootropicSettings;
  /** Without it, runs are asked for again and again. */
  readonly events: INootropicEvents | null;
  readonly trans: TranslationBundle;
}

/** Runs verbs over REST, tells the server which open files are unsaved, and lets open files follow a change. */
export class NootropicClient implements INootropic {
  constructor(private readonly options: IClientOptions) {}

  get decided(): ISignal<INootropic, IDecision> {
    return this._decided;
  }

  get running(): readonly IRun[] {
    return [...this.runs];
  }

  get runningChanged(): ISignal<INootropic, void> {
    return this._runningChanged;
  }

  async capabilities(folder = ''): Promise<readonly ICapability[]> {
    const answer = await this.ask(`capabilities?path=${encodeURIComponent(folder)}`, { method: 'GET' });
    return array(answer.capabilities).map(capability).filter(found => found !== null);
  }

  async call(verb: string, args: ReadonlyJSONObject, options: ICallOptions): Promise<IAnswer> {
    if (verb !== 'show' && verb !== 'board' && verb !== 'diff') {
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

  start(verb: string, args: ReadonlyJSONObject, options: ICallOptions): IRun {
    return this.follow(verb, options, async () => {
      const unsaved = this.options.documents.unsaved();
      // Whoever starts a run here shows what it asks.
      const body = JSON.stringify({ verb, arguments: args, path: options.folder, unsaved, asks: true });
      return text((await this.ask('runs', { method: 'POST', body })).run);
    });
  }

  attach(id: string, options: ICallOptions): IRun {
    return this.follow('', options, async () => id);
  }

  async place(path: string): Promise<string | null> {
    const answer = await this.ask(`place?path=${encodeURIComponent(path)}`, { method: 'GET' });
    return typeof answer.file === 'string' ? answer.file : null;
  }

  /** A verb was run in a cell, past this service: files and views may be old. */
  async ranInCell(folder: string): Promise<void> {
    await this.options.documents.freshen();
    this._decided.emit({ verb: '', folder });
  }

  private async run(verb: string, args: ReadonlyJSONObject, options: ICallOptions): Promise<IAnswer> {
    const answer = await this.ask(`capabilities/${encodeURIComponent(verb)}`, {
      method: 'POST',
      body: JSON.stringify({ arguments: args, path: options.folder, unsaved: this.options.documents.unsaved(), forms: options.forms }),
      ...(options.signal ? { signal: options.signal } : {})
    });
    return this.take(verb, options.folder, answer);
  }

  private follow(verb: string, options: ICallOptions, begin: () => Promise<string>): IRun {
    const run = new Run({
      verb,
      folder: options.folder,
      begin,
      ask: (route, init) => this.ask(route, init),
      stream: this.options.events?.connect(options.folder) ?? null,
      take: answer => this.take(run.verb, options.folder, answer),
      trans: this.options.trans
    });
    this.runs.add(run);
    this._runningChanged.emit();
    run.news.connect((_, news) => {
      if (news.event === 'asked') {
        this._runningChanged.emit();
      }
    });
    const stop = (): void => void run.cancel();
    options.signal?.addEventListener('abort', stop);
    const ended = (): void => {
      options.signal?.removeEventListener('abort', stop);
      this.runs.delete(run);
      this._runningChanged.emit();
    };
    run.result.then(ended, () => {
      ended();
      if (run.state === 'cancelled') {
        // The step in hand may still have come to its end.
        void this.ranInCell(options.folder);
      }
    });
    if (options.signal?.aborted) {
      stop();
    }
    return run;
  }

  /** An answer of the server: open files follow what it changed, views follow a decision. */
  private async take(verb: string, folder: string, answer: ReadonlyJSONObject): Promise<IAnswer> {
    const changed = array(answer.changed).map(path => text(path)).filter(path => path !== '');
    await this.options.documents.follow(changed);
    if (answer.effect === 'decide') {
      this._decided.emit({ verb, folder });
    }
    return { result: record(answer.result), bundle: record(answer.bundle), changed };
  }

  /** The one place where something is asked of the server. */
  private async ask(route: string, init: RequestInit): Promise<ReadonlyJSONObject> {
    const { settings, trans } = this.options;
    await settings.ready;
    if (!settings.enabled) {
      throw new CallError(trans.__('Nootropic is switched off.'), '', trans.__('Switch it on in the settings, then try again.'));
    }
    return this.options.ask(route, init);
  }

  private lookups = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly runs = new Set<IRun>();
  private readonly _decided = new Signal<this, IDecision>(this);
  private readonly _runningChanged = new Signal<this, void>(this);
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
