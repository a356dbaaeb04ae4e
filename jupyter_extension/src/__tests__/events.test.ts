import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { EventHub } from '../events';
import type { NootropicEvent, StreamState } from '../tokens';
import { TestSettings } from './fixtures';

/** A socket whose other end is the test. */
class Socket {
  static made: Socket[] = [];
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((closed: { code: number }) => void) | null = null;
  closed = false;

  constructor(readonly url: string) {
    Socket.made.push(this);
  }

  close(): void {
    this.closed = true;
  }

  says(document: unknown): void {
    this.onmessage?.({ data: typeof document === 'string' ? document : JSON.stringify(document) });
  }

  breaks(code = 1006): void {
    this.onclose?.({ code });
  }
}

const row = (id: number): object => ({ kind: 'journal', id, name: 'PlanChanged', row: 'plan.made', subject: 'p', data: {} });
const hello = (last: number, instance = 'one'): object => ({ kind: 'hello', last, instance });
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const newest = (): Socket => Socket.made[Socket.made.length - 1]!;

let hub: EventHub;
/** What the server answers over HTTP; 0 for nothing. */
let status: number;
let settings: TestSettings;

beforeEach(async () => {
  vi.useFakeTimers();
  Socket.made = [];
  settings = new TestSettings();
  const server = { wsUrl: 'ws://here/base/', token: 'secret', appendToken: true, WebSocket: Socket as unknown as typeof WebSocket };
  status = 0;
  hub = new EventHub(server, settings, async () => status);
  await settings.ready;
});
afterEach(() => vi.useRealTimers());

function listen(folder = 'work'): { seen: NootropicEvent[]; states: StreamState[]; stream: ReturnType<EventHub['connect']> } {
  const stream = hub.connect(folder);
  const seen: NootropicEvent[] = [];
  const states: StreamState[] = [];
  stream.event.connect((_, event) => seen.push(event));
  stream.stateChanged.connect((_, state) => states.push(state));
  return { seen, states, stream };
}

describe('the events', () => {
  it('come over one connection a folder, which ends with the last listener', () => {
    const [one, other] = [listen(), listen()];
    listen('elsewhere');
    expect(Socket.made.map(socket => socket.url)).toEqual([
      'ws://here/base/nootropic/api/events?path=work&token=secret',
      'ws://here/base/nootropic/api/events?path=elsewhere&token=secret'
    ]);
    Socket.made[0]!.says(hello(3));
    Socket.made[0]!.says(row(4));
    expect([one.seen.length, other.seen.length]).toEqual([1, 1]);
    one.stream.dispose();
    expect(Socket.made[0]!.closed).toBe(false);
    other.stream.dispose();
    expect(Socket.made[0]!.closed).toBe(true);
  });

  it('go on after a break from where they stood, none twice', async () => {
    const { seen, states, stream } = listen();
    newest().says(hello(3));
    newest().says(row(4));
    newest().breaks();
    expect(stream.state).toBe('connecting');
    await pass(1000);
    expect(newest().url).toContain('&since=4');
    newest().says(hello(6));
    [4, 5, 6].forEach(id => newest().says(row(id)));
    expect(seen.map(event => event.kind === 'journal' && event.id)).toEqual([4, 5, 6]);
    expect(states).toEqual(['connected', 'connecting', 'connected']);
  });

  it('tell when the server stays away, and try on with growing pauses', async () => {
    const { stream } = listen();
    for (let n = 0; n < 10; n++) {
      newest().breaks();
      await pass(40_000);
    }
    expect(stream.state).toBe('offline');
    expect(Socket.made).toHaveLength(11);
    newest().breaks();
    window.dispatchEvent(new Event('online'));
    expect(Socket.made).toHaveLength(12);
    newest().says(hello(0));
    expect(stream.state).toBe('connected');
  });

  it('never go on in another journal, however many rows it has', async () => {
    const { seen } = listen();
    newest().says({ ...hello(5), journal: '1@10.5' });
    newest().says(row(6));
    newest().breaks();
    await pass(1000);
    expect(newest().url).toContain('&since=6&journal=1%4010.5');
    newest().says({ ...hello(9), journal: '1@99.5' });
    newest().says(row(10));
    expect(seen.map(event => (event.kind === 'journal' ? event.id : event.kind))).toEqual([6, 'resync', 10]);
    newest().breaks();
    await pass(1000);
    newest().says({ ...hello(11), journal: '1@99.5' });
    newest().says(row(11));
    expect(seen.slice(3).map(event => (event.kind === 'journal' ? event.id : event.kind))).toEqual([11]);
  });

  it('knock no more where this page is not let in, until the person comes back or asks for it', async () => {
    const { stream, states } = listen();
    newest().says(hello(0));
    status = 403;
    for (let n = 0; n < 3; n++) {
      newest().breaks();
      await pass(10_000);
    }
    expect(states).toEqual(['connected', 'connecting', 'refused']);
    const { length } = Socket.made;
    await pass(3_600_000);
    expect(Socket.made).toHaveLength(length);
    // Somebody else begins to listen: that is no reason to knock.
    listen();
    expect(Socket.made).toHaveLength(length);
    window.dispatchEvent(new Event('focus'));
    expect(Socket.made).toHaveLength(length + 1);
    newest().breaks();
    await pass(3_600_000);
    expect([Socket.made.length, stream.state]).toEqual([length + 1, 'refused']);
    stream.retry();
    newest().says(hello(0));
    expect(stream.state).toBe('connected');
    // A window that is looked at again asks for nothing where all is well.
    window.dispatchEvent(new Event('focus'));
    expect(Socket.made).toHaveLength(length + 2);
  });

  it('tell when only they do not come through, and try on', async () => {
    const { stream } = listen();
    status = 200;
    for (let n = 0; n < 5; n++) {
      newest().breaks();
      await pass(40_000);
    }
    expect([stream.state, Socket.made.length]).toEqual(['unheard', 6]);
    newest().says(hello(0));
    expect(stream.state).toBe('connected');
  });

  it('tell everyone to read anew after a restart, and where the journal is another one', async () => {
    const { seen } = listen();
    newest().says(hello(9));
    newest().breaks();
    await pass(1000);
    newest().says(hello(9, 'two'));
    expect(seen).toEqual([{ kind: 'resync' }]);
    // Thrown away while we listen: the next row has a small number, and counts.
    newest().says(hello(0, 'two'));
    newest().says(row(1));
    expect(seen.map(event => event.kind)).toEqual(['resync', 'resync', 'journal']);
  });

  it('bear anything that is no event, and read anew after what cannot be read', () => {
    const { seen } = listen();
    newest().says('{ half a');
    expect(seen.splice(0)).toEqual([{ kind: 'resync' }]);
    ['[]', 'null', '7', { kind: 'run', event: 'format' }, { kind: 'journal', id: 'x' }, { kind: 'new' }].forEach(
      document => newest().says(document)
    );
    expect(seen).toEqual([]);
  });

  it('stop when all is switched off, and come again', async () => {
    const { stream } = listen();
    newest().says(hello(1));
    await settings.turn(false);
    expect([newest().closed, stream.state]).toEqual([true, 'offline']);
    await pass(60_000);
    expect(Socket.made).toHaveLength(1);
    await settings.turn(true);
    expect(Socket.made).toHaveLength(2);
  });
});
