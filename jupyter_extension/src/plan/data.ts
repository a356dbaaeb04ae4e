import { array, number, record, text, texts } from '../json';

/** Who does a task. */
export interface IHow {
  readonly kind: string;
  readonly recipe: string;
  readonly why: string;
}

/** One task as the board shows it. */
export interface ITask {
  readonly id: string;
  readonly title: string;
  readonly story: string;
  readonly how: IHow;
  readonly status: string;
  readonly note: string;
  readonly dependsOn: readonly string[];
  readonly files: readonly string[];
  readonly acceptance: readonly { readonly text: string; readonly met: boolean }[];
  readonly hours: number | null;
  /** When it ends at the earliest, in hours from the start of the plan. */
  readonly ends: number | null;
  readonly slack: number | null;
  readonly critical: boolean;
}

/** One column of the board. */
export interface IColumn {
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
  /** The chains of tasks that decide when the plan ends, each in the order in which it is done. */
  readonly critical: readonly (readonly ITask[])[];
  readonly words: readonly IWord[];
  /** What the verb has to say besides. */
  readonly notes: readonly string[];
}

/** The board's columns, where the plan brings none: title, and the statuses that belong there. */
const COLUMNS: readonly (readonly [string, readonly string[]])[] = [
  ['Waiting', ['pending', 'blocked', 'deferred']],
  ['Ready', ['ready', 'failed']],
  ['In review', ['running', 'review']],
  ['Done', ['done', 'superseded', 'cancelled']]
];

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
  const tasks = raw.map(item => readTask(record(item), states, onPath)).filter(task => task.id !== '');
  const byId = new Map(tasks.map(task => [task.id, task]));
  return {
    id: text(plan.id),
    title: text(plan.title),
    revision: number(plan.revision),
    hours: totalHours(raw),
    tasks,
    columns: readColumns(source.columns, tasks, byId),
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

function readTask(
  task: Readonly<Record<string, unknown>>,
  states: Readonly<Record<string, unknown>>,
  onPath: ReadonlySet<string>
): ITask {
  const id = text(task.id);
  const state = record(states[id]);
  const how = record(task.how);
  const schedule = record(task.schedule);
  return {
    id,
    title: text(task.title),
    story: text(task.story),
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
    ends: number(schedule.end_h),
    slack: number(schedule.slack_h),
    critical: onPath.has(id) || schedule.critical === true
  };
}

function readColumns(columns: unknown, tasks: readonly ITask[], byId: ReadonlyMap<string, ITask>): readonly IColumn[] {
  const given = array(columns).map(column => {
    const { title, name, tasks: members } = record(column);
    const ids = array(members).map(member => text(member) || text(record(member).id));
    return { title: text(title) || text(name), tasks: known(ids, byId) };
  });
  const shown = new Set(given.flatMap(column => column.tasks.map(task => task.id)));
  if (given.length > 0 && tasks.every(task => shown.has(task.id))) {
    return given;
  }
  return COLUMNS.map(([title, statuses], index) => ({
    title,
    tasks: tasks.filter(task => statuses.includes(task.status) || (index === 0 && !isListed(task.status)))
  }));
}

function isListed(status: string): boolean {
  return COLUMNS.some(([, statuses]) => statuses.includes(status));
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
