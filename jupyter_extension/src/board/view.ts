import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { button, el } from '../dom';
import { briefAccount } from '../plan/brief';
import type { IPlan, ITask } from '../plan/data';
import { graph } from '../plan/graph';
import type { INootropic } from '../tokens';
import { CardEdits } from './cardEdits';
import { card } from './card';
import type { ICommands } from './cardMenu';
import { criticalPaths } from './critical';
import { makeDraggable } from './drag';
import { ALL, chosen } from './filter';
import { gantt } from './gantt';
import { head } from './head';
import { neighbour } from './keys';
import { lanes } from './lanes';
import type { Move } from './moves';
import { columnTitle, moveWords, needsNote, taskOf } from './moves';
import { cardOf, mark } from './marks';
import { Mover } from './mover';
import { TaskRuns } from './runs';
import type { IBoardState, SectionName } from './state';
import { Lift, target } from './targets';
import type { Target } from './targets';
import { Toolbar } from './toolbar';

/** Drawings are for eyes: more boxes or bars than this tell nothing. */
const MOST_DRAWN = 300;

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
      say: words => this.say(words),
      focus: id => this.focusCard(id)
    });
    this.mover = new Mover({
      client,
      folder,
      trans,
      plan: () => this.plan,
      refresh: options.refresh,
      draw: () => this.draw(),
      tell: this.edits.tell,
      done: (words, undo) => this.done(words, undo)
    });
    this.runs = new TaskRuns({
      client,
      folder,
      trans,
      kept: state.runs,
      changed: id => {
        this.redraw(id);
        this.arranged.emit();
      },
      tell: this.edits.tell,
      ended: () => {
        this.draw();
        this.arranged.emit();
        void options.refresh();
      }
    });
    this.node.append(this.top, this.live, this.line, this.body);
    this.node.addEventListener('keydown', event => this.key(event));
    this.node.addEventListener('keyup', event => {
      // The button's own click by Space: here Space lifts.
      if (event.key === ' ' && onHandle(event.target)) {
        event.preventDefault();
      }
    });
    this.node.addEventListener('focusin', event => this.focused(event));
    this.node.addEventListener('focusout', () => this.lift !== null && !this.drawing && this.drop(null));
    makeDraggable({
      node: this.node,
      ready: () => this.shownPlan !== null && this.active && this.lift === null,
      begin: id => this.hold(id),
      target: (id, spot) => (this.shownPlan === null ? null : target(this.shownPlan, id, spot, trans)),
      words: to => this.words(to),
      mark: to => mark(this.node, to, this.held),
      end: (id, to) => {
        this.letGo();
        this.carryOut(id, to);
      }
    });
  }

  /** Emitted when the person has arranged the board otherwise: filters, folds, scroll. */
  readonly arranged = new Signal<this, void>(this);

  /** Show a plan. While `active` is false it is a picture only: what it shows may be of another time. */
  display(plan: IPlan, active: boolean): void {
    this.plan = plan;
    this.active = active;
    this.draw();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.toolbar.dispose();
      this.runs.dispose();
      Signal.clearData(this);
    }
    super.dispose();
  }

  private draw(): void {
    if (this.plan === null || this.isDisposed) {
      return;
    }
    if (this.held !== null) {
      this.late = true;
      return;
    }
    const { trans, state } = this.options;
    const plan = this.mover.shown(this.plan);
    this.shownPlan = plan;
    const tasks = chosen(plan, state.filter);
    const focus = this.focus();
    const board = this.node.querySelector<HTMLElement>('.noo-board');
    const left = board?.scrollLeft ?? 0;
    const top = board?.scrollTop ?? state.scroll;
    this.drawing = true;
    this.toolbar.show(plan, tasks.length);
    this.top.replaceChildren(head(plan, trans), ...briefAccount(plan, trans));
    if (this.toolbar.node.parentNode === null && plan.tasks.length > 0) {
      this.line.before(this.toolbar.node);
    }
    this.body.replaceChildren(
      this.section('board', trans.__('Board'), () => this.board(plan, tasks)),
      plan.tasks.some(task => task.dependsOn.length > 0)
        ? this.section('graph', trans.__('Dependencies'), () => this.drawn(tasks, () => graph(tasks, trans, this.showCard)))
        : '',
      plan.tasks.some(task => task.ends !== null)
        ? this.section('gantt', trans.__('Schedule'), () => this.drawn(tasks, () => gantt(tasks, trans, this.showCard)))
        : '',
      plan.critical.length > 0
        ? this.section('critical', trans._n('Critical path', 'Critical paths', plan.critical.length), () =>
            criticalPaths(plan.critical, trans)
          )
        : ''
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
    this.stop();
    focus();
    this.drawing = false;
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
      card: task => this.card(task),
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

  private card(task: ITask): HTMLElement {
    const run = this.runs.of(task.id);
    const news = {
      run: run && {
        text: run.progress?.text ?? run.text.trim().split('\n').at(-1) ?? '',
        fraction: run.progress?.fraction ?? null,
        cancel: () => void run.cancel()
      },
      note: this.edits.note(task.id),
      form: this.edits.form(task.id),
      open: this.opened.has(task.id),
      saving: this.mover.saving(task.id)
    };
    const actions = { toggle: this.toggle, menu: (id: string, anchor: HTMLElement) => this.menu(id, anchor) };
    const node = card(run ? { ...task, status: 'running' } : task, news, this.active ? actions : null, this.options.trans);
    if (!this.active) {
      node.querySelector('.noo-board-handle')?.addEventListener('click', () => this.toggle(task.id));
    }
    return node;
  }

  /** Draw one card anew: its run has told something. */
  private redraw(id: string): void {
    const old = this.cardOf(id);
    const task = this.shownPlan === null ? undefined : taskOf(this.shownPlan, id);
    if (old === null || task === undefined || this.held !== null) {
      return;
    }
    const focus = this.focus();
    this.drawing = true;
    old.replaceWith(this.card(task));
    this.stop();
    focus();
    this.drawing = false;
  }

  private section(name: SectionName, title: string, make: () => HTMLElement): HTMLElement {
    const { sections } = this.options.state;
    const open = sections.get(name) === true;
    const node = el(
      'details',
      { class: 'noo-section', 'data-section': name, open: open ? '' : undefined },
      el('summary', { class: 'noo-section-title' }, title),
      open ? make() : null
    );
    node.addEventListener('toggle', () => {
      if (node.open !== (sections.get(name) === true)) {
        sections.set(name, node.open);
        this.draw();
        this.node.querySelector<HTMLElement>(`[data-section=${name}] > summary`)?.focus();
        this.arranged.emit();
      }
    });
    return node;
  }

  private drawn(tasks: readonly ITask[], make: () => HTMLElement): HTMLElement {
    const { trans } = this.options;
    return tasks.length <= MOST_DRAWN
      ? make()
      : el(
          'p',
          { class: 'noo-facts' },
          trans.__('%1 tasks are too many to draw: filter them to %2 or less.', tasks.length, MOST_DRAWN)
        );
  }

  private menu(id: string, anchor: HTMLElement): void {
    const task = this.shownPlan === null ? undefined : taskOf(this.shownPlan, id);
    if (task !== undefined && this.shownPlan !== null) {
      this.edits.menu(task, anchor, {
        plan: this.shownPlan,
        running: this.runs.of(id) !== undefined,
        proposal: this.runs.proposal(id),
        open: () => this.toggle(id),
        run: () => this.runs.start(id),
        cancel: () => void this.runs.of(id)?.cancel(),
        move: move => this.ask(move),
        change: args => void this.mover.edit(id, args)
      });
    }
  }

  /** Make a move, after asking why where that has to be said. */
  private ask(move: Move): void {
    if (this.plan !== null && needsNote(move, this.plan)) {
      const { trans } = this.options;
      const asked = move.kind === 'column' ? columnTitle(move.column, trans) : '';
      this.edits.ask(move.task, {
        title: trans.__('%1 → %2', move.task, asked),
        submit: trans.__('Move'),
        fields: [{ name: 'note', label: trans.__('Why, though it was to be done otherwise?') }],
        done: ({ note }) => void this.mover.move(move, note ?? '')
      });
    } else {
      this.say(moveWords(move, this.options.trans));
      void this.mover.move(move);
    }
  }

  private carryOut(id: string, to: Target): void {
    if (to !== null && 'refused' in to) {
      this.edits.tell(id, 'error', to.refused);
    } else if (to !== null) {
      this.ask(to.move);
    }
  }

  private words(to: Target): string {
    return to === null ? '' : 'refused' in to ? to.refused : moveWords(to.move, this.options.trans);
  }

  private key(event: KeyboardEvent): void {
    const handle = onHandle(event.target);
    const from = handle?.closest<HTMLElement>('.noo-card');
    if (!handle || !from || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const id = from.dataset.task ?? '';
    if (this.lift !== null) {
      this.lifted(this.lift, event);
    } else if (event.key === ' ') {
      event.preventDefault();
      this.take(id);
    } else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      event.preventDefault();
      from.querySelector<HTMLElement>('.noo-board-menu')?.click();
    } else {
      const next = neighbour(this.node, from, event.key);
      if (next !== null) {
        event.preventDefault();
        next.querySelector<HTMLElement>('.noo-board-handle')?.focus();
      }
    }
  }

  private take(id: string): void {
    const task = this.shownPlan === null ? undefined : taskOf(this.shownPlan, id);
    if (task === undefined || this.shownPlan === null || !this.active) {
      return;
    }
    this.lift = new Lift(this.shownPlan, task, this.options.trans);
    this.hold(id);
    const { trans } = this.options;
    this.say(trans.__('%1 is lifted. Arrow keys choose a place, Enter drops it there, Escape leaves it.', id));
  }

  private lifted(lift: Lift, event: KeyboardEvent): void {
    const { trans } = this.options;
    if (lift.step(event.key)) {
      mark(this.node, lift.target, lift.task.id, lift.over);
      const words = this.words(lift.target);
      this.say(words === '' ? trans.__('%1: where it was', lift.task.id) : words);
    } else if (event.key === 'Enter' || event.key === ' ') {
      this.drop(lift.target);
    } else if (event.key === 'Escape') {
      this.drop(null);
      this.say(trans.__('%1 stays where it was.', lift.task.id));
    } else if (event.key !== 'Tab') {
      return;
    }
    if (event.key !== 'Tab') {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  private drop(to: Target): void {
    const id = this.lift?.task.id;
    this.lift = null;
    mark(this.node, null, null);
    this.letGo();
    if (id !== undefined) {
      this.carryOut(id, to);
    }
  }

  /** A card is in the person's hand: nothing is drawn anew under it. */
  private hold(id: string): void {
    this.held = id;
    this.node.classList.add('noo-mod-holding');
    mark(this.node, null, id);
  }

  private letGo(): void {
    this.held = null;
    this.node.classList.remove('noo-mod-holding');
    if (this.late) {
      this.late = false;
      this.draw();
    }
  }

  private readonly toggle = (id: string): void => {
    if (!this.opened.delete(id)) {
      this.opened.add(id);
    }
    this.redraw(id);
  };

  /** From a box or a bar to the card. */
  private readonly showCard = (id: string): void => {
    const task = this.shownPlan === null ? undefined : taskOf(this.shownPlan, id);
    if (task === undefined) {
      return;
    }
    this.opened.add(id);
    const { state } = this.options;
    state.sections.set('board', true);
    state.folded.set(task.epic, false);
    if (this.cardOf(id) === null) {
      this.pages.set(`${task.epic}/${this.columnKey(task)}`, Infinity);
    }
    this.draw();
    this.focusCard(id);
  };

  private columnKey(task: ITask): string {
    return this.shownPlan?.columns.find(column => column.tasks.some(other => other.id === task.id))?.key ?? '';
  }

  private focusCard(id: string): void {
    this.cardOf(id)?.querySelector<HTMLElement>('.noo-board-handle')?.focus();
  }

  private cardOf(id: string): HTMLElement | null {
    return cardOf(this.node, id);
  }

  /** Of all cards, one is a stop for Tab, with what belongs to it. */
  private stop(): void {
    const cards = [...this.node.querySelectorAll<HTMLElement>('.noo-card')];
    const one = cards.find(each => each.dataset.task === this.current) ?? cards[0];
    for (const node of cards) {
      node
        .querySelectorAll<HTMLElement>('.noo-board-handle, .noo-board-menu')
        .forEach(part => (part.tabIndex = node === one ? 0 : -1));
    }
  }

  private focused(event: FocusEvent): void {
    const id = event.target instanceof Element ? event.target.closest<HTMLElement>('.noo-card')?.dataset.task : undefined;
    if (id !== undefined && id !== this.current) {
      this.current = id;
      this.stop();
    }
  }

  /** Note what has the focus; the function that comes back gives it to the same thing of the new drawing. */
  private focus(): () => void {
    const { activeElement } = document;
    if (!(activeElement instanceof HTMLElement) || !this.body.contains(activeElement)) {
      return () => undefined;
    }
    const id = activeElement.closest<HTMLElement>('.noo-card')?.dataset.task;
    const part = ['noo-board-handle', 'noo-board-menu'].find(name => activeElement.classList.contains(name));
    return () => {
      if (activeElement.isConnected) {
        activeElement.focus();
      } else if (id !== undefined) {
        this.cardOf(id)?.querySelector<HTMLElement>(`.${part ?? 'noo-board-handle'}`)?.focus();
      }
    };
  }

  private say(words: string): void {
    this.live.textContent = words;
  }

  /** What was done, with a way back, until the next thing is done. */
  private done(words: string, undo: (() => void) | null): void {
    const { trans } = this.options;
    this.say(words);
    this.line.replaceChildren(
      el('span', { class: 'noo-facts' }, words),
      undo === null ? '' : button(trans.__('Undo'), { class: 'noo-button' }, () => {
        this.line.replaceChildren();
        undo();
      })
    );
  }

  private readonly toolbar: Toolbar;
  private readonly mover: Mover;
  private readonly runs: TaskRuns;
  private readonly edits: CardEdits;
  private readonly top = el('div', {});
  private readonly live = el('div', { class: 'noo-board-live', role: 'status', 'aria-live': 'polite' });
  private readonly line = el('div', { class: 'noo-board-line' });
  private readonly body = el('div', {});
  private readonly begun = new Map<string, boolean>();
  private readonly pages = new Map<string, number>();
  private readonly opened = new Set<string>();
  /** As the server told it, and as it is shown. */
  private plan: IPlan | null = null;
  private shownPlan: IPlan | null = null;
  private active = false;
  private current = '';
  private lift: Lift | null = null;
  private held: string | null = null;
  private late = false;
  private drawing = false;
}

function onHandle(node: EventTarget | null): HTMLElement | null {
  return node instanceof Element ? node.closest<HTMLElement>('.noo-board-handle') : null;
}
