import { CommandRegistry } from '@lumino/commands';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { CallError } from '../api';
import { ALL, chosen, readFilter } from '../board/filter';
import { Hints } from '../hints';
import { BoardPanel } from '../board/panel';
import { argumentsOf, moved } from '../board/moves';
import type { Move } from '../board/moves';
import { serverPaths } from '../serverPaths';
import { keptState, readState } from '../board/state';
import { target } from '../board/targets';
import { columnOf, readPlan } from '../plan/data';
import type { IPlan } from '../plan/data';
import { PLAN_MIME } from '../tokens';
import type { IAnswer } from '../tokens';
import { answer, attach, defaults, Desk, HOSTILE, planData, settled, TestSettings, trans } from './fixtures';
import type { ICall } from './fixtures';
import { Server, start, Stream } from './runServer';

let open: BoardPanel[] = [];

afterEach(() => {
  open.forEach(panel => panel.dispose());
  open = [];
  document.querySelectorAll('.noo-board-popup').forEach(menu => menu.remove());
});

const board = (data: unknown = planData()): IAnswer => answer({ [PLAN_MIME]: data as never });
const plan = (data: unknown = planData()): IPlan => readPlan(data)!;

async function shown(
  reply: (call: ICall) => IAnswer | Promise<IAnswer>,
  kept = {},
  commands: CommandRegistry | null = null
): Promise<{ node: HTMLElement; desk: Desk; panel: BoardPanel }> {
  const desk = new Desk(reply);
  const panel = new BoardPanel({ client: desk, folder: 'work', events: null, files: null, commands, trans, kept, hints: new Hints(defaults, trans) });
  open.push(attach(panel));
  await settled();
  return { node: panel.node, desk, panel };
}

const cardOf = (node: HTMLElement, id: string): HTMLElement => node.querySelector<HTMLElement>(`.noo-card[data-task=${id}]`)!;
const handle = (node: HTMLElement, id: string): HTMLElement => cardOf(node, id).querySelector<HTMLElement>('.noo-board-handle')!;
const stage = (node: HTMLElement, id: string): string => cardOf(node, id).closest<HTMLElement>('.noo-column')!.dataset.column!;

function press(...keys: string[]): void {
  keys.forEach(key => document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })));
}

function choose(node: HTMLElement, id: string, label: string): void {
  cardOf(node, id).querySelector<HTMLElement>('.noo-board-menu')!.click();
  const item = [...document.querySelectorAll<HTMLElement>('.noo-board-popup [role=menuitem]')].find(each => each.textContent === label);
  expect(item, label).toBeDefined();
  item!.click();
}

