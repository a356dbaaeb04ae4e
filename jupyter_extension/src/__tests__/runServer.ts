import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { CallError } from '../api';
import { Run } from '../run';
import type { IEventStream, IQuestion, NootropicEvent, StreamState } from '../tokens';
import { answer, trans } from './fixtures';

/** The server's side of a run, as a test moves it. */
export class Server {
  document: Record<string, unknown> = { verb: 'chat', state: 'running', seq: 0, text: '', progress: null };
  asked: string[] = [];
  sent: unknown[] = [];
  away = false;
  gone = false;
  hangs = false;

  readonly ask = async (route: string, init: RequestInit): Promise<ReadonlyJSONObject> => {
    this.asked.push(`${init.method} ${route}`);
    this.sent.push(init.body ?? '');
    if (this.hangs) {
      await new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new CallError('Stopped.'))));
    }
    if (this.away) {
      throw new CallError('The Jupyter server did not answer.');
    }
    if (this.gone) {
      throw new CallError('No such run.', 'A restart.', '', 404, 'UnknownRun');
    }
    if (init.method === 'DELETE') {
      Object.assign(this.document, { state: 'cancelled', status: 409, error: { type: 'Interrupted', what: 'Stopped' } });
    }
    return structuredClone(this.document) as ReadonlyJSONObject;
  };

  /** Say a piece: it is in the document, and gives the event. */
  says(text: string): NootropicEvent {
    this.document.text = `${this.document.text as string}${text}`;
    const seq = (this.document.seq = (this.document.seq as number) + 1);
    return { kind: 'run', run: 'r1', seq, event: 'text', data: { text } };
  }

  /** Ask, or (with null) have been answered. */
  puts(question: IQuestion | null): NootropicEvent {
    const seq = (this.document.seq = (this.document.seq as number) + 1);
    this.document.question = question;
    return { kind: 'run', run: 'r1', seq, event: 'asked', data: { question } as unknown as ReadonlyJSONObject };
  }

  ends(): NootropicEvent {
    const seq = (this.document.seq = (this.document.seq as number) + 1);
    Object.assign(this.document, { state: 'done', answer: { bundle: { 'text/plain': 'ok' } } });
    return { kind: 'run', run: 'r1', seq, event: 'done', data: {} };
  }
}

export class Stream implements IEventStream {
  folder = 'work';
  state: StreamState = 'connected';
  isDisposed = false;
  event: Signal<IEventStream, NootropicEvent> = new Signal<IEventStream, NootropicEvent>(this);
  stateChanged: Signal<IEventStream, StreamState> = new Signal<IEventStream, StreamState>(this);

  retry(): void {}

  dispose(): void {
    this.isDisposed = true;
    Signal.clearData(this);
  }

  become(state: StreamState): void {
    this.state = state;
    this.stateChanged.emit(state);
  }
}

export function start(server: Server, stream: Stream | null, begin = async () => 'r1'): Run {
  return new Run({
    verb: 'chat',
    folder: 'work',
    begin,
    ask: server.ask,
    stream,
    take: async document => answer(document.bundle as ReadonlyJSONObject),
    trans
  });
}

