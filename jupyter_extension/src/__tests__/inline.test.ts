import { describe, expect, it } from 'vitest';
import type { CompletionHandler, IInlineCompletionContext } from '@jupyterlab/completer';

import { CallError } from '../api';
import { InlineProvider } from '../inline/provider';
import { answer, Desk, settled, TestSettings, trans } from './fixtures';

const AUTOMATIC = { triggerKind: 1, widget: { context: { path: 'work/calc.py' } } } as unknown as IInlineCompletionContext;
const INVOKED = { triggerKind: 0 } as unknown as IInlineCompletionContext;

function request(text: string, offset = text.length): CompletionHandler.IRequest {
  return { text, offset, mimeType: 'text/x-ipython' };
}

async function provider(client: Desk, on = true): Promise<InlineProvider> {
  const settings = new TestSettings({ inlineCompletions: on });
  await settings.ready;
  return new InlineProvider({ client, settings, trans, localPath: path => path, wait: 20 });
}

const completed = (insert: string) => ({ ...answer({}), result: { insert, model: 'm', seconds: 0.5 } });

describe('inline completions', () => {
  it('ask nobody while they are off', async () => {
    const client = new Desk(() => completed('x'));
    expect((await (await provider(client, false)).fetch(request('a = '), INVOKED)).items).toEqual([]);
    expect(client.calls).toEqual([]);
  });

  it('ask once after typing stops, and tell the journal what was taken', async () => {
    const client = new Desk(() => completed('sorted(books)'));
    const asked = await provider(client);
    const first = asked.fetch(request('def f(books):\n    return'), AUTOMATIC);
    const second = asked.fetch(request('def f(books):\n    return '), AUTOMATIC);
    expect((await first).items).toEqual([]);
    expect((await second).items).toEqual([{ insertText: 'sorted(books)' }]);
    expect(client.calls.map(call => call.verb)).toEqual(['complete']);
    expect(client.calls[0]?.args).toMatchObject({ language: 'python', path: 'calc.py', suffix: '', backend: '' });
    expect(client.calls[0]?.options.folder).toBe('work');
    await asked.taken('another');
    await asked.taken('sorted(books)');
    await asked.taken('sorted(books)');
    expect(client.calls.slice(1).map(call => [call.verb, call.args.text, call.args['latency-s'], call.args.model])).toEqual([
      ['note-completion', 'sorted(books)', 0.5, 'm']
    ]);
  });

  it('stop the request before it when the person types on', async () => {
    let stopped = false;
    const client = new Desk(
      call =>
        new Promise((_resolve, reject) => {
          call.options.signal?.addEventListener('abort', () => {
            stopped = true;
            reject(new CallError('Stopped.'));
          });
        })
    );
    const asked = await provider(client);
    const first = asked.fetch(request('a = '), INVOKED);
    await settled();
    const next = asked.fetch(request('   '), INVOKED);
    expect((await first).items).toEqual([]);
    expect((await next).items).toEqual([]);
    expect(stopped).toBe(true);
  });

  it('rest after a refusal, unless the person asks; and then say why', async () => {
    const client = new Desk(() => {
      throw new CallError('There is no model that can be asked.');
    });
    const asked = await provider(client);
    expect((await asked.fetch(request('a = '), AUTOMATIC)).items).toEqual([]);
    expect((await asked.fetch(request('b = '), AUTOMATIC)).items).toEqual([]);
    expect(client.calls.length).toBe(1);
    expect((await asked.fetch(request('b = '), INVOKED)).items[0]?.error?.message).toContain('no model');
    // In the middle of a word nothing is meant.
    expect((await asked.fetch(request('value', 3), AUTOMATIC)).items).toEqual([]);
    expect(client.calls.length).toBe(2);
  });
});
