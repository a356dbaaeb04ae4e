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
  readonly slack: number | null;
  readonly critical: boolean;
}

/** One column of the board. */
export interface IColumn {
  readonly title: string;
  readonly tasks: readonly ITask[];
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
    critical: chains([...known(criticalIds, byId), ...tasks.filter(task => task.critical && !onPath.has(task.id))])
  };
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

/** Critical tasks that do not depend on one another stand in chains of their own. */
function chains(tasks: readonly ITask[]): readonly (readonly ITask[])[] {
  const left = new Set(tasks);
  const found: ITask[][] = [];
  for (const start of tasks) {
    const chain: ITask[] = [];
    let next: ITask | undefined = left.has(start) ? start : undefined;
    while (next !== undefined) {
      left.delete(next);
      chain.push(next);
      const { id } = next;
      next = [...left].find(task => task.dependsOn.includes(id));
    }
    if (chain.length > 0) {
      found.push(chain);
    }
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
