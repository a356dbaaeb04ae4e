import { Sanitizer } from '@jupyterlab/apputils';
import { RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';
import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { ILive } from '../chat/live';
import { ChatPanel } from '../chat/panel';
import { QuietSanitizer } from '../chat/quiet';
import type { ITargets } from '../chat/targets';
import type { IAnswer, INootropicEvents } from '../tokens';
import type { ICall } from './fixtures';
import { attach, Desk, settled, TestSettings, trans } from './fixtures';
import { Stream } from './runServer';

/** What the page knows, in a test. */
export const live: ILive = {
  cells: () => [{ text: '@cell', about: 'the active cell' }],
  names: async () => ['df'],
  unsavedText: path => (path === 'work/open.py' ? 'live' : null),
  gather: async keys => ({ attach: Object.fromEntries(keys.filter(key => key === 'df').map(key => [key, 'df: 3 rows'])), problem: '' })
};

export function result(data: ReadonlyJSONObject): IAnswer {
  return { result: data, bundle: { 'text/plain': 'shown' }, changed: [] };
}

export const turn = (question: string, answer: string): ReadonlyJSONObject => ({ question, answer, ending: 'whole', model: 'm', backend: 'b', sent: [] });
export const said = (over: ReadonlyJSONObject = {}): IAnswer =>
  result({
    chat: 'C1', turn: 1, answer: 'It **is**.', ending: 'whole', model: 'tiny', backend: 'embedded', local: true,
    used: 300, window: 4096, exact: true, sent: ['df'], left_out: [{ name: 'long.py', reason: 'too large', tokens: 9000 }],
    notes: [], cost: '$0.01', chat_cost: '$0.03', ...over
  });

/** A chat on the page, and the edges that a test sees. */
export interface IBench {
  readonly panel: ChatPanel;
  readonly desk: Desk;
  readonly stream: Stream;
  readonly kept: Map<string, unknown>;
  readonly asked: [string, ReadonlyJSONObject][];
  readonly box: HTMLTextAreaElement;
  send(message: string): Promise<void>;
}

export async function bench(
  reply: (call: ICall) => IAnswer | Promise<IAnswer>,
  settings: ReadonlyJSONObject = {},
  runs: readonly ReadonlyJSONObject[] = []
): Promise<IBench> {
  const desk = new Desk(call => {
    if (call.verb === 'status') {
      return result({ model: { name: 'tiny', ready: true, local: true } });
    }
    return call.verb === 'cost' ? result({ total: { cost: '$0.05' } }) : reply(call);
  });
  const stream = new Stream();
  const kept = new Map<string, unknown>();
  const asked: [string, ReadonlyJSONObject][] = [];
  const targets: ITargets = { where: () => null, insert: () => '', replace: () => '', below: () => '' };
  const switches = new TestSettings(settings);
  await switches.ready;
  const panel = new ChatPanel({
    client: desk,
    ask: async (route, init) => {
      if (route === 'runs') {
        return { runs };
      }
      const body = JSON.parse(String(init.body)) as ReadonlyJSONObject;
      asked.push([route, body]);
      if (route === 'capabilities/note-command') {
        return { result: { chat: 'C1', number: 1 } };
      }
      if (route === 'complete') {
        return { candidates: [{ text: '/plan', about: 'Make a plan' }, { text: '/play', about: 'Play' }] };
      }
      await settled(); // as over a network: something else may happen meanwhile
      return { verb: 'plan', arguments: { brief: 'x' }, effect: 'propose' };
    },
    events: { connect: () => stream } satisfies INootropicEvents,
    settings: switches,
    state: {
      fetch: async (id: string) => kept.get(id),
      save: async (id: string, value: unknown) => void kept.set(id, value)
    } as unknown as IStateDB,
    live,
    targets,
    trans,
    root: async (folder = 'work') => folder,
    rendermime: () => new RenderMimeRegistry({ initialFactories: standardRendererFactories, sanitizer: new QuietSanitizer(new Sanitizer()) })
  });
  attach(panel);
  await settled();
  const box = panel.node.querySelector('textarea')!;
  return {
    panel, desk, stream, kept, asked, box,
    send: async message => {
      box.value = message;
      box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
      await settled();
      await settled();
    }
  };
}

/** A workspace without chats that answers everything. */
export const none = (call: ICall): IAnswer => (call.verb === 'chats' ? result({ chats: [], turns: [] }) : said());

/** A run that another window started. */
export const head = (chat: string, over: ReadonlyJSONObject = {}): ReadonlyJSONObject => ({
  run: 'r9', verb: 'chat', path: 'work', state: 'running', arguments: { chat, message: 'Two?' }, ...over
});
/** A workspace with one chat. */
export const inC7 = (turns: ReadonlyJSONObject[]) => (call: ICall): IAnswer =>
  call.verb !== 'chats' ? said({ chat: 'C7', turn: 2, question: 'Two?', answer: 'Live.' }) : result(
    call.args.action === 'list' ? { chats: [{ id: 'C7', turns: 1, face: 'lab' }] } : { turns: [...turns], cost: '$0' }
  );