/** A plan of so many tasks in some epics. */
function large(count: number, epics: number): unknown {
  const tasks = Array.from({ length: count }, (_, k) => ({
    id: `T${k + 1}`,
    title: `Task ${k + 1}`,
    story: `S${k % epics}`,
    status: 'ready',
    how: { kind: 'person' },
    depends_on: []
  }));
  const parts = Array.from({ length: epics }, (_, k) => k);
  return {
    plan: {
      id: 'p',
      title: 'Large',
      tasks,
      epics: parts.map(k => ({ id: `E${k}`, title: 'Part' })),
      stories: parts.map(k => ({ id: `S${k}`, epic: `E${k}` }))
    }
  };
}

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

  it('runs a task and tells at its card what became of it', async () => {
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
  ])('opens the review of a proposal, or shows it where there is no review (%s)', async (known, command, args) => {
    const commands = new CommandRegistry();
    const executed: unknown[] = [];
    known.forEach(id => commands.addCommand(id, { execute: given => void executed.push([id, given]) }));
    const waits = { ...(planData() as object), states: { T2: { status: 'review', note: 'P7 waits for review' } } };
    const { node } = await shown(() => board(waits), {}, commands);
    choose(node, 'T2', 'Review P7');
    expect(executed).toEqual([[command, args]]);
  });

  it('shows what a run asks at its card, and keeps what is typed while the board is drawn anew', async () => {
    const server = new Server();
    const stream = new Stream();
    const desk = new Desk(() => board());
    desk.start = () => start(server, stream);
    const hints = new Hints(defaults, trans);
    const panel = new BoardPanel({ client: desk, folder: 'work', events: null, files: null, commands: null, trans, kept: {}, hints });
    open.push(attach(panel));
    await settled();
    choose(panel.node, 'T2', 'Run');
    await settled();
    stream.event.emit(server.puts({ id: 1, kind: 'ask', text: 'Which one?' }));
    const input = (): HTMLInputElement => cardOf(panel.node, 'T2').querySelector<HTMLInputElement>('.noo-question input')!;
    input().focus();
    input().value = 'half a';
    // A space is a space here: it lifts no card.
    press(' ');
    stream.event.emit(server.says('news'));
    await settled();
    expect([input().value, document.activeElement === input()]).toEqual(['half a', true]);
    expect(panel.node.querySelector('.noo-board-live')!.textContent).not.toContain('lifted');
    input().form!.dispatchEvent(new Event('submit', { cancelable: true }));
    await settled();
    expect(server.sent).toContain('{"question":1,"answer":"half a"}');
    stream.event.emit(server.puts(null));
    expect(cardOf(panel.node, 'T2').querySelector('.noo-question')).toBeNull();
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

describe('moves', () => {
  const moves: Move[] = [
    { kind: 'column', task: 'T2', column: 'done' },
    { kind: 'column', task: 'T1', column: 'deferred' },
    { kind: 'column', task: 'T2', column: 'dropped' },
    { kind: 'after', task: 'T1', other: 'T4', on: true },
    { kind: 'after', task: 'T4', other: 'T2', on: false },
    { kind: 'before', task: 'T4', other: 'T1' },
    { kind: 'before', task: 'T1', other: 'T4' },
    { kind: 'last', task: 'T1' },
    { kind: 'last', task: 'T99' }
  ];

  it('lose no task, and leave every task in the column of its status', () => {
    const after = moves.reduce(moved, plan());
    expect(after.tasks.map(task => task.id).sort()).toEqual(['T1', 'T2', 'T3', 'T4']);
    for (const column of after.columns) {
      expect(column.tasks.map(task => columnOf(task.status))).toEqual(column.tasks.map(() => column.key));
    }
    expect(after.columns.flatMap(column => column.tasks)).toHaveLength(4);
  });

  it('put a task before the other one, from either side', () => {
    const ids = (move: Move): string => moved(plan(), move).tasks.map(task => task.id).join();
    expect(ids({ kind: 'before', task: 'T4', other: 'T2' })).toBe('T1,T4,T2,T3');
    expect(ids({ kind: 'before', task: 'T1', other: 'T4' })).toBe('T2,T3,T1,T4');
  });

  it('are told to the verb in its own words', () => {
    const of = (move: Move): unknown => argumentsOf(move, plan(), ' why ');
    expect(of({ kind: 'column', task: 'T2', column: 'deferred' })).toEqual({ task: 'T2', status: 'deferred', note: 'why' });
    expect(of({ kind: 'column', task: 'T2', column: 'dropped' })).toEqual({ task: 'T2', status: 'cancelled', note: 'why' });
    expect(of({ kind: 'after', task: 'T2', other: 'T3', on: false })).toEqual({ task: 'T2', not_after: ['T3'] });
    expect(of({ kind: 'last', task: 'T2' })).toEqual({ task: 'T2', move: 1 });
  });

  it('mean what the place says on which a card is dropped', () => {
    const ready = plan({ ...planData(), columns: [], states: {} }); // all pending, one story
    const at = (id: string, spot: object): unknown =>
      target(ready, id, { column: 'waiting', epic: '', card: null, below: false, link: false, ...spot }, trans);
    expect(at('T1', { card: 'T1' })).toBeNull();
    expect(at('T1', { card: 'T2' })).toBeNull();
    expect(at('T1', { card: 'T2', below: true })).toEqual({ move: { kind: 'before', task: 'T1', other: 'T3' } });
    expect(at('T3', { card: 'T1' })).toEqual({ move: { kind: 'before', task: 'T3', other: 'T1' } });
    expect(at('T3', { card: 'T4', below: true })).toEqual({ move: { kind: 'last', task: 'T3' } });
    expect(at('T4', {})).toBeNull();
    expect(at('T1', { card: 'T4', link: true })).toEqual({ move: { kind: 'after', task: 'T1', other: 'T4', on: true } });
    expect(at('T4', { card: 'T2', link: true })).toEqual({ move: { kind: 'after', task: 'T4', other: 'T2', on: false } });
    expect(at('T1', { epic: 'E2' })).toHaveProperty('refused');
    expect(at('T1', { column: 'review' })).toHaveProperty('refused');
  });
});

describe('what the board keeps', () => {
  it('is read again as it was, and bears anything', () => {
    const state = readState({ filter: { text: 'x', critical: true }, folded: { E1: true }, scroll: 7, runs: { T1: 'r' } }, ['board']);
    expect(keptState(readState(keptState(state), []))).toEqual(keptState(state));
    for (const junk of [null, 7, [], { filter: 3, folded: [], sections: 'x', runs: 1 }]) {
      expect(readState(junk, ['board']).filter).toEqual(ALL);
    }
    expect(readFilter({ critical: 'yes', text: 4 })).toEqual({ ...ALL, text: '4' });
  });

  it('filters by words, stage, epic, who and the critical path', () => {
    const ids = (over: object): string[] => chosen(plan(), { ...ALL, ...over }).map(task => task.id);
    expect(ids({})).toEqual(['T1', 'T2', 'T3', 'T4']);
    expect(ids({ column: 'done' })).toEqual(['T1']);
    expect(ids({ critical: true })).toEqual(['T1', 'T2', 'T4']);
    expect(ids({ text: 't3' })).toEqual(['T3']);
    expect(ids({ text: 'INKWELL text' })).toHaveLength(4);
    expect(ids({ who: 'recipe' })).toContain('T2');
    expect(ids({ epic: 'E9' })).toEqual([]);
  });
});

describe('a file of the workspace', () => {
  const at = async (folder: string, seen: string | null, file: string): Promise<string | null> => {
    const desk = new Desk(() => answer({}));
    desk.place = async () => seen;
    return (await serverPaths(desk, folder))(file);
  };

  it('has its path below the server’s root, whichever lies deeper', async () => {
    expect(await at('', '_', 'a/b.py')).toBe('a/b.py');
    expect(await at('work', '_', 'a.py')).toBe('work/a.py');
    expect(await at('work/notes', 'notes/_', 'a.py')).toBe('work/a.py');
    expect(await at('notes', 'notes/_', 'a.py')).toBe('a.py');
    expect(await at('', 'sub/_', 'sub/a.py')).toBe('a.py');
    expect(await at('', 'sub/_', 'other/a.py')).toBeNull();
    expect(await at('in', 'sub/in/_', 'sub/a.py')).toBe('a.py');
    expect(await at('', null, 'a.py')).toBeNull();
  });
});
