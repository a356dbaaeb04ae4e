import { array, number, record, text, texts } from '../json';

/** Who does a task. */
export interface IHow {
  readonly kind: string;
  readonly recipe: string;
  readonly why: string;
}

/** What models cost, in USD; null where that is unknown. */
export interface ICost {
  readonly spent: number | null;
  readonly calls: number;
  readonly forecast: number | null;
}

/** One task as the board shows it. */
export interface ITask {
  readonly id: string;
  readonly title: string;
  readonly story: string;
  readonly epic: string;
  readonly agent: string;
  /** green, yellow, red; empty where it is not told. */
  readonly health: string;
  /** Null where no model was asked for it. */
  readonly cost: ICost | null;
  readonly how: IHow;
  readonly status: string;
  readonly note: string;
  readonly dependsOn: readonly string[];
  readonly files: readonly string[];
  readonly acceptance: readonly { readonly text: string; readonly met: boolean }[];
  readonly hours: number | null;
  /** When it starts at the earliest, in hours from the start of the plan. */
  readonly starts: number | null;
  /** When it ends at the earliest, in hours from the start of the plan. */
  readonly ends: number | null;
  readonly slack: number | null;
  readonly critical: boolean;
}

/** One column of the board. */
export interface IColumn {
  /** ready, waiting, review, done, blocked, deferred, dropped. */
  readonly key: string;
  readonly title: string;
  readonly tasks: readonly ITask[];
}

/** A word of the brief and what became of it: matched, assumed, noted, not understood. */
export interface IWord {
  readonly text: string;
  readonly verdict: string;
  readonly meaning: string;
}

/** A plan, ready to be shown. */
export interface IPlan {
  readonly id: string;
  readonly title: string;
  readonly revision: number | null;
  readonly hours: number | null;
  readonly tasks: readonly ITask[];
  readonly columns: readonly IColumn[];
  readonly epics: readonly { readonly id: string; readonly title: string }[];
  /** What models cost so far and what is foreseen for the rest; null where it is not told. */
  readonly cost: ICost | null;
  /** The chains of tasks that decide when the plan ends, each in the order in which it is done. */
  readonly critical: readonly (readonly ITask[])[];
  readonly words: readonly IWord[];
  /** What the verb has to say besides. */
  readonly notes: readonly string[];
}

/** The board's columns: key, title, and the statuses that belong there. */
export const COLUMNS: readonly (readonly [string, string, readonly string[]])[] = [
  ['ready', 'Ready', ['ready']],
  ['waiting', 'Waiting', ['pending']],
  ['review', 'In review', ['running', 'review']],
  ['done', 'Done', ['done']],
  ['blocked', 'Not possible yet', ['failed', 'blocked']],
  ['deferred', 'Deferred', ['deferred']],
  ['dropped', 'Dropped', ['superseded', 'cancelled']]
];

/** The columns that stand even when they are empty. */
const ALWAYS = 4;

/** Read a plan's data; null when it is not one that this version understands. */
export function readPlan(data: unknown): IPlan | null {
  const source = record(data);
  const plan = record(source.plan);
  const raw = rawTasks(plan);
  if (raw === null || text(plan.title) === '') {
    return null;
  }
  const states = record(source.states);
  const criticalIds = texts(source.critical);
  const onPath = new Set(criticalIds);
  const extra = record(source.board);
  const epicOf = new Map(array(plan.stories).map(item => [text(record(item).id), text(record(item).epic)]));
  const tasks = raw
    .map(item => readTask(record(item), { states, onPath, epicOf, health: record(extra.health), costs: record(extra.costs) }))
    .filter(task => task.id !== '');
  const byId = new Map(tasks.map(task => [task.id, task]));
  return {
    id: text(plan.id),
    title: text(plan.title),
    revision: number(plan.revision),
    hours: totalHours(raw),
    tasks,
    columns: readColumns(source.columns, tasks, byId),
    epics: array(plan.epics)
      .map(item => ({ id: text(record(item).id), title: text(record(item).title) }))
      .filter(epic => epic.id !== ''),
    cost: readCost(extra.cost),
    words: array(plan.words ?? source.words)
      .map(item => readWord(record(item)))
      .filter(word => word.text !== '' && word.verdict !== ''),
    notes: texts(source.notes),
    critical: chains(known(criticalIds, byId), tasks.filter(task => task.critical && !onPath.has(task.id)))
  };
}

function readWord(word: Readonly<Record<string, unknown>>): IWord {
  return { text: text(word.text), verdict: text(word.verdict), meaning: text(word.meaning) };
}

/** Tasks come flat, or within epics and stories. */
function rawTasks(plan: Readonly<Record<string, unknown>>): readonly unknown[] | null {
  if (Array.isArray(plan.tasks)) {
    return plan.tasks;
  }
  if (!Array.isArray(plan.epics)) {
    return null;
  }
  const stories = plan.epics.flatMap(epic => array(record(epic).stories));
  return stories.flatMap(story => array(record(story).tasks));
}

interface ISides {
  readonly states: Readonly<Record<string, unknown>>;
  readonly onPath: ReadonlySet<string>;
  readonly epicOf: ReadonlyMap<string, string>;
  readonly health: Readonly<Record<string, unknown>>;
  readonly costs: Readonly<Record<string, unknown>>;
}

