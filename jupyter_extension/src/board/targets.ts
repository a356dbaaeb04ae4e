import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPlan, ITask } from '../plan/data';
import { columnOf, COLUMNS } from '../plan/data';
import type { Move } from './moves';
import { hindrance, siblings, taskOf, waitsFor } from './moves';

/** A place on the board where a card may be dropped. */
export interface ISpot {
  readonly column: string;
  readonly epic: string;
  /** The card that lies there. */
  readonly card: string | null;
  /** Whether the pointer is on the lower half of that card. */
  readonly below: boolean;
  /** Whether a dependency is meant. */
  readonly link: boolean;
}

/** What dropping a card would do: a move, words that say why it cannot be, or nothing. */
export type Target = { readonly move: Move } | { readonly refused: string } | null;

/** What it means to drop a task at a place. */
export function target(plan: IPlan, id: string, spot: ISpot, trans: TranslationBundle): Target {
  const task = taskOf(plan, id);
  if (task === undefined || spot.card === id) {
    return null;
  }
  if (spot.link) {
    return spot.card === null
      ? null
      : { move: { kind: 'after', task: id, other: spot.card, on: !waitsFor(plan, id, spot.card) } };
  }
  if (spot.epic !== task.epic) {
    return { refused: trans.__('%1 stays in its epic. Hold Shift to make it wait for another task.', id) };
  }
  if (spot.column !== columnOf(task.status)) {
    const move: Move = { kind: 'column', task: id, column: spot.column };
    const refused = hindrance(move, trans);
    return refused === null ? { move } : { refused };
  }
  return placed(plan, task, spot, trans);
}

function placed(plan: IPlan, task: ITask, spot: ISpot, trans: TranslationBundle): Target {
  const all = siblings(plan, task);
  const from = all.indexOf(task);
  if (spot.card === null) {
    return from === all.length - 1 ? null : { move: { kind: 'last', task: task.id } };
  }
  const at = all.findIndex(other => other.id === spot.card);
  if (at < 0) {
    return { refused: trans.__('%1 belongs to another story than %2: their order is not one.', spot.card, task.id) };
  }
  return atPlace(all, task, at + (spot.below ? 1 : 0));
}

/** The move to the place before the task that is now at `place`. */
function atPlace(all: readonly ITask[], task: ITask, place: number): Target {
  const from = all.indexOf(task);
  if (place === from || place === from + 1) {
    return null;
  }
  const other = all[place];
  return { move: other === undefined ? { kind: 'last', task: task.id } : { kind: 'before', task: task.id, other: other.id } };
}

/** A card lifted by the keyboard: arrow keys choose where it would go. */
export class Lift {
  constructor(
    private readonly plan: IPlan,
    readonly task: ITask,
    private readonly trans: TranslationBundle
  ) {
    this.own = COLUMNS.findIndex(column => column[0] === columnOf(task.status));
    this.column = this.own;
    this.all = siblings(plan, task);
    this.index = this.all.indexOf(task);
  }

  /** The key of the column where it is held. */
  get over(): string {
    return COLUMNS[this.column]?.[0] ?? '';
  }

  /** Go one step: left and right over the columns, up and down within its own. */
  step(key: string): boolean {
    switch (key) {
      case 'ArrowLeft':
        this.column = Math.max(0, this.column - 1);
        return true;
      case 'ArrowRight':
        this.column = Math.min(COLUMNS.length - 1, this.column + 1);
        return true;
      case 'ArrowUp':
        this.index = Math.max(0, this.index - 1);
        return true;
      case 'ArrowDown':
        this.index = Math.min(this.all.length - 1, this.index + 1);
        return true;
      default:
        return false;
    }
  }

  /** What dropping it here would do. */
  get target(): Target {
    if (this.column !== this.own) {
      const spot = { column: this.over, epic: this.task.epic, card: null, below: false, link: false };
      return target(this.plan, this.task.id, spot, this.trans);
    }
    const from = this.all.indexOf(this.task);
    return atPlace(this.all, this.task, this.index > from ? this.index + 1 : this.index);
  }

  private readonly own: number;
  private readonly all: readonly ITask[];
  private column: number;
  private index: number;
}
