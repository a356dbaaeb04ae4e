import { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { asking } from '../api';
import { NootropicClient } from '../client';
import { defaults, TestSettings, trans } from './fixtures';

interface ISeen {
  readonly url: string;
  readonly method: string;
  readonly body: unknown;
}

function client(status: number, reply: unknown, seen: ISeen[] = [], followed: string[] = [], kept = defaults): NootropicClient {
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost:1/base/',
    fetch: async (input: RequestInfo | URL) => {
      const request = input as Request;
      const body = request.method === 'POST' ? JSON.parse(await request.text()) : null;
      seen.push({ url: request.url.split('?')[0] ?? '', method: request.method, body });
      return new Response(typeof reply === 'string' ? reply : JSON.stringify(reply), { status });
    }
  });
  const documents = {
    unsaved: () => ['work/open.py'],
    unsavedText: () => null,
    follow: async (paths: readonly string[]) => {
      followed.push(...paths);
    },
    freshen: async () => {
      followed.push('*');
    }
  };
  return new NootropicClient({ ask: asking(settings, trans), documents, settings: kept, events: null, trans });
}

describe('a call', () => {
  it('sends arguments, folder and unsaved files, and lets open files follow', async () => {
    const seen: ISeen[] = [];
    const followed: string[] = [];
    const reply = { result: { id: 'A1' }, bundle: { 'text/plain': 'ok' }, changed: ['work/a.py'], effect: 'decide' };
    const service = client(200, reply, seen, followed);
    const decisions: unknown[] = [];
    service.decided.connect((_, decision) => decisions.push(decision));
    const answer = await service.call('accept', { refs: ['P1:2'] }, { folder: 'work' });
    expect(seen).toEqual([
      {
        url: 'http://localhost:1/base/nootropic/api/capabilities/accept',
        method: 'POST',
        body: { arguments: { refs: ['P1:2'] }, path: 'work', unsaved: ['work/open.py'] }
      }
    ]);
    expect(answer.result).toEqual({ id: 'A1' });
    expect(followed).toEqual(['work/a.py']);
    expect(decisions).toEqual([{ verb: 'accept', folder: 'work' }]);
  });

  it('tells views of a verb that ran in a cell, after open files were loaded again', async () => {
    const followed: string[] = [];
    const service = client(200, {}, [], followed);
    const decisions: unknown[] = [];
    service.decided.connect((_, decision) => decisions.push([decision, [...followed]]));
    await service.ranInCell('work');
    expect(decisions).toEqual([[{ verb: '', folder: 'work' }, ['*']]]);
  });

  it('looks few things up at once, and all of them in the end', async () => {
    let now = 0;
    let most = 0;
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://localhost:1/',
      fetch: async () => {
        most = Math.max(most, ++now);
        await new Promise(resolve => setTimeout(resolve, 1));
        now--;
        return new Response('{}');
      }
    });
    const documents = { unsavedText: () => null, unsaved: () => [], follow: async () => undefined, freshen: async () => undefined };
    const service = new NootropicClient({ ask: asking(settings, trans), documents, settings: defaults, events: null, trans });
    const ids = Array.from({ length: 30 }, (_, k) => `P${k}`);
    await Promise.all(ids.map(id => service.call('show', { id }, { folder: '' })));
    expect(most).toBe(4);
  });

  it('tells what the verb refused, why, and what to do', async () => {
    const refused = client(409, { error: { type: 'Drift', what: 'It changed', why: 'Someone edited it.', next: 'Run it again' } });
    await expect(refused.call('accept', {}, { folder: '' })).rejects.toThrow('It changed. Someone edited it. Run it again.');
  });

  it('tells when the server is not one of ours, or answers nonsense', async () => {
    await expect(client(404, '<html>').capabilities()).rejects.toThrow('does not run Nootropic');
    await expect(client(502, '<html>').capabilities()).rejects.toThrow('status 502');
    expect(await client(200, '[]').capabilities()).toEqual([]);
  });

  it('tells that the page is no longer let in', async () => {
    await expect(client(403, { message: 'Forbidden' }).capabilities()).rejects.toThrow('does not let this page in');
  });

  it('is not made while all is switched off, and is made again after that', async () => {
    const seen: ISeen[] = [];
    const kept = new TestSettings({ enabled: false });
    const service = client(200, { run: '1' }, seen, [], kept);
    await expect(service.call('status', {}, { folder: '' })).rejects.toThrow('switched off');
    await expect(service.capabilities()).rejects.toThrow('switched off');
    await expect(service.start('status', {}, { folder: '' }).result).rejects.toThrow('switched off');
    expect(seen).toEqual([]);
    await kept.turn(true);
    await service.capabilities();
    expect(seen).toHaveLength(1);
  });

  it('reads verbs with care: a strange effect counts as a decision, a strange name is left out', async () => {
    const found = await client(200, {
      capabilities: [{ verb: 'plan', effect: 'propose' }, { verb: 'wipe', effect: 'magic' }, { verb: '../x' }, 7]
    }).capabilities();
    expect(found.map(item => [item.verb, item.effect])).toEqual([
      ['plan', 'propose'],
      ['wipe', 'decide']
    ]);
  });
});