function readCost(value: unknown): ICost | null {
  const cost = record(value);
  return typeof value === 'object' && value !== null
    ? { spent: number(cost.spent_usd), calls: number(cost.calls) ?? 0, forecast: number(cost.forecast_usd) }
    : null;
}

function readTask(task: Readonly<Record<string, unknown>>, sides: ISides): ITask {
  const id = text(task.id);
  const state = record(sides.states[id]);
  const how = record(task.how);
  const schedule = record(task.schedule);
  return {
    id,
    title: text(task.title),
    story: text(task.story),
    epic: sides.epicOf.get(text(task.story)) ?? '',
    agent: text(task.agent),
    health: text(sides.health[id]),
    cost: readCost(sides.costs[id]),
    how: { kind: text(how.kind) || 'none', recipe: text(how.recipe), why: text(how.why) },
    status: text(state.status) || text(task.status) || 'pending',
    note: text(state.note),
    dependsOn: texts(task.depends_on),
    files: texts(task.files),
    acceptance: array(task.acceptance).map(item =>
      typeof item === 'string'
        ? { text: item, met: false }
        : { text: text(record(item).text), met: record(item).met === true }
    ),
    hours: number(record(task.estimate).hours) ?? number(task.estimate_hours),
    starts: number(schedule.start_h),
    ends: number(schedule.end_h),
    slack: number(schedule.slack_h),
    critical: sides.onPath.has(id) || schedule.critical === true
  };
}

function readColumns(columns: unknown, tasks: readonly ITask[], byId: ReadonlyMap<string, ITask>): readonly IColumn[] {
  const given = array(columns).map(column => {
    const { key, title, name, tasks: members } = record(column);
    const ids = array(members).map(member => text(member) || text(record(member).id));
    const shown = text(title) || text(name);
    return { key: text(key) || keyOf(shown), title: shown, tasks: known(ids, byId) };
  });
  const shown = new Set(given.flatMap(column => column.tasks.map(task => task.id)));
  if (given.length > 0 && tasks.every(task => shown.has(task.id))) {
    return given;
  }
  return COLUMNS.map(([key, title]) => ({ key, title, tasks: tasks.filter(task => columnOf(task.status) === key) })).filter(
    (column, index) => index < ALWAYS || column.tasks.length > 0
  );
}

/** The column in which a status stands. */
export function columnOf(status: string): string {
  return COLUMNS.find(([, , statuses]) => statuses.includes(status))?.[0] ?? 'waiting';
}

function keyOf(title: string): string {
  return COLUMNS.find(column => column[1] === title)?.[0] ?? title;
}

/**
 * Whole chains, from a task that waits for no other critical one to one that no other waits for, until every critical
 * task stands in one. Chains that part or meet share tasks, so that no task looks as if it stood alone.
 */
function chains(path: readonly ITask[], others: readonly ITask[]): readonly (readonly ITask[])[] {
  const tasks = [...path, ...others];
  const byId = new Map(tasks.map(task => [task.id, task]));
  const before = new Map(tasks.map(task => [task.id, known(task.dependsOn, byId)]));
  const after = new Map(tasks.map(task => [task.id, [] as ITask[]]));
  before.forEach((needed, id) => needed.forEach(task => after.get(task.id)?.push(byId.get(id) as ITask)));
  // The plan's own path comes first, where it is one.
  const isPath = path.length > 0 && path.every((task, k) => k === 0 || task.dependsOn.includes(path[k - 1]?.id ?? ''));
  const shown = new Set<ITask>(isPath ? path : []);
  const found: (readonly ITask[])[] = isPath ? [path] : [];
  for (const start of tasks) {
    if (shown.has(start)) {
      continue;
    }
    // What was not shown yet goes first; of what comes before, what ends last is what is waited for.
    const unshown = (task: ITask): number => Number(!shown.has(task));
    const chain = [start];
    const grow = (nextOf: (task: ITask) => readonly ITask[], end: () => ITask, add: (task: ITask) => void): void => {
      let next: ITask | undefined;
      while ((next = nextOf(end()).find(task => !chain.includes(task))) !== undefined) {
        add(next);
      }
    };
    grow(
      task =>
        [...(before.get(task.id) ?? [])].sort((a, b) => (b.ends ?? 0) - (a.ends ?? 0) || unshown(b) - unshown(a)),
      () => chain[0] ?? start,
      task => chain.unshift(task)
    );
    grow(
      task => [...(after.get(task.id) ?? [])].sort((a, b) => unshown(b) - unshown(a)),
      () => chain[chain.length - 1] ?? start,
      task => chain.push(task)
    );
    chain.forEach(task => shown.add(task));
    found.push(chain);
  }
  return found;
}

function known(ids: readonly string[], byId: ReadonlyMap<string, ITask>): readonly ITask[] {
  return ids.map(id => byId.get(id)).filter(task => task !== undefined);
}

function totalHours(tasks: readonly unknown[]): number | null {
  const ends = tasks.map(task => number(record(record(task).schedule).end_h)).filter(end => end !== null);
  return ends.length > 0 ? Math.max(...ends) : null;
}
