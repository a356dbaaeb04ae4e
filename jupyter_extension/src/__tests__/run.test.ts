import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CallError } from '../api';
import { Run } from '../run';
import type { IEventStream, NootropicEvent, RunNews, StreamState } from '../tokens';
import { answer, trans } from './fixtures';

/** The server's side of a run, as a test moves it. */
class Server {
  document: Record<string, unknown> = { verb: 'chat', state: 'running', seq: 0, text: '', progress: null };
  asked: string[] = [];
  away = false;
  gone = false;
  hangs = false;

  readonly ask = async (route: string, init: RequestInit): Promise<ReadonlyJSONObject> => {
    this.asked.push(`${init.method} ${route}`);
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

  ends(): NootropicEvent {
    const seq = (this.document.seq = (this.document.seq as number) + 1);
    Object.assign(this.document, { state: 'done', answer: { bundle: { 'text/plain': 'ok' } } });
    return { kind: 'run', run: 'r1', seq, event: 'done', data: {} };
  }
}

class Stream implements IEventStream {
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

function start(server: Server, stream: Stream | null, begin = async () => 'r1'): Run {
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

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
let server: Server;
let stream: Stream;

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  stream = new Stream();
});
afterEach(() => vi.useRealTimers());

describe('a run', () => {
  it('streams text by events, and ends with the answer', async () => {
    const run = start(server, stream);
    const pieces: string[] = [];
    const read = (async () => {
      for await (const piece of run) {
        pieces.push(piece);
      }
    })();
    await pass(0);
    expect(run.id).toBe('r1');
    stream.event.emit(server.says('Hello '));
    stream.event.emit(server.says('world'));
    const asked = server.asked.length;
    await pass(0);
    expect(server.asked).toHaveLength(asked);
    stream.event.emit(server.ends());
    await pass(0);
    await read;
    expect(pieces).toEqual(['Hello ', 'world']);
    expect((await run.result).bundle).toEqual({ 'text/plain': 'ok' });
    expect([run.state, run.text, stream.isDisposed]).toEqual(['done', 'Hello world', true]);
  });

  it('catches up on events that were missed, and takes none twice', async () => {
    const run = start(server, stream);
    await pass(0);
    const first = server.says('a');
    stream.event.emit(first);
    server.says('b');
    stream.event.emit(server.says('c'));
    await pass(0);
    expect(run.text).toBe('abc');
    stream.event.emit(first);
    expect(run.text).toBe('abc');
    // A broken connection: what was said meanwhile comes with the next look.
    stream.become('connecting');
    server.says('d');
    stream.become('connected');
    await pass(0);
    expect(run.text).toBe('abcd');
    server.says('e');
    stream.event.emit({ kind: 'resync' });
    await pass(0);
    expect(run.text).toBe('abcde');
  });

  it('is drawn anew when the server kept only the end of its text', async () => {
    const run = start(server, stream);
    const news: RunNews['event'][] = [];
    run.news.connect((_, item) => news.push(item.event));
    await pass(0);
    stream.event.emit(server.says('begin '));
    Object.assign(server.document, { text: 'the end', seq: 9, left_out: 100 });
    stream.event.emit({ kind: 'resync' });
    await pass(0);
    expect(run.text).toBe('the end');
    expect(news).toContain('reset');
  });

  it('goes on without events, by asking', async () => {
    const run = start(server, null);
    await pass(0);
    server.says('a');
    await pass(1000);
    expect(run.text).toBe('a');
    server.ends();
    await pass(1000);
    expect(run.state).toBe('done');
  });

  it('outlives a server that is away, and keeps its text when the server was restarted', async () => {
    const run = start(server, stream);
    await pass(0);
    stream.event.emit(server.says('half an answer'));
    server.away = true;
    stream.become('offline');
    await pass(20_000);
    expect(run.state).toBe('running');
    server.away = false;
    server.gone = true;
    stream.become('connected');
    await pass(20_000);
    expect([run.state, run.text]).toEqual(['failed', 'half an answer']);
    await expect(run.result).rejects.toMatchObject({ status: 404, kind: 'UnknownRun' });
  });

  it('is stopped, with what it said', async () => {
    const run = start(server, stream);
    await pass(0);
    stream.event.emit(server.says('half'));
    await run.cancel();
    expect([run.state, run.text]).toEqual(['cancelled', 'half']);
    await expect(run.result).rejects.toMatchObject({ kind: 'Interrupted' });
    expect(server.asked).toContain('DELETE runs/r1');
  });

  it('gives control back within a second when the server does not answer', async () => {
    const run = start(server, stream);
    await pass(0);
    server.hangs = true;
    void run.cancel();
    await pass(1000);
    await vi.waitFor(() => expect(run.state).toBe('cancelled'));
  });

  it('that was stopped before the server had it is stopped there as soon as it has', async () => {
    let accept: (id: string) => void = () => undefined;
    const run = start(server, stream, () => new Promise(resolve => (accept = resolve)));
    await run.cancel();
    expect(run.state).toBe('cancelled');
    accept('r1');
    await pass(0);
    expect(server.asked).toEqual(['DELETE runs/r1']);
  });

  it('that is refused ends with the refusal', async () => {
    const run = start(server, stream, async () => {
      throw new CallError('Too many.', '', '', 409, 'Busy');
    });
    await pass(0);
    expect(run.state).toBe('failed');
    await expect(run.result).rejects.toThrow('Too many.');
  });
});
