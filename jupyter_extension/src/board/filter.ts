import type { IPlan, ITask } from '../plan/data';
import { columnOf } from '../plan/data';
import { record, text } from '../json';

/** Which tasks are shown; empty means all. */
export interface IFilter {
  /** Words that must all stand in the id, title, note or files. */
  readonly text: string;
  /** The key of a column. */
  readonly column: string;
  readonly epic: string;
  /** An agent, or `recipe`, `model`, `person`. */
  readonly who: string;
  readonly critical: boolean;
}

/** No filter: everything is shown. */
export const ALL: IFilter = { text: '', column: '', epic: '', who: '', critical: false };

/** Whether everything is shown. */
export function isAll(filter: IFilter): boolean {
  return filter.text.trim() === '' && filter.column + filter.epic + filter.who === '' && !filter.critical;
}

/** The filter that was kept, whatever became of the data. */
export function readFilter(data: unknown): IFilter {
  const kept = record(data);
  return {
    text: text(kept.text),
    column: text(kept.column),
    epic: text(kept.epic),
    who: text(kept.who),
    critical: kept.critical === true
  };
}

/** The tasks that a filter leaves, in plan order. */
export function chosen(plan: IPlan, filter: IFilter): readonly ITask[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(word => word !== '');
  return plan.tasks.filter(
    task =>
      (filter.column === '' || columnOf(task.status) === filter.column) &&
      (filter.epic === '' || task.epic === filter.epic) &&
      (filter.who === '' || whoOf(task).includes(filter.who)) &&
      (!filter.critical || task.critical) &&
      (words.length === 0 || hasWords(task, words))
  );
}

/** Who does a task, in the words of the filter: its agent and its kind of work. */
export function whoOf(task: ITask): readonly string[] {
  return [task.how.kind, task.agent].filter(who => who !== '');
}

function hasWords(task: ITask, words: readonly string[]): boolean {
  const where = [task.id, task.title, task.note, ...task.files].join('\n').toLowerCase();
  return words.every(word => where.includes(word));
}
