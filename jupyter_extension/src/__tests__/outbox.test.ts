import axe from 'axe-core';
import { afterEach, describe, expect, it } from 'vitest';

import { CallError } from '../api';
import type { IAnswer } from '../tokens';
import type { IBench } from './chatBench';
import { bench, head, inC7, none, said, turn } from './chatBench';
import { settled } from './fixtures';
import { Server, start } from './runServer';

/** A chat whose answers come when the test lets them. */
async function gated(): Promise<IBench & { answer: (of?: IAnswer) => Promise<void>; fail: () => Promise<void>; sent: () => unknown[] }> {
  const waiting: { resolve: (answer: IAnswer) => void; reject: (error: unknown) => void }[] = [];
  const made = await bench(call =>
    call.verb === 'chat' ? new Promise((resolve, reject) => waiting.push({ resolve, reject })) : none(call)
  );
  return {
    ...made,
    answer: async (of = said()) => {
      waiting.shift()!.resolve(of);
      await settled();
      await settled();
    },
    fail: async () => {
      waiting.shift()!.reject(new CallError('The model does not answer.'));
      await settled();
    },
    sent: () => made.desk.calls.filter(call => call.verb === 'chat').map(call => call.args.message)
  };
}

const waits = ({ panel }: IBench): string | null => {
  const node = panel.node.querySelector<HTMLElement>('.noo-chat-waiting')!;
  return node.hidden ? null : node.querySelector('.noo-chat-waiting-words')!.textContent;
};
const press = ({ panel }: IBench, label: string): void =>
  [...panel.node.querySelectorAll('button')].find(each => each.textContent === label && !each.hidden)!.click();
const aloud = ({ panel }: IBench): string => panel.node.querySelector('.noo-live')!.textContent ?? '';

describe('a message that is sent while an answer is coming', () => {
  afterEach(() => document.body.replaceChildren());

  // Regression: the input was emptied once it was known what goes along, with all that had been typed by then.
  it('leaves what is typed behind it in the input', async () => {
    const chat = await gated();
    chat.box.value = 'One?';
    chat.box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    chat.box.value = 'One? And then';
    await settled();
    await settled();
    expect([chat.sent(), chat.box.value]).toEqual([['One?'], 'And then']);
    chat.panel.dispose();
  });

  // Regression: Enter did nothing until the answer had ended, and nobody was told.
  it('waits, is shown, and goes when the answer has ended', async () => {
    const chat = await gated();
    await chat.send('One?');
    await chat.send('Two?');
    expect([waits(chat), chat.box.value, chat.sent()]).toEqual(['Two?', '', ['One?']]);
    expect(aloud(chat)).toContain('waits until the answer has ended');
    const { violations } = await axe.run(chat.panel.node, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
    expect(violations.map(each => each.id)).toEqual([]);
    await chat.answer();
    expect([waits(chat), chat.sent()]).toEqual([null, ['One?', 'Two?']]);
    // Into the chat that the first answer began.
    expect(chat.desk.calls.filter(call => call.verb === 'chat')[1]!.args).toMatchObject({ chat: 'C1' });
    await chat.answer();
    expect(chat.sent()).toEqual(['One?', 'Two?']);
    chat.panel.dispose();
  });

  it('is one at most: the next one stays where it was written, and why is said', async () => {
    const chat = await gated();
    await chat.send('One?');
    await chat.send('Two?');
    await chat.send('Three?');
    expect([waits(chat), chat.box.value]).toEqual(['Two?', 'Three?']);
    expect(chat.panel.node.querySelector('.noo-chat-told')!.textContent).toContain('One message waits already');
    await chat.answer();
    expect([chat.sent(), chat.box.value]).toEqual([['One?', 'Two?'], 'Three?']);
    expect(chat.panel.node.querySelector('.noo-chat-told')!.textContent).toBe('');
    chat.panel.dispose();
  });

  it('can be taken back, in front of what was written since', async () => {
    const chat = await gated();
    await chat.send('One?');
    chat.box.value = 'Two?';
    press(chat, 'Send next');
    await settled();
    chat.box.value = 'And more';
    press(chat, 'Take back');
    expect([waits(chat), chat.box.value, document.activeElement]).toEqual([null, 'Two?\n\nAnd more', chat.box]);
    await chat.answer();
    expect(chat.sent()).toEqual(['One?']);
    chat.panel.dispose();
  });

  it('comes back to the input where there is no answer', async () => {
    const chat = await gated();
    await chat.send('One?');
    await chat.send('Two?');
    await chat.fail();
    expect([waits(chat), chat.box.value, chat.sent()]).toEqual([null, 'Two?', ['One?']]);
    expect(chat.panel.node.querySelector('[role=alert]')!.textContent).toContain('does not answer');
    expect(aloud(chat)).toContain('in the input again');
    chat.panel.dispose();
  });

  it('goes when the answer is stopped', async () => {
    const chat = await bench(none);
    const server = new Server();
    const begin = chat.desk.start.bind(chat.desk);
    chat.desk.start = () => {
      chat.desk.start = begin;
      return start(server, chat.stream);
    };
    await chat.send('One?');
    await chat.send('Two?');
    chat.box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }));
    await settled();
    await settled();
    expect(server.asked.at(-1)).toMatch(/^DELETE/);
    expect([waits(chat), chat.desk.calls.find(call => call.verb === 'chat')?.args.message]).toEqual([null, 'Two?']);
    chat.panel.dispose();
  });

  it('is kept over a reload as a text that was not sent', async () => {
    const chat = await gated();
    await chat.send('One?');
    await chat.send('Two?');
    chat.box.value = 'And more';
    chat.box.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(chat.kept.get('nootropic-lab:chat')).toMatchObject({ draft: 'Two?\n\nAnd more', question: 'One?' });
    chat.panel.dispose();
  });

  it('keeps the verb that it was meant for', async () => {
    const chat = await gated();
    await chat.send('One?');
    await chat.panel.take({ verb: 'code', args: { instruct: 'Fix it', file: ['a.py'] }, text: 'Fix it', folder: 'work' });
    await chat.send('Fix it well');
    press(chat, 'Take back');
    expect(chat.panel.node.querySelector('.noo-chat-meant')!.textContent).toContain('code');
    await chat.send('Fix it well');
    await chat.answer();
    expect(chat.desk.calls.find(call => call.verb === 'code')!.args).toEqual({ instruct: 'Fix it well', file: ['a.py'] });
    chat.panel.dispose();
  });

  it('goes to no other chat than the one it was written in', async () => {
    const chat = await bench(inC7([turn('One?', 'First.')]));
    // Another window asks something, which this one follows and may leave.
    chat.desk.attach = () => start(new Server(), null);
    chat.stream.event.emit({ kind: 'run', run: 'r9', seq: 1, event: 'started', data: head('C7') });
    await settled();
    await chat.send('Three?');
    expect(waits(chat)).toBe('Three?');
    press(chat, 'New');
    await settled();
    expect([waits(chat), chat.box.value, chat.desk.calls.some(call => call.verb === 'chat')]).toEqual([null, 'Three?', false]);
    chat.panel.dispose();
  });

  it('also waits behind a command that is still being read', async () => {
    const chat = await gated();
    const first = chat.send('/plan x');
    while (chat.box.value !== '') {
      await Promise.resolve();
    }
    await Promise.all([first, chat.send('Two?')]);
    expect(chat.desk.calls.filter(call => call.verb === 'plan' || call.verb === 'chat').map(call => call.verb)).toEqual(['plan', 'chat']);
    chat.panel.dispose();
  });
});
