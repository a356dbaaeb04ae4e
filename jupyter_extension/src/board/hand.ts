import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPlan } from '../plan/data';
import { makeDraggable } from './drag';
import { neighbour } from './keys';
import { mark } from './marks';
import { moveWords, taskOf } from './moves';
import { Lift, target } from './targets';
import type { Target } from './targets';

/** What the hand needs of the board. */
export interface IHandOptions {
  readonly node: HTMLElement;
  readonly trans: TranslationBundle;
  /** The plan as it is shown, or null while cards may not be moved. */
  readonly plan: () => IPlan | null;
  readonly say: (words: string) => void;
  /** A card was let go over a place; null where it stays. */
  readonly dropped: (task: string, to: Target) => void;
  /** Draw what had to wait while a card was held. */
  readonly draw: () => void;
}

/** The person's hand: a card is dragged with the pointer, or lifted and carried with keys. */
export class Hand {
  constructor(private readonly options: IHandOptions) {
    const { node, plan, trans } = options;
    node.addEventListener('keydown', event => this.key(event));
    node.addEventListener('keyup', event => {
      // The button's own click by Space: here Space lifts.
      if (event.key === ' ' && onHandle(event.target)) {
        event.preventDefault();
      }
    });
    node.addEventListener('focusout', () => this.lift !== null && this.drop(null));
    makeDraggable({
      node,
      ready: () => plan() !== null && this.held === null,
      begin: id => this.hold(id),
      target: (id, spot) => {
        const shown = plan();
        return shown === null ? null : target(shown, id, spot, trans);
      },
      words: to => this.words(to),
      mark: to => mark(node, to, this.held),
      end: (id, to) => {
        this.letGo();
        options.dropped(id, to);
      }
    });
  }

  /** Whether a card is held: nothing is drawn anew under it. */
  get holds(): boolean {
    return this.held !== null;
  }

  /** Draw as soon as the card is let go. */
  drawLater(): void {
    this.late = true;
  }

  private words(to: Target): string {
    return to === null ? '' : 'refused' in to ? to.refused : moveWords(to.move, this.options.trans);
  }

  private key(event: KeyboardEvent): void {
    const from = onHandle(event.target)?.closest<HTMLElement>('.noo-card');
    if (!from || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (this.lift !== null) {
      this.carry(this.lift, event);
    } else if (event.key === ' ') {
      event.preventDefault();
      this.take(from.dataset.task ?? '');
    } else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      event.preventDefault();
      from.querySelector<HTMLElement>('.noo-board-menu')?.click();
    } else {
      const next = neighbour(this.options.node, from, event.key);
      if (next !== null) {
        event.preventDefault();
        next.querySelector<HTMLElement>('.noo-board-handle')?.focus();
      }
    }
  }

  private take(id: string): void {
    const { trans, say } = this.options;
    const plan = this.options.plan();
    const task = plan === null ? undefined : taskOf(plan, id);
    if (plan === null || task === undefined || this.held !== null) {
      return;
    }
    this.lift = new Lift(plan, task, trans);
    this.hold(id);
    say(trans.__('%1 is lifted. Arrow keys choose a place, Enter drops it there, Escape leaves it.', id));
  }

  private carry(lift: Lift, event: KeyboardEvent): void {
    const { node, trans, say } = this.options;
    if (lift.step(event.key)) {
      mark(node, lift.target, lift.task.id, lift.over);
      const words = this.words(lift.target);
      say(words === '' ? trans.__('%1: where it was', lift.task.id) : words);
    } else if (event.key === 'Enter' || event.key === ' ') {
      this.drop(lift.target);
    } else if (event.key === 'Escape') {
      this.drop(null);
      say(trans.__('%1 stays where it was.', lift.task.id));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private drop(to: Target): void {
    const id = this.lift?.task.id;
    this.lift = null;
    mark(this.options.node, null, null);
    this.letGo();
    if (id !== undefined) {
      this.options.dropped(id, to);
    }
  }

  private hold(id: string): void {
    this.held = id;
    this.options.node.classList.add('noo-mod-holding');
    mark(this.options.node, null, id);
  }

  private letGo(): void {
    this.held = null;
    this.options.node.classList.remove('noo-mod-holding');
    if (this.late) {
      this.late = false;
      this.options.draw();
    }
  }

  private lift: Lift | null = null;
  private held: string | null = null;
  private late = false;
}

function onHandle(node: EventTarget | null): HTMLElement | null {
  return node instanceof Element ? node.closest<HTMLElement>('.noo-board-handle') : null;
}
