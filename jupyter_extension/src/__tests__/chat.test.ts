import type { IStateDB } from '@jupyterlab/statedb';
import axe from 'axe-core';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { CallError } from '../api';
import { Memory } from '../chat/memory';
import type { StreamState } from '../tokens';
import { bench, inC7, none, result, said, turn } from './chatBench';
import { settled } from './fixtures';

describe('the chat panel', () => {
  afterEach(() => document.body.replaceChildren());

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

  it('sends what is typed as a whole, whether its list was there in time or not', async () => {
    const { panel, desk, box, send } = await bench(none);
    const list = panel.node.querySelector<HTMLElement>('[role=listbox]')!;
    const type = async (words: string): Promise<void> => {
      box.focus();
      box.value = words;
      box.dispatchEvent(new Event('input'));
      await vi.waitFor(() => expect(list.querySelectorAll('[role=option]').length).toBeGreaterThan(0));
    };
    const ran = (): number => desk.calls.filter(call => call.verb === 'plan').length;
    await type('/plan');
    await send('/plan');
    expect([box.value, ran(), list.hidden]).toEqual(['', 1, true]);
    // A part of a word is completed.
    await type('/pla');
    await send('/pla');
    expect([box.value, ran()]).toEqual(['/plan ', 1]);
    panel.dispose();
  });

  it('shows no list for a text that was sent meanwhile', async () => {
    const { panel, asked, box, send } = await bench(none);
    box.focus();
    box.value = '/pla';
    box.dispatchEvent(new Event('input'));
    await send('/plan');
    await new Promise(resolve => setTimeout(resolve, 150));
    expect(box.value).toBe('');
    expect(asked.some(([route]) => route === 'complete')).toBe(false);
    expect(panel.node.querySelector<HTMLElement>('[role=listbox]')!.hidden).toBe(true);
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
