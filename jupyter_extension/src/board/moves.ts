import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPlan, ITask } from '../plan/data';
import { columnOf, COLUMNS } from '../plan/data';
import { columnWords } from '../plan/words';

/** What a person does with a card: puts it into a column, before another, last of its story, or after another in time. */
export type Move =
  | { readonly kind: 'column'; readonly task: string; readonly column: string }
  | { readonly kind: 'before'; readonly task: string; readonly other: string }
  | { readonly kind: 'last'; readonly task: string }
  | { readonly kind: 'after'; readonly task: string; readonly other: string; readonly on: boolean };

/** The status that the verb is asked for, for a column into which a person can put a task. */
const STATUS_OF: Readonly<Record<string, string>> = {
  ready: 'ready',
  waiting: 'pending',
  done: 'done',
  blocked: 'blocked',
  deferred: 'deferred',
  dropped: 'cancelled'
};

/** A task by its id. */
export function taskOf(plan: IPlan, id: string): ITask | undefined {
  return plan.tasks.find(task => task.id === id);
}

/** The tasks among which a task has its place: those of its story in the same column, in their order. */
export function siblings(plan: IPlan, task: ITask): readonly ITask[] {
  const column = columnOf(task.status);
  return plan.tasks.filter(other => other.story === task.story && columnOf(other.status) === column);
}

/** Whether `other` is waited for, by `task` itself. */
export function waitsFor(plan: IPlan, task: string, other: string): boolean {
  return taskOf(plan, task)?.dependsOn.includes(other) === true;
}

/** The arguments of the verb `task` for a move. */
export function argumentsOf(move: Move, plan: IPlan, note = ''): ReadonlyJSONObject {
  const said = note.trim() === '' ? {} : { note: note.trim() };
  switch (move.kind) {
    case 'column':
      return { task: move.task, status: STATUS_OF[move.column] ?? move.column, ...said };
    case 'before':
      return { task: move.task, before: move.other };
    case 'last': {
      const task = taskOf(plan, move.task);
      return { task: move.task, move: task ? Math.max(1, siblings(plan, task).length) : 1 };
    }
    case 'after':
      return { task: move.task, [move.on ? 'after' : 'not_after']: [move.other] };
  }
}

/** Why a move cannot even be asked for; null when the verb is to decide. */
export function hindrance(move: Move, trans: TranslationBundle): string | null {
  return move.kind === 'column' && STATUS_OF[move.column] === undefined
    ? trans.__('A task gets into review by what is proposed for it: run %1.', move.task)
    : null;
}

/** Whether the person has to say why: work that is not a person's is called done, or not possible. */
export function needsNote(move: Move, plan: IPlan): boolean {
  return (
    move.kind === 'column' &&
    (move.column === 'done' || move.column === 'blocked') &&
    taskOf(plan, move.task)?.how.kind !== 'person'
  );
}

/** A move in a few words: told while it is being made, and when it was. */
export function moveWords(move: Move, trans: TranslationBundle): string {
  switch (move.kind) {
    case 'column':
      return trans.__('%1 → %2', move.task, columnTitle(move.column, trans));
    case 'before':
      return trans.__('%1 before %2', move.task, move.other);
    case 'last':
      return trans.__('%1 last in its story', move.task);
    case 'after':
      return move.on
        ? trans.__('%1 waits for %2', move.task, move.other)
        : trans.__('%1 does not wait for %2', move.task, move.other);
  }
}

/** The title of a column by its key. */
export function columnTitle(key: string, trans: TranslationBundle): string {
  return columnWords(COLUMNS.find(column => column[0] === key)?.[1] ?? key, trans);
}

/** The plan as it will look when a move has succeeded; times follow when the server has answered. */
export function moved(plan: IPlan, move: Move): IPlan {
  const task = taskOf(plan, move.task);
  if (task === undefined) {
    return plan;
  }
  switch (move.kind) {
    case 'column':
      return withTask(plan, { ...task, status: STATUS_OF[move.column] ?? task.status });
    case 'after': {
      const rest = task.dependsOn.filter(id => id !== move.other);
      return withTask(plan, { ...task, dependsOn: move.on ? [...rest, move.other] : rest });
    }
    case 'before':
      return withOrder(plan, task, plan.tasks.findIndex(other => other.id === move.other));
    case 'last': {
      const last = siblings(plan, task).at(-1);
      return withOrder(plan, task, last === undefined ? -1 : plan.tasks.indexOf(last) + 1);
    }
  }
}

function withTask(plan: IPlan, task: ITask): IPlan {
  return ordered(plan, plan.tasks.map(other => (other.id === task.id ? task : other)));
}

function withOrder(plan: IPlan, task: ITask, index: number): IPlan {
  if (index < 0) {
    return plan;
  }
  const from = plan.tasks.indexOf(task);
  const tasks = plan.tasks.filter(other => other !== task);
  tasks.splice(index > from ? index - 1 : index, 0, task);
  return ordered(plan, tasks);
}

/** The same plan with these tasks, and with columns that fit them. */
function ordered(plan: IPlan, tasks: readonly ITask[]): IPlan {
  const keys = new Set(plan.columns.map(column => column.key));
  const columns = COLUMNS.filter(([key]) => keys.has(key) || tasks.some(task => columnOf(task.status) === key));
  return {
    ...plan,
    tasks,
    columns: columns.map(([key, title]) => ({ key, title, tasks: tasks.filter(task => columnOf(task.status) === key) }))
  };
}
