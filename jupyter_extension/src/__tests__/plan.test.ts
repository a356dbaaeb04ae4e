import { afterEach, describe, expect, it, vi } from 'vitest';

import { readPlan } from '../plan/data';
import { layout } from '../plan/layout';
import { PlanRenderer } from '../plan/renderer';
import { PLAN_MIME } from '../tokens';
import { answer, attach, Desk, HOSTILE, planData, planModel, settled, trans } from './fixtures';

let open: PlanRenderer[] = [];

async function shown(data: unknown, desk = new Desk(() => answer({}))): Promise<PlanRenderer> {
  const renderer = attach(
    new PlanRenderer({ client: desk, folder: 'work', trans, events: null, files: null, commands: null })
  );
  open.push(renderer);
  await renderer.renderModel(planModel(data));
  return renderer;
}

afterEach(() => {
  open.forEach(renderer => renderer.dispose());
  open = [];
});

describe('a plan', () => {
  it('shows each task in its column, with who does it and its note', async () => {
    const { node } = await shown(planData());
    const columns = [...node.querySelectorAll('.noo-column')].map(column => [
      (column as HTMLElement).dataset.column,
      [...column.querySelectorAll<HTMLElement>('.noo-card')].map(card => card.dataset.task)
    ]);
    expect(columns).toEqual([
      ['ready', ['T2']],
      ['waiting', ['T4']],
      ['review', ['T3']],
      ['done', ['T1']]
    ]);
    expect(node.querySelector('[data-task=T1] .noo-note')?.textContent).toBe('2 of 3 hunks');
    expect(node.querySelector('[data-task=T2] .noo-tag')?.textContent).toBe('recipe python-store');
    expect(node.querySelector('progress')?.value).toBe(1);
  });

  it('shows the critical path in its order and marks it in the graph', async () => {
    const { node } = await shown(planData());
    expect([...node.querySelectorAll<HTMLElement>('.noo-path li')].map(item => item.dataset.task)).toEqual(['T1', 'T2', 'T4']);
    const marked = [...node.querySelectorAll<HTMLElement>('.noo-box.noo-mod-critical')].map(box => box.dataset.task);
    expect(marked.sort()).toEqual(['T1', 'T2', 'T4']);
    // T1→T2, T1→T3, T2→T4, T3→T4, a line and a tip each; T1→T2→T4 is critical.
    expect(node.querySelectorAll('.noo-link')).toHaveLength(8);
    expect(node.querySelectorAll('.noo-link.noo-mod-critical')).toHaveLength(4);
  });

  it('goes from a box to its card, and by arrow keys from box to box', async () => {
    const { node } = await shown(planData());
    const boxes = [...node.querySelectorAll<HTMLButtonElement>('.noo-box')];
    const box = (id: string) => boxes.find(item => item.dataset.task === id)!;
    expect(boxes.filter(item => item.tabIndex === 0)).toHaveLength(1);
    box('T1').focus();
    box('T1').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    expect(['T2', 'T3']).toContain((document.activeElement as HTMLElement).dataset.task);
    box('T2').click();
    expect(node.querySelector('.noo-card[data-task=T2] .noo-card-more')).not.toBeNull();
    expect(document.activeElement).toBe(node.querySelector('.noo-card[data-task=T2] .noo-board-handle'));
  });

  it('says so when the data is not a plan that it knows', async () => {
    for (const data of [undefined, null, 7, [], {}, { plan: { title: 'x' } }, { plan: { tasks: [] } }]) {
      const { node } = await shown(data);
      expect(node.querySelector('[role=alert]')?.textContent).toContain('cannot be shown as a board');
    }
  });

  it('never reads data as HTML', async () => {
    const base = planData() as { plan: { tasks: object[] } };
    const tasks = base.plan.tasks.map(task => ({ ...task, title: HOSTILE, how: { kind: HOSTILE, why: HOSTILE }, files: [HOSTILE] }));
    const { node } = await shown({
      ...base,
      plan: { ...base.plan, title: HOSTILE, tasks },
      columns: [{ title: HOSTILE, tasks: ['T1', 'T2', 'T3', 'T4'] }]
    });
    expect(node.querySelectorAll('img, script')).toHaveLength(0);
    expect(node.textContent).toContain(HOSTILE);
  });

  it('says at once which words of the brief it did not understand; the others open', async () => {
    const words = [
      { text: 'readers', verdict: 'matched', meaning: 'entity Reader' },
      { text: 'name', verdict: 'assumed', meaning: 'a text' },
      { text: HOSTILE, verdict: 'not understood', meaning: 'left out' },
      { text: 'Kafka', verdict: 'noted', meaning: 'a technology' },
      { text: 'odd', verdict: 'a new verdict', meaning: '' },
      7
    ];
    const base = planData() as { plan: object };
    const { node } = await shown({ ...base, plan: { ...base.plan, words }, notes: ['Amend it with `plan --amend`.'] });
    const missed = node.querySelector('.noo-brief-missed');
    expect(missed?.textContent).toBe(`Not understood: ${HOSTILE} (left out)`);
    expect(missed?.closest('details')).toBeNull();
    const account = node.querySelector<HTMLDetailsElement>('.noo-brief');
    expect(account?.open).toBe(false);
    expect(account?.querySelector('summary')?.textContent).toBe(
      'Words of the brief: 1 understood, 1 assumed, 1 noted, 1 a new verdict'
    );
    expect([...account!.querySelectorAll('dd')].map(item => item.textContent)).toEqual([
      'readers',
      'name (a text)',
      'Kafka (a technology)',
      'odd'
    ]);
    expect(node.querySelector('.noo-notice code')?.textContent).toBe('plan --amend');
    expect(node.querySelectorAll('img, script')).toHaveLength(0);
  });

  it('calls its hours what they are: the length of the critical path', async () => {
    const { node } = await shown(planData());
    expect(node.querySelector('.noo-head .noo-facts')?.textContent).toBe('4 tasks · critical path 4.5 h · revision 2');
    expect(node.querySelector('.noo-brief, .noo-brief-missed')).toBeNull();
  });

  it('asks for the board again after a decision', async () => {
    const changed = planData({ columns: [], states: { T2: { status: 'done', note: '' } } });
    const desk = new Desk(() => answer({ [PLAN_MIME]: changed }));
    const { node } = await shown(planData(), desk);
    await settled();
    const asked = desk.calls.length;
    desk.decided.emit({ verb: 'accept', folder: 'work' });
    desk.decided.emit({ verb: 'accept', folder: 'work' });
    await vi.waitFor(() => expect(desk.calls).toHaveLength(asked + 1));
    await settled();
    expect(desk.calls.map(call => [call.verb, call.options.folder])).toEqual(desk.calls.map(() => ['board', 'work']));
    expect(node.querySelector<HTMLElement>('.noo-card[data-task=T2]')?.dataset.status).toBe('done');
  });
});

