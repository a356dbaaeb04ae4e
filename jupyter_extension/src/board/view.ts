import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { button, el } from '../dom';
import { briefAccount } from '../plan/brief';
import type { IPlan, ITask } from '../plan/data';
import { columnOf } from '../plan/data';
import type { INootropic } from '../tokens';
import { CardEdits } from './cardEdits';
import type { ICommands } from './cardMenu';
import { Cards } from './cards';
import { ALL, chosen } from './filter';
import { Hand } from './hand';
import { head } from './head';
import { lanes } from './lanes';
import { cardOf } from './marks';
import { Mover } from './mover';
import { taskOf } from './moves';
import { TaskRuns } from './runs';
import { sections } from './sections';
import type { IBoardState } from './state';
import { Stops } from './stops';
import { Told } from './told';
import { Toolbar } from './toolbar';

/** What the board works with. */
export interface IBoardViewOptions {
  readonly client: INootropic;
  readonly folder: string;
  readonly trans: TranslationBundle;
  readonly commands: ICommands | null;
  readonly state: IBoardState;
  /** Ask for the newest board; it is shown by `display`. */
  readonly refresh: () => Promise<void>;
}

/** The board of a plan, in a panel of its own or in a cell's output: a person moves, runs and changes its tasks. */
export class BoardView extends Widget {
  constructor(private readonly options: IBoardViewOptions) {
    super();
    const { trans, state, client, folder } = options;
    this.addClass('noo-plan');
    this.node.dataset.lmSuppressShortcuts = 'true';
    this.told = new Told(trans);
    this.toolbar = new Toolbar(
      state.filter,
      trans,
      filter => {
        state.filter = filter;
        this.begun.clear();
        this.draw();
        this.arranged.emit();
      },
      () => void options.refresh()
    );
    this.edits = new CardEdits({
      client,
      folder,
      trans,
      commands: options.commands,
      plan: () => this.plan,
      refresh: options.refresh,
      draw: () => this.draw(),
      say: this.told.say,
      focus: id => this.stops.focus(id)
    });
    this.mover = new Mover({
      client,
      folder,
      trans,
      plan: () => this.plan,
      refresh: options.refresh,
      draw: () => this.draw(),
      say: this.told.say,
      tell: this.edits.tell,
      ask: (task, asked) => this.edits.ask(task, asked),
      done: this.told.done
    });
    this.runs = new TaskRuns({
      client,
      folder,
      trans,
      kept: state.runs,
      changed: id => {
        this.cards.redraw(id);
        this.arranged.emit();
      },
      tell: this.edits.tell,
      ended: () => {
        this.draw();
        this.arranged.emit();
        void options.refresh();
      }
    });
    this.node.append(this.top, this.told.live, this.told.line, this.body);
    this.stops = new Stops(this.body);
    this.hand = new Hand({
      node: this.node,
      trans,
      plan: () => (this.active && this.locked === '' ? this.shownPlan : null),
      say: this.told.say,
      dropped: (id, to) => this.mover.drop(id, to),
      draw: () => this.draw()
    });
    this.cards = new Cards({
      node: this.node,
      trans,
      runs: this.runs,
      edits: this.edits,
      mover: this.mover,
      stops: this.stops,
      plan: () => this.shownPlan,
      active: () => this.active,
      locked: () => this.locked,
      holds: () => this.hand.holds
    });
  }

  /** Emitted when the person has arranged the board otherwise: filters, folds, scroll. */
  readonly arranged = new Signal<this, void>(this);

