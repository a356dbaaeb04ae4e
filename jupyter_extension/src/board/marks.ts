import type { Target } from './targets';

const MARKS = ['noo-mod-held', 'noo-mod-needs', 'noo-mod-before', 'noo-mod-behind', 'noo-mod-link', 'noo-mod-target', 'noo-mod-refused'];

/** The card of a task. */
export function cardOf(node: HTMLElement, id: string): HTMLElement | null {
  return [...node.querySelectorAll<HTMLElement>('.noo-card')].find(card => card.dataset.task === id) ?? null;
}

/** Show on the board what dropping the held card would do; `over` is the column where the keyboard holds it. */
export function mark(node: HTMLElement, to: Target, held: string | null, over?: string): void {
  for (const name of MARKS) {
    node.querySelectorAll(`.${name}`).forEach(marked => marked.classList.remove(name));
  }
  const own = held === null ? null : cardOf(node, held);
  if (own === null) {
    return;
  }
  own.classList.add('noo-mod-held');
  const column = (key: string): Element | null =>
    [...(own.closest('.noo-board-cells')?.children ?? [])].find(
      each => each instanceof HTMLElement && each.dataset.column === key
    ) ?? null;
  if (to !== null && 'move' in to) {
    const { move } = to;
    if (move.kind === 'column') {
      column(move.column)?.classList.add('noo-mod-target');
    } else if (move.kind === 'last') {
      own.parentElement?.lastElementChild?.classList.add('noo-mod-behind');
    } else {
      cardOf(node, move.other)?.classList.add(move.kind === 'before' ? 'noo-mod-before' : 'noo-mod-link');
    }
  } else if (over !== undefined) {
    column(over)?.classList.add(to === null ? 'noo-mod-target' : 'noo-mod-refused');
  }
}
