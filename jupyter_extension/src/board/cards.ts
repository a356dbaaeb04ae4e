import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPlan, ITask } from '../plan/data';
import { card } from './card';
import type { CardEdits } from './cardEdits';
import { cardOf } from './marks';
import type { Mover } from './mover';
import { taskOf } from './moves';
import type { TaskRuns } from './runs';
import type { Stops } from './stops';

/** What the cards are drawn with. */
export interface ICardsOptions {
  /** Where they stand. */
  readonly node: HTMLElement;
  readonly trans: TranslationBundle;
  readonly runs: TaskRuns;
  readonly edits: CardEdits;
  readonly mover: Mover;
  readonly stops: Stops;
  /** The plan as it is shown; null before there is one. */
  readonly plan: () => IPlan | null;
  /** Whether something can be done with them, and why nothing can be changed now. */
  readonly active: () => boolean;
  readonly locked: () => string;
  /** Whether the person holds one: until it is put down, none is drawn anew. */
  readonly holds: () => boolean;
}

/** The cards that stand on the board: opened, with a menu, and drawn anew when something is told of their task. */
export class Cards {
  constructor(private readonly options: ICardsOptions) {}

  /** A task's card. */
  draw(task: ITask): HTMLElement {
    const { runs, edits, mover, trans, active, locked } = this.options;
    const run = runs.of(task.id);
    const news = {
      run: run && {
        text: run.progress?.text ?? run.text.trim().split('\n').at(-1) ?? '',
        fraction: run.progress?.fraction ?? null,
        asked: runs.asked(task.id),
        cancel: () => void run.cancel()
      },
      note: edits.note(task.id),
      form: edits.form(task.id),
      open: this.opened.has(task.id),
      saving: mover.saving(task.id)
    };
    const actions = {
      toggle: this.toggle,
      menu: (id: string, anchor: HTMLElement) => this.menu(id, anchor),
      locked: locked()
    };
    const node = card(run ? { ...task, status: 'running' } : task, news, active() ? actions : null, trans);
    if (!active()) {
      node.querySelector('.noo-board-handle')?.addEventListener('click', () => this.toggle(task.id));
    }
    return node;
  }

  /** Draw one card anew: its run has told something. */
  redraw(id: string): void {
    const { node, stops, holds } = this.options;
    const old = cardOf(node, id);
    const task = this.task(id);
    if (old !== null && task !== undefined && !holds()) {
      stops.keep(() => old.replaceWith(this.draw(task)));
    }
  }

  /** Show all of a card from its next drawing on. */
  open(id: string): void {
    this.opened.add(id);
  }

  private readonly toggle = (id: string): void => {
    if (!this.opened.delete(id)) {
      this.opened.add(id);
    }
    this.redraw(id);
  };

  private menu(id: string, anchor: HTMLElement): void {
    const { runs, edits, mover } = this.options;
    const plan = this.options.plan();
    const task = this.task(id);
    if (plan !== null && task !== undefined) {
      edits.menu(task, anchor, {
        plan,
        running: runs.of(id) !== undefined,
        proposal: runs.proposal(id),
        open: () => this.toggle(id),
        run: () => runs.start(id),
        cancel: () => void runs.of(id)?.cancel(),
        move: move => mover.ask(move),
        change: args => void mover.edit(id, args)
      });
    }
  }

  private task(id: string): ITask | undefined {
    const plan = this.options.plan();
    return plan === null ? undefined : taskOf(plan, id);
  }

  private readonly opened = new Set<string>();
}