describe('the data of a plan', () => {
  it('may hold its tasks in epics and stories, and no columns', () => {
    const plan = readPlan({
      plan: {
        title: 'x',
        epics: [{ stories: [{ tasks: [{ id: 'T1', title: 'a', status: 'done' }, { id: 'T2', title: 'b', status: 'odd' }] }] }]
      }
    });
    expect(plan?.columns.map(column => column.tasks.map(task => task.id))).toEqual([[], ['T2'], [], ['T1']]);
  });

  it('shows every task, also where the given columns forget one', () => {
    const plan = readPlan({ ...planData(), columns: [{ title: 'Ready', tasks: ['T2', 'nobody'] }] });
    expect(plan?.columns.flatMap(column => column.tasks.map(task => task.id)).sort()).toEqual(['T1', 'T2', 'T3', 'T4']);
  });
});

describe('the critical path', () => {
  const task = (id: string, ...needs: string[]): object => ({
    id,
    title: id,
    depends_on: needs,
    schedule: { critical: true, end_h: 1 }
  });
  const chains = (tasks: object[], critical: string[]): unknown =>
    readPlan({ plan: { title: 'x', tasks }, critical })?.critical.map(chain => chain.map(item => item.id));

  it('comes first as the plan tells it; others are whole chains, never a task that depends on one elsewhere', () => {
    const tasks = [task('T1'), task('T2', 'T1'), task('T3', 'T1'), task('T4', 'T2', 'T3'), task('T5', 'T3'), task('T9')];
    expect(chains(tasks, ['T1', 'T2', 'T4'])).toEqual([['T1', 'T2', 'T4'], ['T1', 'T3', 'T5'], ['T9']]);
  });

  it('bears a cycle and a list that is no path', () => {
    expect(chains([task('A', 'B'), task('B', 'A')], ['A', 'B'])).toEqual([['A', 'B']]);
    expect(chains([task('A'), task('B'), task('C', 'A')], ['B', 'A', 'C'])).toEqual([['B'], ['A', 'C']]);
  });
});

describe('the layout', () => {
  it('stands each task right of all that it needs', () => {
    const drawing = layout(readPlan(planData())!.tasks);
    for (const { from, to } of drawing.links) {
      expect(from.x).toBeLessThan(to.x);
    }
    expect(new Set(drawing.places.map(place => `${place.x},${place.y}`)).size).toBe(4);
  });

  it('bears cycles, unknown needs and long chains', () => {
    const one = readPlan(planData())!.tasks[0]!;
    const loop = layout([
      { ...one, id: 'A', dependsOn: ['B'] },
      { ...one, id: 'B', dependsOn: ['A', 'B', 'gone'] }
    ]);
    expect(loop.places).toHaveLength(2);
    const chain = Array.from({ length: 5000 }, (_, k) => ({ ...one, id: `T${k}`, dependsOn: k < 4999 ? [`T${k + 1}`] : [] }));
    expect(layout(chain).places).toHaveLength(5000);
  });
});
