import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Run } from '../run';
import type { NootropicEvent } from '../tokens';
import { Server, start, Stream } from './runServer';

const PIECES = ['a', 'bb', '', 'c', 'dd', 'e'];
const WHOLE = PIECES.join('');

/** What a page shows that draws each piece, and everything anew where it is told to. */
class Page {
  text = '';
  ends = 0;

  constructor(run: Run) {
    run.news.connect((_, news) => {
      if (news.event === 'text') {
        this.text += news.text;
      } else if (news.event === 'reset') {
        this.text = run.text;
      } else if (news.event === 'ended') {
        this.ends++;
      }
    });
  }
}

/** Answers of the server that are on their way: written at one moment, read at another. */
class Slow extends Server {
  private readonly waiting: (() => void)[] = [];
  slow = false;

  constructor() {
    super();
    const { ask } = this;
    Object.assign(this, {
      ask: async (route: string, init: RequestInit) => {
        const document = await ask(route, init);
        if (this.slow) {
          await new Promise<void>(resolve => this.waiting.push(resolve));
        }
        return document;
      }
    });
  }

  arrive(): void {
    this.waiting.splice(0).forEach(resolve => resolve());
  }
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/**
 * An answer in pieces, and a connection that is cut before the piece `cut` and back before the piece `back`, while what
 * is asked then arrives before the piece `late`. The last two numbers may lie behind the end.
 */
async function cutAnswer(cut: number, back: number, late: number, twice: boolean): Promise<void> {
  const server = new Slow();
  const stream = new Stream();
  const run = start(server, stream);
  const page = new Page(run);
  await pass(0);
  const script: (() => NootropicEvent)[] = [...PIECES.map(piece => () => server.says(piece)), () => server.ends()];
  for (let at = 0; at <= script.length + 1; at++) {
    if (at === cut) {
      stream.become('connecting');
    }
    if (at === back) {
      server.slow = true;
      stream.become('connected');
      await pass(0);
    }
    if (at === late) {
      server.slow = false;
      server.arrive();
      await pass(0);
    }
    const event = script[at]?.();
    if (event !== undefined && !(at >= cut && at < back)) {
      stream.event.emit(event);
      if (twice) {
        stream.event.emit(event);
      }
    }
    await pass(0);
    expect(WHOLE.startsWith(page.text)).toBe(true);
    expect(page.text).toBe(run.text);
  }
  server.slow = false;
  server.arrive();
  await pass(60_000);
  expect([run.state, page.text, page.ends]).toEqual(['done', WHOLE, 1]);
}

describe('an answer whose connection is cut', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const last = PIECES.length + 2;
  for (const twice of [false, true]) {
    it(`is whole, wherever it is cut and whenever it comes back${twice ? ', with events twice' : ''}`, async () => {
      for (let cut = 0; cut <= last; cut++) {
        for (let back = cut; back <= last; back++) {
          for (let late = back; late <= last; late++) {
            await cutAnswer(cut, back, late, twice);
          }
        }
      }
    });
  }
});
