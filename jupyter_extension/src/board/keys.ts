/** Where the card is to which an arrow key leads, or null. */
export function neighbour(node: HTMLElement, from: HTMLElement, key: string): HTMLElement | null {
  const cards = [...node.querySelectorAll<HTMLElement>('.noo-card')];
  const column = from.closest<HTMLElement>('.noo-column');
  switch (key) {
    case 'Home':
      return cards[0] ?? null;
    case 'End':
      return cards.at(-1) ?? null;
    case 'ArrowUp':
    case 'ArrowDown': {
      // On through the same column of the next lane.
      const own = cards.filter(
        card => card.closest<HTMLElement>('.noo-column')?.dataset.column === column?.dataset.column
      );
      return own[own.indexOf(from) + (key === 'ArrowDown' ? 1 : -1)] ?? null;
    }
    case 'ArrowLeft':
    case 'ArrowRight': {
      const columns = [...(column?.parentElement?.querySelectorAll<HTMLElement>('.noo-column') ?? [])];
      const step = key === 'ArrowRight' ? 1 : -1;
      const index = column === null ? -1 : [...column.querySelectorAll('.noo-card')].indexOf(from);
      for (let at = columns.indexOf(column as HTMLElement) + step; at >= 0 && at < columns.length; at += step) {
        const others = [...(columns[at]?.querySelectorAll<HTMLElement>('.noo-card') ?? [])];
        if (others.length > 0) {
          return others[Math.min(index, others.length - 1)] ?? null;
        }
      }
      return null;
    }
    default:
      return null;
  }
}
