import { cardOf } from './marks';

/** Which card has the focus: one of all is a stop for Tab, and a new drawing keeps it. */
export class Stops {
  constructor(private readonly node: HTMLElement) {
    node.addEventListener('focusin', event => {
      const id = event.target instanceof Element ? event.target.closest<HTMLElement>('.noo-card')?.dataset.task : undefined;
      if (id !== undefined && id !== this.current) {
        this.current = id;
        this.mark();
      }
    });
  }

  /** Give the focus to a card. */
  focus(id: string): void {
    cardOf(this.node, id)?.querySelector<HTMLElement>('.noo-board-handle')?.focus();
  }

  /** Draw cards anew; the same thing of the new drawing has the focus then. */
  keep(draw: () => void): void {
    const { activeElement } = document;
    const had = activeElement instanceof HTMLElement && this.node.contains(activeElement) ? activeElement : null;
    const id = had?.closest<HTMLElement>('.noo-card')?.dataset.task;
    const part = ['noo-board-handle', 'noo-board-menu'].find(name => had?.classList.contains(name));
    draw();
    this.mark();
    if (had?.isConnected === true) {
      had.focus();
    } else if (id !== undefined) {
      cardOf(this.node, id)?.querySelector<HTMLElement>(`.${part ?? 'noo-board-handle'}`)?.focus();
    }
  }

  /** One card is a stop, with what belongs to it. */
  private mark(): void {
    const cards = [...this.node.querySelectorAll<HTMLElement>('.noo-card')];
    const one = cards.find(each => each.dataset.task === this.current) ?? cards[0];
    for (const card of cards) {
      card
        .querySelectorAll<HTMLElement>('.noo-board-handle, .noo-board-menu')
        .forEach(part => (part.tabIndex = card === one ? 0 : -1));
    }
  }

  private current = '';
}
