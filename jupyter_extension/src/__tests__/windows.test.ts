import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { afterEach, describe, expect, it } from 'vitest';

import { bench, head, inC7, none, result, said, turn } from './chatBench';
import { settled } from './fixtures';

describe('the chat beside other windows', () => {
  afterEach(() => document.body.replaceChildren());

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
});
