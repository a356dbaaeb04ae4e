import { afterEach, describe, expect, it, vi } from 'vitest';

import { CallError } from '../api';
import { ALL } from '../board/filter';
import { Hints } from '../hints';
import { board, cardOf, choose, closeAll, handle, large, press, shown, stage } from './boardBench';
import { answer, HOSTILE, planData, settled, TestSettings, trans } from './fixtures';

afterEach(closeAll);

describe('the board', () => {
  it('moves a card by keyboard at once, asks the verb, and shows what the server then tells', async () => {
    let release = (): void => undefined;
    const { node, desk } = await shown(call =>
      call.verb === 'task' ? new Promise(resolve => (release = () => resolve({ ...answer({}), result: { action: 'edited', revision: 3 } }))) : board()
    );
    handle(node, 'T2').focus();
    press(' ', 'ArrowRight', 'Enter');
    expect(stage(node, 'T2')).toBe('waiting');
    expect(document.activeElement).toBe(handle(node, 'T2'));
    await settled();
    expect(desk.calls.filter(call => call.verb === 'task').map(call => call.args)).toEqual([{ task: 'T2', status: 'pending' }]);
    release();
    await settled();
    // The server's board says that it is ready still: that is said, and shown.
    expect(stage(node, 'T2')).toBe('ready');
    expect(cardOf(node, 'T2').querySelector('[role=status]')?.textContent).toContain('all the same');
    [...node.querySelectorAll('button')].find(button => button.textContent === 'Undo')!.click();
    await settled();
    expect(desk.calls.filter(call => call.verb === 'task').at(-1)?.args).toEqual({ undo: true, task: 'T2', revision: 3 });
  });

  it('takes a move back with the words of the verb that refuses it', async () => {
    const { node } = await shown(call => {
      if (call.verb === 'task') {
        throw new CallError('project-spec.md has unsaved edits.', '', 'Save it first.', 409, 'SpecUnsaved');
      }
      return board();
    });
    choose(node, 'T2', 'Move to Dropped');
    await settled();
    expect(stage(node, 'T2')).toBe('ready');
    expect(cardOf(node, 'T2').querySelector('[role=alert]')?.textContent).toContain('unsaved edits. Save it first.');
    expect(node.querySelector('.noo-board-live')?.textContent).toContain('unsaved edits');
  });

  it('asks why before it calls work done that is not a person’s', async () => {
    const { node, desk } = await shown(() => board());
    choose(node, 'T2', 'Move to Done');
    const form = cardOf(node, 'T2').querySelector('form')!;
    expect(document.activeElement).toBe(form.querySelector('input'));
    expect(desk.calls.every(call => call.verb === 'board')).toBe(true);
    form.querySelector('input')!.value = 'by hand';
    // A refresh meanwhile takes nothing of what was typed.
    desk.decided.emit({ verb: 'accept', folder: 'work' });
    await new Promise(resolve => setTimeout(resolve, 350));
    expect(cardOf(node, 'T2').querySelector('input')?.value).toBe('by hand');
    expect(document.activeElement).toBe(cardOf(node, 'T2').querySelector('input'));
    form.requestSubmit();
    await settled();
    expect(desk.calls.filter(call => call.verb === 'task').map(call => call.args)).toEqual([{ task: 'T2', status: 'done', note: 'by hand' }]);
  });

  it('refuses a stage that nothing is put into by hand, without asking', async () => {
    const { node, desk } = await shown(() => board());
    handle(node, 'T2').focus();
    press(' ', 'ArrowRight', 'ArrowRight', 'Enter');
    await settled();
    expect(cardOf(node, 'T2').querySelector('[role=alert]')?.textContent).toContain('run T2');
    expect(desk.calls.every(call => call.verb === 'board')).toBe(true);
  });

  it('makes one change after the other', async () => {
    const waiting: (() => void)[] = [];
    const { node, desk } = await shown(call => (call.verb === 'task' ? new Promise(resolve => waiting.push(() => resolve(board()))) : board()));
    choose(node, 'T2', 'Move to Dropped');
    choose(node, 'T4', 'Do not wait for T3');
    await settled();
    const asked = (): number => desk.calls.filter(call => call.verb === 'task').length;
    expect(asked()).toBe(1);
    waiting[0]!();
    await settled();
    expect(asked()).toBe(2);
    waiting[1]!();
  });

  it('goes on to follow after news that came while it was asking', async () => {
    let release = (): void => undefined;
    const { desk } = await shown(() => new Promise(resolve => (release = () => resolve(board()))));
    desk.decided.emit({ verb: 'accept', folder: 'work' });
    await new Promise(resolve => setTimeout(resolve, 350));
    release();
    await settled();
    expect(desk.calls).toHaveLength(2);
    release();
    await settled();
    desk.decided.emit({ verb: 'accept', folder: 'work' });
    await vi.waitFor(() => expect(desk.calls).toHaveLength(3));
    release();
  });

  it('has one stop for Tab, and arrow keys go from card to card', async () => {
    const { node } = await shown(() => board());
    expect(node.querySelectorAll('.noo-board-handle[tabindex="0"]')).toHaveLength(1);
    handle(node, 'T2').focus();
    press('ArrowRight');
    expect(document.activeElement).toBe(handle(node, 'T4'));
    press('ArrowRight', 'ArrowRight');
    expect(document.activeElement).toBe(handle(node, 'T1'));
    press('Home');
    expect(document.activeElement).toBe(handle(node, 'T2'));
    expect(handle(node, 'T2').tabIndex).toBe(0);
    expect(handle(node, 'T1').tabIndex).toBe(-1);
  });
  it('holds one card only: what is lifted is not dragged too', async () => {
    const { node, desk } = await shown(() => board());
    handle(node, 'T2').focus();
    press(' ');
    handle(node, 'T2').dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
    window.dispatchEvent(new PointerEvent('pointermove', { clientX: 90, clientY: 90 }));
    expect(document.querySelector('.noo-board-ghost')).toBeNull();
    press('Escape');
    expect(node.querySelector('.noo-mod-held')).toBeNull();
    expect(desk.calls.every(call => call.verb === 'board')).toBe(true);
  });

  it('folds lanes and pages lists, so that thousands of tasks are a few cards', async () => {
    const { node } = await shown(() => board(large(2000, 8)));
    expect(node.querySelectorAll('.noo-card').length).toBeLessThanOrEqual(240);
    expect(node.querySelectorAll('.noo-board-lane')).toHaveLength(8);
    const heads = [...node.querySelectorAll<HTMLElement>('.noo-board-lane-head')];
    const folded = heads.find(head => head.getAttribute('aria-expanded') === 'false')!;
    const before = node.querySelectorAll('.noo-card').length;
    // What is opened by hand folds nothing that was open.
    folded.click();
    expect(node.querySelectorAll('.noo-card').length).toBeGreaterThan(before);
    expect(document.activeElement?.getAttribute('aria-expanded')).toBe('true');
    const opened = [...node.querySelectorAll('.noo-board-lane-head')].filter(head => head.getAttribute('aria-expanded') === 'true');
    expect(opened).toHaveLength(heads.filter(head => head.getAttribute('aria-expanded') === 'true').length + 1);
  });

  it('begins with lanes that are done folded, where the plan is large', async () => {
    const data = large(400, 4) as { plan: { tasks: { story: string; status: string }[] } };
    data.plan.tasks.forEach(task => task.story === 'S0' && (task.status = 'done'));
    const { node } = await shown(() => board(data));
    const lanes = (): (string | null)[] =>
      [...node.querySelectorAll('.noo-board-lane-head')].map(head => head.getAttribute('aria-expanded'));
    expect(lanes()).toEqual(['false', 'true', 'true', 'false']);
    node.querySelector<HTMLElement>('.noo-board-lane-head')!.click();
    expect(lanes()).toEqual(['true', 'true', 'true', 'false']);
  });

  it('says what to type where there is no plan, and why where there is no answer', async () => {
    const empty = await shown(() => board({ plan: null, notes: [] }));
    expect(empty.desk.calls[0]?.args).toEqual({ 'or-empty': true });
    expect(empty.node.querySelector('.noo-mod-empty code')?.textContent).toBe('%%noo plan');
    let broken = true;
    const away = await shown(() => {
      if (broken) {
        throw new CallError('The Jupyter server did not answer.');
      }
      return board();
    });
    expect(away.node.querySelector('.noo-mod-offline')?.textContent).toContain('did not answer');
    broken = false;
    [...away.node.querySelectorAll('button')].find(button => button.textContent === 'Try again')!.click();
    await settled();
    expect(away.node.querySelectorAll('.noo-card')).toHaveLength(4);
    expect(away.node.querySelector('.noo-panel-state')).toBeNull();
  });

  it('tells when it is closed, so that it can be opened anew', async () => {
    const { panel } = await shown(() => board());
    let told = 0;
    panel.disposed.connect(() => told++);
    panel.dispose();
    expect(told).toBe(1);
  });

  it('has a hint where there is nothing yet, which is put away once for all windows', async () => {
    const settings = new TestSettings({ hintsRead: ['review'] });
    await settings.ready;
    const hint = (): HTMLElement | null => new Hints(settings, trans).hint('board', 'Cards');
    const node = hint()!;
    expect(node.textContent).toContain('Cards');
    node.querySelector('button')!.click();
    await settled();
    expect([hint(), settings.get('hintsRead')]).toEqual([null, ['review', 'board']]);
  });

  it('leaves the cards in place while the server tells the same', async () => {
    let title = 'The same';
    const reply = (): ReturnType<typeof board> => {
      const base = planData() as { plan: object };
      return board({ ...base, plan: { ...base.plan, title } });
    };
    const { node, desk } = await shown(reply);
    const before = cardOf(node, 'T1');
    const looked = async (): Promise<void> => {
      const asked = desk.calls.length;
      desk.decided.emit({ verb: '', folder: 'work' });
      await vi.waitFor(() => expect(desk.calls.length).toBe(asked + 1));
      await settled();
    };
    await looked();
    expect(cardOf(node, 'T1')).toBe(before);
    title = 'Another';
    await looked();
    expect(cardOf(node, 'T1')).not.toBe(before);
    expect(node.textContent).toContain('Another');
  });

  it('puts away a hint without bringing back one that stood beside it', async () => {
    const settings = new TestSettings();
    await settings.ready;
    const hints = new Hints(settings, trans);
    for (const node of [hints.hint('board', 'Cards'), hints.hint('review', 'Keys')]) {
      node!.querySelector('button')!.click();
      await settled();
    }
    expect(settings.get('hintsRead')).toEqual(['board', 'review']);
  });

  it('keeps filters and folds over a reload, and shows no more than the filter leaves', async () => {
    const { node, panel } = await shown(() => board(), { filter: { ...ALL, text: 'nothing has this' } });
    expect(node.querySelectorAll('.noo-card')).toHaveLength(0);
    [...node.querySelectorAll('button')].find(button => button.textContent === 'Show all')!.click();
    expect(node.querySelectorAll('.noo-card')).toHaveLength(4);
    expect(panel.keep()).toMatchObject({ folder: 'work', filter: ALL });
  });

  it('never reads data as HTML', async () => {
    const base = planData() as { plan: { tasks: object[] } };
    const tasks = base.plan.tasks.map(task => ({ ...task, title: HOSTILE, agent: HOSTILE, files: [HOSTILE] }));
    const { node } = await shown(() =>
      board({ ...base, plan: { ...base.plan, tasks, epics: [{ id: HOSTILE, title: HOSTILE }] }, states: { T2: { status: HOSTILE, note: HOSTILE } } })
    );
    handle(node, 'T2').click();
    expect(node.querySelectorAll('img, script')).toHaveLength(0);
    expect(node.textContent).toContain(HOSTILE);
  });
});
