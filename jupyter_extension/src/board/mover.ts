import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { reason } from '../api';
import { number, text } from '../json';
import type { IPlan } from '../plan/data';
import { columnOf } from '../plan/data';
import type { INootropic } from '../tokens';
import type { IForm } from './form';
import type { Move } from './moves';
import { argumentsOf, columnTitle, moved, moveWords, needsNote, taskOf } from './moves';
import type { Target } from './targets';

/** What moving cards needs of the board. */
export interface IMoverOptions {
  readonly client: INootropic;
  readonly folder: string;
  readonly trans: TranslationBundle;
  /** The board as the server told it last. */
  readonly plan: () => IPlan | null;
  /** Ask for the newest board, and show it. */
  readonly refresh: () => Promise<void>;
  /** Something has changed that is to be drawn. */
  readonly draw: () => void;
  /** Tell something about a task: at its card, and aloud. */
  readonly tell: (task: string, kind: 'error' | 'info', words: string) => void;
  readonly say: (words: string) => void;
  /** Ask for more in a form at the card. */
  readonly ask: (task: string, asked: Omit<IForm, 'cancelled'>) => void;
  /** Tell what was done, with a way back. */
  readonly done: (words: string, undo: (() => void) | null) => void;
}

/**
 * Changes of the plan that a person makes on the board. Each shows at once, is carried out by the verb `task` one after
 * the other, and is taken off again with the verb's words when it refuses.
 */
export class Mover {
  constructor(private readonly options: IMoverOptions) {}

  /** The board as it looks with the changes that are on their way. */
  shown(plan: IPlan): IPlan {
    return this.moves.reduce(moved, plan);
  }

  /** Whether a change of this task is on its way. */
  saving(task: string): boolean {
    return this.moves.some(move => move.task === task) || this.edits.has(task);
  }

  /** Make a move, after asking why where that has to be said. */
  ask(move: Move): void {
    const { trans, plan, ask, say } = this.options;
    const now = plan();
    if (now !== null && needsNote(move, now)) {
      const asked = move.kind === 'column' ? columnTitle(move.column, trans) : '';
      ask(move.task, {
        title: trans.__('%1 → %2', move.task, asked),
        submit: trans.__('Move'),
        fields: [{ name: 'note', label: trans.__('Why, though it was to be done otherwise?') }],
        done: ({ note }) => void this.move(move, note ?? '')
      });
    } else {
      say(moveWords(move, trans));
      void this.move(move);
    }
  }

  /** Do what dropping a card there means, or say at the card why it cannot be. */
  drop(task: string, to: Target): void {
    if (to !== null && 'refused' in to) {
      this.options.tell(task, 'error', to.refused);
    } else if (to !== null) {
      this.ask(to.move);
    }
  }

  /** Change words, estimate or agent of a task. */
  async edit(task: string, args: ReadonlyJSONObject): Promise<void> {
    await this.next(async () => {
      this.edits.add(task);
      this.options.draw();
      try {
        await this.send(task, { task, ...args }, this.options.trans.__('%1 is changed', task));
      } finally {
        this.edits.delete(task);
        this.options.draw();
      }
    });
  }

  /** Make a move; `note` says why, where that is asked for. */
  private async move(move: Move, note = ''): Promise<void> {
    const { trans, draw, plan } = this.options;
    this.moves.push(move);
    draw();
    await this.next(async () => {
      const before = plan();
      if (before === null) {
        return;
      }
      try {
        if (!(await this.send(move.task, argumentsOf(move, before, note), moveWords(move, trans)))) {
          return;
        }
      } finally {
        this.moves.splice(this.moves.indexOf(move), 1);
        draw();
      }
      const after = plan();
      const task = after === null ? undefined : taskOf(after, move.task);
      if (move.kind === 'column' && task !== undefined && columnOf(task.status) !== move.column) {
        const words = trans.__(
          '%1 stands in “%2” all the same: that follows from what it waits for.',
          task.id,
          columnTitle(columnOf(task.status), trans)
        );
        this.options.tell(task.id, 'info', words);
      }
    });
  }

  /** Have the verb change the plan; the newest board is shown before this ends. */
  private async send(task: string, args: ReadonlyJSONObject, words: string): Promise<boolean> {
    const { client, folder, refresh, tell, done } = this.options;
    try {
      const { result } = await client.call('task', args, { folder });
      const revision = number(result.revision);
      await refresh();
      const back = revision === null || text(result.action) !== 'edited' ? null : () => void this.undo(task, revision);
      done(words, back);
      return true;
    } catch (error) {
      tell(task, 'error', reason(error));
      return false;
    }
  }

  private async undo(task: string, revision: number): Promise<void> {
    const { trans } = this.options;
    await this.next(() =>
      this.send(task, { undo: true, task, revision }, trans.__('The change of %1 is taken back', task))
    );
  }

  /** One change after the other: each is made to the plan that the one before it left. */
  private next<T>(work: () => Promise<T>): Promise<T> {
    const following = this.queue.then(work);
    this.queue = following.catch(() => undefined);
    return following;
  }

  private readonly moves: Move[] = [];
  private readonly edits = new Set<string>();
  private queue: Promise<unknown> = Promise.resolve();
}
