import { el } from '../dom';

/** One line of a menu; `null` stands for a rule between two groups. */
export type MenuItem = { readonly label: string; readonly run: () => void } | null;

/**
 * Open a menu below an element, and give the focus back to it when the menu is closed.
 *
 * @returns closes it.
 */
export function openMenu(anchor: HTMLElement, label: string, items: readonly MenuItem[]): () => void {
  const menu = el('div', {
    class: 'noo-board-popup',
    role: 'menu',
    'aria-label': label,
    'data-lm-suppress-shortcuts': 'true'
  });
  const close = (focus: boolean): void => {
    document.removeEventListener('pointerdown', outside, true);
    menu.remove();
    anchor.setAttribute('aria-expanded', 'false');
    if (focus) {
      anchor.focus();
    }
  };
  const outside = (event: Event): void => {
    if (event.target instanceof Node && !menu.contains(event.target)) {
      close(false);
    }
  };
  const buttons: HTMLButtonElement[] = [];
  for (const item of items) {
    if (item === null) {
      menu.append(el('div', { role: 'separator' }));
      continue;
    }
    const node = el('button', { type: 'button', role: 'menuitem', tabindex: '-1' }, item.label);
    node.addEventListener('click', event => {
      event.stopPropagation();
      close(true);
      item.run();
    });
    buttons.push(node);
    menu.append(node);
  }
  menu.addEventListener('keydown', event => {
    event.stopPropagation();
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to: Readonly<Record<string, number>> = {
      ArrowDown: (at + 1) % buttons.length,
      ArrowUp: (at - 1 + buttons.length) % buttons.length,
      Home: 0,
      End: buttons.length - 1
    };
    const next = to[event.key];
    if (next !== undefined) {
      event.preventDefault();
      buttons[next]?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      close(true);
    } else if (event.key.length === 1 && event.key !== ' ') {
      const wanted = event.key.toLowerCase();
      const order = [...buttons.slice(at + 1), ...buttons.slice(0, at + 1)];
      order.find(node => node.textContent?.toLowerCase().startsWith(wanted))?.focus();
    }
  });
  // On the body: whatever the board stands in may cut off what hangs over its edge.
  document.body.append(menu);
  const at = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const room = (place: number, size: number, whole: number): number => Math.max(4, Math.min(place, whole - size - 4));
  menu.style.left = `${room(at.right - width, width, window.innerWidth)}px`;
  menu.style.top = `${room(at.bottom + 2, height, window.innerHeight)}px`;
  anchor.setAttribute('aria-expanded', 'true');
  document.addEventListener('pointerdown', outside, true);
  buttons[0]?.focus();
  return () => close(false);
}