  /**
   * Show a plan. While `active` is false it is a picture only: what it shows may be of another time. `locked` says why
   * nothing of it can be changed now.
   */
  display(plan: IPlan, active: boolean, locked = ''): void {
    if (plan === this.plan && active === this.active && locked === this.locked) {
      // Who tabs through it, or presses a button just then, is left in peace.
      return;
    }
    this.plan = plan;
    this.active = active;
    this.locked = locked;
    this.draw();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.toolbar.dispose();
      this.runs.dispose();
    }
    super.dispose();
  }

  private draw(): void {
    if (this.plan === null || this.isDisposed) {
      return;
    }
    if (this.hand.holds) {
      this.hand.drawLater();
      return;
    }
    const { trans, state } = this.options;
    const plan = this.mover.shown(this.plan);
    this.shownPlan = plan;
    const tasks = chosen(plan, state.filter);
    const old = this.node.querySelector<HTMLElement>('.noo-board');
    const left = old?.scrollLeft ?? 0;
    const top = old?.scrollTop ?? state.scroll;
    this.toolbar.show(plan, tasks.length);
    this.top.replaceChildren(head(plan, trans), ...briefAccount(plan, trans));
    if (this.toolbar.node.parentNode === null && plan.tasks.length > 0) {
      this.told.line.before(this.toolbar.node);
    }
    this.told.lock(this.locked !== '');
    this.stops.keep(() => {
      this.body.replaceChildren(
        ...sections({
          plan,
          tasks,
          trans,
          open: state.sections,
          board: () => this.board(plan, tasks),
          show: this.showCard,
          toggled: (name, open) => {
            state.sections.set(name, open);
            this.draw();
            this.node.querySelector<HTMLElement>(`[data-section=${name}] > summary`)?.focus();
            this.arranged.emit();
          }
        })
      );
      const drawn = this.node.querySelector<HTMLElement>('.noo-board');
      if (drawn !== null) {
        drawn.scrollLeft = left;
        drawn.scrollTop = top;
        drawn.addEventListener('scroll', () => {
          state.scroll = drawn.scrollTop;
          this.arranged.emit();
        });
      }
    });
  }

  private board(plan: IPlan, shown: readonly ITask[]): HTMLElement {
    const { trans, state } = this.options;
    if (shown.length === 0) {
      return plan.tasks.length === 0
        ? el('p', { class: 'noo-facts' }, trans.__('This plan has no tasks.'))
        : el(
            'p',
            { class: 'noo-board-none' },
            trans.__('No task fits the filters. '),
            button(trans.__('Show all'), { class: 'noo-button' }, () => this.toolbar.set(ALL))
          );
    }
    return lanes({
      plan,
      shown,
      trans,
      folded: state.folded,
      begun: this.begun,
      pages: this.pages,
      card: task => this.cards.draw(task),
      fold: (epic, folded) => {
        state.folded.set(epic, folded);
        this.draw();
        [...this.node.querySelectorAll<HTMLElement>('.noo-board-lane')]
          .find(lane => lane.dataset.epic === epic)
          ?.querySelector<HTMLElement>('.noo-board-lane-head')
          ?.focus();
        this.arranged.emit();
      },
      page: (key, count) => {
        this.pages.set(key, count);
        this.draw();
      },
      allColumns: this.active
    });
  }

  /** From a box or a bar to the card. */
  private readonly showCard = (id: string): void => {
    const task = this.shownPlan === null ? undefined : taskOf(this.shownPlan, id);
    if (task === undefined) {
      return;
    }
    this.cards.open(id);
    const { state } = this.options;
    state.sections.set('board', true);
    state.folded.set(task.epic, false);
    if (cardOf(this.node, id) === null) {
      this.pages.set(`${task.epic}/${columnOf(task.status)}`, Infinity);
    }
    this.draw();
    this.stops.focus(id);
  };

  private readonly told: Told;
  private readonly toolbar: Toolbar;
  private readonly mover: Mover;
  private readonly runs: TaskRuns;
  private readonly edits: CardEdits;
  private readonly cards: Cards;
  private readonly stops: Stops;
  private readonly hand: Hand;
  private readonly top = el('div', {});
  private readonly body = el('div', {});
  private readonly begun = new Map<string, boolean>();
  private readonly pages = new Map<string, number>();
  /** As the server told it, and as it is shown. */
  private plan: IPlan | null = null;
  private shownPlan: IPlan | null = null;
  private active = false;
  private locked = '';
}
