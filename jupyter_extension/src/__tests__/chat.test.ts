import { Sanitizer } from '@jupyterlab/apputils';
import { RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';
import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import axe from 'axe-core';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { CallError } from '../api';
import { chips, enclosed } from '../chat/chips';
import type { ILive } from '../chat/live';
import { Memory } from '../chat/memory';
import { ChatPanel } from '../chat/panel';
import { QuietSanitizer } from '../chat/quiet';
import type { ITargets } from '../chat/targets';
import type { IAnswer, IEventStream, INootropicEvents, NootropicEvent, StreamState } from '../tokens';
import type { ICall } from './fixtures';
import { attach, Desk, settled, TestSettings, trans } from './fixtures';

const live: ILive = {
  cells: () => [{ text: '@cell', about: 'the active cell' }],
  names: async () => ['df'],
  unsavedText: path => (path === 'work/open.py' ? 'live' : null),
  gather: async keys => ({ attach: Object.fromEntries(keys.filter(key => key === 'df').map(key => [key, 'df: 3 rows'])), problem: '' })
};

const item = (over: ReadonlyJSONObject): ReadonlyJSONObject => ({ written: '@df', kind: 'variable', key: 'df', found: false, ...over });

describe('what goes along', () => {
  it('is asked of the page only where the workspace does not know it, and shown as it will be sent', async () => {
    const desk = new Desk(({ args }) => {
      const given = (args.attach as Record<string, string>).df;
      const known = item({ written: '@a.py', kind: 'file', key: 'file:a.py', found: true, text: 'A' });
      return result({ items: [known, given === undefined ? item({}) : item({ found: true, text: 'df: 3 ro***' })] });
    });
    const found = await enclosed('See @a.py and @df', 'work', desk, live);
    expect(found.attach).toEqual({ df: 'df: 3 rows' });
    expect(found.mentions.map(each => each.text)).toEqual(['A', 'df: 3 ro***']);
    expect(desk.calls.map(call => [call.verb, call.options.folder])).toEqual([['mentions', 'work'], ['mentions', 'work']]);
    expect((await enclosed('nothing here', 'work', desk, live)).mentions).toEqual([]);
    expect(desk.calls.length).toBe(2);
  });
});

it('files go along as their tab shows them, and the chip says so', async () => {
  const items = [
    item({ written: '@open.py', kind: 'file', key: 'file:open.py', found: true, text: 'saved' }),
    item({ written: '@a.py', kind: 'file', key: 'file:a.py', found: true, text: 'A' })
  ];
  const desk = new Desk(({ args }) => {
    const given = (args.attach as Record<string, string>)['file:open.py'];
    return result({ items: items.map(each => (given !== undefined && each.key === 'file:open.py' ? { ...each, text: given } : each)) });
  });
  const found = await enclosed('See @open.py and @a.py', 'work', desk, live);
  expect(found.attach).toEqual({ 'file:open.py': 'live' });
  const shown = chips(found, trans);
  expect(shown.map(each => each.textContent?.includes('unsaved edits'))).toEqual([true, false]);
  expect(shown[0]!.querySelector('pre')!.textContent).toBe('live');
});

class Stream implements IEventStream {
  readonly folder = '';
  state: StreamState = 'connected';
  readonly stateChanged: Signal<IEventStream, StreamState> = new Signal<IEventStream, StreamState>(this);
  readonly event: Signal<IEventStream, NootropicEvent> = new Signal<IEventStream, NootropicEvent>(this);
  isDisposed = false;
  retry(): void {}
  dispose(): void {
    this.isDisposed = true;
  }
}

function result(data: ReadonlyJSONObject): IAnswer {
  return { result: data, bundle: { 'text/plain': 'shown' }, changed: [] };
}

const turn = (question: string, answer: string): ReadonlyJSONObject => ({ question, answer, ending: 'whole', model: 'm', backend: 'b', sent: [] });
const said = (over: ReadonlyJSONObject = {}): IAnswer =>
  result({
    chat: 'C1', turn: 1, answer: 'It **is**.', ending: 'whole', model: 'tiny', backend: 'embedded', local: true,
    used: 300, window: 4096, exact: true, sent: ['df'], left_out: [{ name: 'long.py', reason: 'too large', tokens: 9000 }],
    notes: [], cost: '$0.01', chat_cost: '$0.03', ...over
  });

interface IBench {
  readonly panel: ChatPanel;
  readonly desk: Desk;
  readonly stream: Stream;
  readonly kept: Map<string, unknown>;
  readonly asked: [string, ReadonlyJSONObject][];
  readonly box: HTMLTextAreaElement;
  send(message: string): Promise<void>;
}

async function bench(
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

const none = (call: ICall): IAnswer => (call.verb === 'chats' ? result({ chats: [], turns: [] }) : said());

describe('the chat panel', () => {
  afterEach(() => {
    document.body.replaceChildren();
    vi.useRealTimers();
  });

  it('asks, shows who answered, how full the window is and what it cost', async () => {
    const { panel, desk, send, box } = await bench(none);
    expect(panel.node.textContent).toContain('Ask about this repository');
    await send('Is it?');
    const call = desk.calls.find(each => each.verb === 'chat')!;
    expect(call.args).toEqual({ message: 'Is it?', attach: {}, new: true });
    expect(call.options.folder).toBe('work');
    const text = panel.node.textContent!;
    expect(text).toContain('tiny by embedded · local · cost $0.01');
    expect(text).toContain('300 of 4,096 tokens (7 %)');
    expect(text).toContain('long.py: too large, about 9,000 tokens');
    expect(text).toContain('Cost: this chat $0.03, today $0.05');
    expect(text).not.toContain('Ask about this repository');
    expect(box.value).toBe('');
    await send('And that?');
    expect(desk.calls.filter(each => each.verb === 'chat')[1]!.args).toEqual({ message: 'And that?', attach: {}, chat: 'C1' });
    panel.dispose();
  });

  it('sends with the key that the person chose', async () => {
    const { panel, desk, box, send } = await bench(none, { sendWith: 'Accel Enter' });
    await send('not yet');
    expect(desk.calls.some(call => call.verb === 'chat')).toBe(false);
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true }));
    await settled();
    expect(desk.calls.some(call => call.verb === 'chat')).toBe(true);
    panel.dispose();
  });

  it('tells why there is no answer, and asks again', async () => {
    let fails = true;
    const { panel, desk, send } = await bench(call => {
      if (call.verb === 'chat' && fails) {
        throw new CallError('No such run.', 'The server was restarted.', '', 404, 'UnknownRun');
      }
      return none(call);
    });
    await send('Hm?');
    expect(panel.node.querySelector('.noo-notice')!.textContent).toContain('the rest of it is lost');
    fails = false;
    [...panel.node.querySelectorAll('button')].find(each => each.textContent === 'Retry')!.click();
    await settled();
    await settled();
    expect(desk.calls.filter(call => call.verb === 'chat').map(call => call.args.message)).toEqual(['Hm?', 'Hm?']);
    expect(panel.node.querySelector('.noo-chat-facts')).not.toBeNull();
    panel.dispose();
  });

  it('says when the server is away, sends nothing then, and loses nothing', async () => {
    const { panel, stream, desk, box, send } = await bench(none);
    const become = (state: StreamState): void => {
      stream.state = state;
      stream.stateChanged.emit(state);
    };
    const banner = (): string => panel.node.querySelector('.noo-chat-banner')!.textContent ?? '';
    for (const [state, words] of [['offline', 'does not answer'], ['refused', 'does not let this page in']] as const) {
      become(state);
      expect(banner()).toContain(words);
      await send('not now');
      expect([box.value, desk.calls.some(call => call.verb === 'chat')]).toEqual(['not now', false]);
    }
    // Only news are missing: it works all the same.
    become('unheard');
    expect(banner()).toContain('News do not come through');
    await send('now');
    expect(desk.calls.filter(call => call.verb === 'chat').map(call => call.args.message)).toEqual(['now']);
    become('connected');
    expect(banner()).toBe('');
    panel.dispose();
  });

  it('may be closed while it goes to another workspace, and while an answer comes', async () => {
    const faults: unknown[] = [];
    const fault = (error: unknown): unknown => faults.push(error);
    process.on('unhandledRejection', fault);
    const { panel, send } = await bench(none);
    void send('Is it?');
    void panel.take({ verb: 'chat', args: {}, text: 'And there?', folder: 'elsewhere' });
    panel.dispose();
    await settled();
    await settled();
    process.off('unhandledRejection', fault);
    expect(faults).toEqual([]);
  });

  it('opens by itself when the server is there at last', async () => {
    let there = false;
    const { panel, stream } = await bench(call => {
      if (!there) {
        throw new CallError('The Jupyter server did not answer.');
      }
      return none(call);
    });
    expect(panel.node.querySelector('.noo-chat-log')!.textContent).toContain('could not be opened');
    there = true;
    stream.stateChanged.emit('connected');
    await settled();
    expect(panel.node.querySelector('.noo-chat-log')!.textContent).toContain('Ask about this repository');
    panel.dispose();
  });

  it('reads a slash command on the server and shows its result', async () => {
    const { panel, desk, asked, send } = await bench(none);
    await send('/plan x');
    const note = { line: '/plan x', forms: { 'text/plain': 'shown' } };
    expect(asked).toEqual([
      ['parse', { path: 'work', text: '/plan x' }],
      ['capabilities/note-command', { arguments: note, path: 'work' }]
    ]);
    expect(desk.calls.find(call => call.verb === 'plan')!.args).toEqual({ brief: 'x' });
    expect(panel.node.querySelector('.noo-chat-result')!.textContent).toContain('shown');
    panel.dispose();
  });

  it('completes with the keyboard alone', async () => {
    const { panel, box } = await bench(none);
    box.focus();
    box.value = '/pla';
    box.setSelectionRange(4, 4);
    box.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(resolve => setTimeout(resolve, 150));
    const list = panel.node.querySelector<HTMLElement>('[role=listbox]')!;
    expect([list.children.length, box.getAttribute('aria-controls')]).toEqual([2, list.id]);
    const press = (key: string): boolean => box.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    press('ArrowDown');
    expect(box.getAttribute('aria-activedescendant')).toBe(list.children[1]!.id);
    press('ArrowUp');
    press('Enter');
    expect([box.value, list.hidden, box.getAttribute('aria-activedescendant')]).toEqual(['/plan ', true, null]);
    panel.dispose();
  });

  it('keeps in step with another window, and leaves what stands there alone', async () => {
    const turns = [turn('One?', 'First.')];
    const { panel, stream, desk } = await bench(call =>
      call.verb !== 'chats' ? said() : result(call.args.action === 'list' ? { chats: [{ id: 'C7', title: 'One?', turns: 1, face: 'lab' }] } : { turns: [...turns], cost: '$0' })
    );
    const [first] = panel.node.querySelectorAll('.noo-chat-entry');
    expect(first!.textContent).toContain('First.');
    turns.push(turn('Two?', 'Second.'));
    stream.event.emit({ kind: 'journal', id: 1, name: 'ChatChanged', row: 'chat.said', subject: 'C8', data: {} });
    stream.event.emit({ kind: 'journal', id: 2, name: 'ChatChanged', row: 'chat.said', subject: 'C7', data: {} });
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(panel.node.querySelectorAll('.noo-chat-entry').length).toBe(2);
    expect(panel.node.querySelector('.noo-chat-entry')).toBe(first);
    expect(desk.calls.filter(call => call.args.action === 'show').length).toBe(2);
    stream.event.emit({ kind: 'journal', id: 3, name: 'ChatChanged', row: 'chat.forgotten', subject: '', data: {} });
    expect(panel.node.querySelectorAll('.noo-chat-entry').length).toBe(0);
    panel.dispose();
  });

  it('has commands in their place, where they were kept', async () => {
    const turns = [turn('One?', 'First.'), turn('Two?', 'Second.')];
    const commands = [
      { number: 3, turns: 1, line: '/status', forms: { 'text/plain': 'fine' } },
      { number: 4, turns: 1, line: '/cost', forms: { 'text/plain': 'nothing' } }
    ];
    const { panel, stream } = await bench(call =>
      call.verb !== 'chats'
        ? said()
        : result(call.args.action === 'list' ? { chats: [{ id: 'C7', turns: 2, face: 'lab' }] } : { turns, commands, cost: '$0' })
    );
    const shown = (): string[] =>
      [...panel.node.querySelectorAll('.noo-chat-entry')].map(each => each.querySelector('.noo-chat-question')!.textContent!);
    expect(shown()).toEqual(['One?', '/status', '/cost', 'Two?']);
    expect(panel.node.querySelector('.noo-chat-result')!.textContent).toContain('fine');
    commands.push({ number: 5, turns: 2, line: '/board', forms: { 'text/plain': 'late' } });
    stream.event.emit({ kind: 'journal', id: 1, name: 'ChatChanged', row: 'chat.noted', subject: 'C7', data: {} });
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(shown()).toEqual(['One?', '/status', '/cost', 'Two?', '/board']);
    panel.dispose();
  });

  const head = (chat: string, over: ReadonlyJSONObject = {}): ReadonlyJSONObject => ({
    run: 'r9', verb: 'chat', path: 'work', state: 'running', arguments: { chat, message: 'Two?' }, ...over
  });
  const inC7 = (turns: ReadonlyJSONObject[]) => (call: ICall): IAnswer =>
    call.verb !== 'chats' ? said({ chat: 'C7', turn: 2, question: 'Two?', answer: 'Live.' }) : result(
      call.args.action === 'list' ? { chats: [{ id: 'C7', turns: 1, face: 'lab' }] } : { turns: [...turns], cost: '$0' }
    );

  it('follows what another window asks in the same chat, and nothing else', async () => {
    const { panel, stream, desk } = await bench(inC7([turn('One?', 'First.')]));
    const others = [head('C8'), head('C7', { path: 'other' }), head('C7', { verb: 'run' }), head('C7', { state: 'done' })];
    for (const data of others) {
      stream.event.emit({ kind: 'run', run: 'r9', seq: 1, event: 'started', data });
    }
    expect(desk.calls.filter(call => call.verb === '')).toHaveLength(0);
    stream.event.emit({ kind: 'run', run: 'r9', seq: 1, event: 'started', data: head('C7') });
    await settled();
    expect(desk.calls.filter(call => call.verb === '')).toHaveLength(1);
    const entries = panel.node.querySelectorAll('.noo-chat-entry');
    expect(entries).toHaveLength(2);
    expect(entries[1]!.textContent).toContain('Two?');
    expect(entries[1]!.textContent).toContain('Live.');
    panel.dispose();
  });

  it('takes up an answer that is coming, in the place of what was kept of it so far', async () => {
    const cut = { ...turn('Two?', 'Li'), ending: 'cut' };
    const { panel, desk } = await bench(inC7([turn('One?', 'First.'), cut]), {}, [head('C7')]);
    await settled();
    expect(desk.calls.filter(call => call.verb === '')).toHaveLength(1);
    const entries = panel.node.querySelectorAll('.noo-chat-entry');
    expect(entries).toHaveLength(2);
    expect(entries[1]!.textContent).not.toContain('Broken off');
    panel.dispose();
  });

  const begins = (message: string): ReadonlyJSONObject => head('', { arguments: { new: true, message } });

  it('follows the first question of the first chat, whichever window asks it', async () => {
    const { panel, stream, desk, kept, send } = await bench(call =>
      call.verb === 'chats' ? result({ chats: [], turns: [] }) : said({ chat: 'C7', question: 'One?', answer: 'Live.' })
    );
    stream.event.emit({ kind: 'run', run: 'r9', seq: 1, event: 'started', data: begins('One?') });
    await settled();
    expect(panel.node.querySelector('.noo-chat-entry')!.textContent).toContain('Live.');
    await send('Two?');
    expect(desk.calls.find(call => call.verb === 'chat')?.args).toMatchObject({ chat: 'C7' });
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(kept.get('nootropic-lab:chat')).toMatchObject({ chat: 'C7' });
    panel.dispose();
  });

  it('leaves the chats of other windows alone where the person began one of their own', async () => {
    const { panel, stream, desk } = await bench(none);
    [...panel.node.querySelectorAll('button')].find(each => each.textContent === 'New')!.click();
    stream.event.emit({ kind: 'run', run: 'r9', seq: 1, event: 'started', data: begins('One?') });
    stream.event.emit({ kind: 'journal', id: 1, name: 'ChatChanged', row: 'chat.said', subject: 'C7', data: {} });
    await settled();
    expect(desk.calls.filter(call => call.verb === '' || call.args.action === 'list')).toHaveLength(1);
    expect(panel.node.querySelectorAll('.noo-chat-entry')).toHaveLength(0);
    panel.dispose();
  });

  it('reads the first chat once there is one, where it did not see it begin', async () => {
    const chats: ReadonlyJSONObject[] = [];
    const { panel, stream } = await bench(call =>
      call.verb !== 'chats' ? said() : result(call.args.action === 'list' ? { chats: [...chats] } : { turns: [turn('One?', 'First.')], cost: '$0' })
    );
    chats.push({ id: 'C7', turns: 1, face: 'lab' });
    stream.event.emit({ kind: 'journal', id: 1, name: 'ChatChanged', row: 'chat.said', subject: 'C7', data: {} });
    await settled();
    expect(panel.node.querySelector('.noo-chat-entry')!.textContent).toContain('First.');
    panel.dispose();
  });

  const long = 'Why? '.repeat(500);

  it.each([
    ['One?', 'One?', 1],
    ['One?', 'Another?', 0],
    // Regression: a long question was not known again by its beginning, which is all that other windows are told.
    [long, `${long.slice(0, 2000)}…`, 1],
    [long, `${long.slice(0, 1990)} not? …`, 0],
    ['Why? And so on', 'Why?…', 0]
  ])('takes up the first answer of a chat where that is what comes: %#', async (asked, message, joined) => {
    const cut = { ...turn(asked, 'Fi'), ending: 'cut' };
    const { panel, desk } = await bench(inC7([cut]), {}, [begins(message)]);
    await settled();
    expect(desk.calls.filter(call => call.verb === '')).toHaveLength(joined);
    expect(panel.node.querySelectorAll('.noo-chat-entry')).toHaveLength(1);
    expect(panel.node.textContent!.includes('Broken off')).toBe(joined === 0);
    panel.dispose();
  });

  it('forgets nothing of before a reload, however soon something is typed', async () => {
    const kept = new Map<string, unknown>([['nootropic-lab:chat', { folder: 'work', chat: 'C7', draft: 'from before' }]]);
    let give: () => void = () => undefined;
    const state = {
      fetch: (id: string) => new Promise(resolve => (give = () => resolve(kept.get(id)))),
      save: async (id: string, value: unknown) => void kept.set(id, value)
    } as unknown as IStateDB;
    const memory = new Memory(state);
    const read = memory.read();
    const now = { folder: '', chat: '', draft: 'typed', run: '', verb: '', question: '' };
    memory.keep(() => now);
    await new Promise(resolve => setTimeout(resolve, 200));
    give();
    expect(await read).toMatchObject({ chat: 'C7', draft: 'from before' });
    memory.keep(() => now);
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(kept.get('nootropic-lab:chat')).toEqual(now);
  });

  it('renames a chat in its list', async () => {
    const { panel, desk } = await bench(inC7([turn('One?', 'First.')]));
    const press = (selector: string): void => panel.node.querySelector<HTMLElement>(selector)!.click();
    [...panel.node.querySelectorAll('button')].find(each => each.textContent === 'History')!.click();
    await settled();
    press('.noo-chat-rename');
    const input = panel.node.querySelector<HTMLInputElement>('.noo-chat-title')!;
    expect([input.value, input.getAttribute('aria-label')]).toEqual(['', 'Title of C7']);
    input.value = ' Sorting ';
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    await settled();
    expect(desk.calls.find(call => call.args.action === 'rename')!.args).toEqual({ action: 'rename', id: 'C7', title: 'Sorting' });
    expect(document.activeElement).toBe(panel.node.querySelector('.noo-chat-head'));
    panel.dispose();
  });

  it('shows a draft and sends it to the verb that is meant, as the person changed it', async () => {
    const { panel, desk, box, send, kept } = await bench(none);
    await panel.take({ verb: 'code', args: { instruct: 'Fix it', file: ['a.py'] }, text: 'Fix it', folder: 'work' });
    await settled();
    expect([box.value, panel.node.querySelector('.noo-chat-meant')!.textContent]).toEqual(['Fix it', 'Sends it to code ×']);
    expect(desk.calls.some(call => call.verb === 'code')).toBe(false);
    await send('Fix it well');
    expect(desk.calls.find(call => call.verb === 'code')!.args).toEqual({ instruct: 'Fix it well', file: ['a.py'] });
    await new Promise(resolve => setTimeout(resolve, 200));
    expect([...kept.values()]).toEqual([{ folder: 'work', chat: 'C1', draft: '', run: '', verb: '', question: '' }]);
    panel.dispose();
  });

  it('has no fault that axe knows', async () => {
    const { panel, send } = await bench(none);
    await send('Is it?');
    const { violations } = await axe.run(panel.node, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
    expect(violations.map(each => `${each.id}: ${each.nodes.map(node => node.html).join()}`)).toEqual([]);
    panel.dispose();
  });
});
