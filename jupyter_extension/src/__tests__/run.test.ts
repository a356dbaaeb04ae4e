import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CallError } from '../api';
import { questionView } from '../question';
import type { IQuestion, RunNews } from '../tokens';
import { trans } from './fixtures';
import { Server, start, Stream } from './runServer';

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

  it('tells what it asks, also after a lost connection, and takes the answer to the server', async () => {
    const question: IQuestion = { id: 1, kind: 'approve', text: 'Make one?' };
    const run = start(server, stream);
    const news: RunNews['event'][] = [];
    run.news.connect((_, item) => news.push(item.event));
    await pass(0);
    stream.event.emit(server.puts(question));
    expect(run.question).toEqual(question);
    await run.answer(true);
    expect(server.asked).toContain('POST runs/r1/answer');
    expect(server.sent).toContain('{"question":1,"answer":true}');
    stream.event.emit(server.puts(null));
    expect(run.question).toBeNull();
    // Asked while nobody listened.
    stream.become('connecting');
    server.puts({ ...question, id: 2 });
    stream.become('connected');
    await pass(0);
    expect(run.question?.id).toBe(2);
    stream.event.emit({ kind: 'resync' });
    await pass(0);
    expect(news.filter(event => event === 'asked')).toHaveLength(3);
    server.document.question = null;
    stream.event.emit(server.ends());
    await pass(0);
    expect([run.state, run.question]).toEqual(['done', null]);
    // What is over is not answered.
    const { length } = server.asked;
    await run.answer(true);
    expect(server.asked).toHaveLength(length);
  });
});

describe('a question', () => {
  const shown = async (question: IQuestion): Promise<HTMLElement> => {
    const view = questionView(start(server, stream), trans);
    document.body.append(view);
    await pass(0);
    stream.event.emit(server.puts(question));
    return view;
  };
  const press = (view: HTMLElement, label: string): void =>
    [...view.querySelectorAll('button')].find(each => each.textContent === label)?.click();

  it('of yes or no has a button for each, and goes when it is answered', async () => {
    const view = await shown({ id: 1, kind: 'approve', text: '<b>Run</b> it?' });
    expect(view.querySelector('[role=alert]')?.textContent).toBe('<b>Run</b> it?');
    view.querySelector('button')?.focus();
    press(view, 'No');
    await pass(0);
    expect(server.sent).toContain('{"question":1,"answer":false}');
    stream.event.emit(server.puts(null));
    expect(view.childElementCount).toBe(0);
    expect(document.activeElement).toBe(view);
  });

  it('for a line takes one, or the end of the input; a refusal is told beside it', async () => {
    const view = await shown({ id: 1, kind: 'ask', text: 'Which? ' });
    const input = view.querySelector('input') as HTMLInputElement;
    input.focus();
    input.value = 'y';
    view.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
    await pass(0);
    expect(server.sent).toContain('{"question":1,"answer":"y"}');
    stream.event.emit(server.puts({ id: 2, kind: 'ask', text: 'And?' }));
    // Who typed goes on typing.
    expect(document.activeElement).toBe(view.querySelector('input'));
    server.gone = true;
    press(view, 'End the input');
    await pass(0);
    expect(server.sent).toContain('{"question":2,"answer":null}');
    expect(view.querySelector('.noo-mod-error')?.textContent).toContain('No such run.');
    expect(view.querySelector('button')?.disabled).toBe(false);
  });
});
