import { CommandRegistry } from '@lumino/commands';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { board, cardOf, choose, closeAll, press, shown } from './boardBench';
import { answer, planData, settled } from './fixtures';
import { Server, start, Stream } from './runServer';

describe('a run of a task', () => {
  afterEach(closeAll);

  it('tells at the card of the task what became of it', async () => {
    const { node, desk } = await shown(call =>
      call.verb === 'run'
        ? { ...answer({}), result: { tasks: [{ task: 'T2', outcome: 'proposed', note: '', proposal: 'P7' }] } }
        : board()
    );
    choose(node, 'T2', 'Run');
    expect(cardOf(node, 'T2').querySelector('progress')).not.toBeNull();
    expect(cardOf(node, 'T2').dataset.status).toBe('running');
    await vi.waitFor(() => expect(cardOf(node, 'T2').querySelector('[role=status]')?.textContent).toContain('Review P7'));
    expect(desk.calls.find(call => call.verb === 'run')?.args).toEqual({ tasks: ['T2'] });
    expect(cardOf(node, 'T2').querySelector('progress')).toBeNull();
  });

  it.each([
    [['nootropic:show', 'nootropic:review-proposal'], 'nootropic:review-proposal', { id: 'P7', folder: 'work' }],
    [['nootropic:show'], 'nootropic:show', { id: 'P7' }]
  ])('opens the review of its proposal, or shows it where there is no review (%s)', async (known, command, args) => {
    const commands = new CommandRegistry();
    const executed: unknown[] = [];
    known.forEach(id => commands.addCommand(id, { execute: given => void executed.push([id, given]) }));
    const waits = { ...(planData() as object), states: { T2: { status: 'review', note: 'P7 waits for review' } } };
    const { node } = await shown(() => board(waits), {}, commands);
    choose(node, 'T2', 'Review P7');
    expect(executed).toEqual([[command, args]]);
  });

  it('shows what it asks at the card, and keeps what is typed while the board is drawn anew', async () => {
    const server = new Server();
    const stream = new Stream();
    const { node, desk } = await shown(() => board());
    desk.start = () => start(server, stream);
    choose(node, 'T2', 'Run');
    await settled();
    stream.event.emit(server.puts({ id: 1, kind: 'ask', text: 'Which one?' }));
    const input = (): HTMLInputElement => cardOf(node, 'T2').querySelector<HTMLInputElement>('.noo-question input')!;
    input().focus();
    input().value = 'half a';
    // A space is a space here: it lifts no card.
    press(' ');
    stream.event.emit(server.says('news'));
    await settled();
    expect([input().value, document.activeElement === input()]).toEqual(['half a', true]);
    expect(node.querySelector('.noo-board-live')!.textContent).not.toContain('lifted');
    input().form!.dispatchEvent(new Event('submit', { cancelable: true }));
    await settled();
    expect(server.sent).toContain('{"question":1,"answer":"half a"}');
    stream.event.emit(server.puts(null));
    expect(cardOf(node, 'T2').querySelector('.noo-question')).toBeNull();
  });
});
