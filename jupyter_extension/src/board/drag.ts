import { el } from '../dom';
import type { ISpot, Target } from './targets';

/** What dragging needs of the board. */
export interface IDragHost {
  readonly node: HTMLElement;
  /** Whether cards may be dragged now. */
  readonly ready: () => boolean;
  readonly begin: (task: string) => void;
  readonly target: (task: string, spot: ISpot) => Target;
  /** What dropping would do, in words. */
  readonly words: (target: Target) => string;
  readonly mark: (target: Target) => void;
  /** The card was let go; null when the drag was given up. */
  readonly end: (task: string, target: Target) => void;
}

const THRESHOLD = 5;
const EDGE = 36;
const STEP = 14;

/** Cards are dragged with the pointer; a touch scrolls, there the card's menu moves it. */
export function makeDraggable(host: IDragHost): void {
  host.node.addEventListener('pointerdown', event => {
    const handle = event.target instanceof Element ? event.target.closest<HTMLElement>('.noo-board-handle') : null;
    const card = handle?.closest<HTMLElement>('.noo-card');
    const id = card?.dataset.task;
    if (event.button === 0 && event.pointerType !== 'touch' && id !== undefined && host.ready()) {
      new Drag(host, id, event);
    }
  });
}

class Drag {
  constructor(
    private readonly host: IDragHost,
    private readonly task: string,
    private readonly start: PointerEvent
  ) {
    window.addEventListener('pointermove', this.move);
    window.addEventListener('pointerup', this.up);
    window.addEventListener('pointercancel', this.giveUp);
    window.addEventListener('keydown', this.key, true);
    window.addEventListener('keyup', this.key, true);
  }

  private readonly move = (event: PointerEvent): void => {
    this.x = event.clientX;
    this.y = event.clientY;
    this.shift = event.shiftKey;
    if (this.label === null) {
      if (Math.hypot(this.x - this.start.clientX, this.y - this.start.clientY) < THRESHOLD) {
        return;
      }
      // On the body: whatever the board stands in may cut off what hangs over its edge.
      this.label = el('div', { class: 'noo-board-ghost', 'aria-hidden': 'true' });
      document.body.append(this.label);
      this.host.begin(this.task);
      this.timer = setInterval(() => this.scroll(), 30);
    }
    event.preventDefault();
    this.look();
  };

  private look(): void {
    if (this.label === null) {
      return;
    }
    const spot = this.spot();
    this.target = spot === null ? null : this.host.target(this.task, spot);
    this.host.mark(this.target);
    const words = this.host.words(this.target);
    this.label.textContent = words === '' ? this.task : words;
    this.label.classList.toggle('noo-mod-refused', this.target !== null && 'refused' in this.target);
    this.label.style.transform = `translate(${this.x + 12}px, ${this.y + 10}px)`;
  }

  private spot(): ISpot | null {
    const hit = document.elementFromPoint(this.x, this.y);
    const column = hit?.closest<HTMLElement>('.noo-column');
    if (!hit || !column || !this.host.node.contains(column)) {
      return null;
    }
    const card = hit.closest<HTMLElement>('.noo-card');
    const box = card?.getBoundingClientRect();
    return {
      column: column.dataset.column ?? '',
      epic: column.dataset.epic ?? '',
      card: card?.dataset.task ?? null,
      below: box !== undefined && this.y > box.top + box.height / 2,
      link: this.shift || hit.closest('.noo-board-edge') !== null
    };
  }

  /** Near an edge of what scrolls, scroll on. */
  private scroll(): void {
    for (let node: HTMLElement | null = this.host.node.querySelector('.noo-board'); node; node = node.parentElement) {
      const box = node.getBoundingClientRect();
      const way = (at: number, low: number, high: number): number =>
        at < low + EDGE && at > low - EDGE ? -STEP : at > high - EDGE && at < high + EDGE ? STEP : 0;
      const left = node.scrollLeft;
      const top = node.scrollTop;
      if (node.scrollHeight > node.clientHeight) {
        node.scrollTop += way(this.y, box.top, box.bottom);
      }
      if (node.scrollWidth > node.clientWidth) {
        node.scrollLeft += way(this.x, box.left, box.right);
      }
      if (node.scrollLeft !== left || node.scrollTop !== top) {
        this.look();
        return;
      }
    }
  }

  private readonly key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && this.label !== null) {
      event.preventDefault();
      event.stopPropagation();
      this.giveUp();
    } else if (event.key === 'Shift') {
      this.shift = event.type === 'keydown';
      this.look();
    }
  };

  private readonly up = (): void => this.finish(this.target);

  private readonly giveUp = (): void => this.finish(null);

  private finish(target: Target): void {
    window.removeEventListener('pointermove', this.move);
    window.removeEventListener('pointerup', this.up);
    window.removeEventListener('pointercancel', this.giveUp);
    window.removeEventListener('keydown', this.key, true);
    window.removeEventListener('keyup', this.key, true);
    clearInterval(this.timer);
    if (this.label !== null) {
      this.label.remove();
      this.label = null;
      // The click that follows a drag opens no card.
      const swallow = (event: Event): void => {
        event.preventDefault();
        event.stopPropagation();
      };
      window.addEventListener('click', swallow, { capture: true, once: true });
      setTimeout(() => window.removeEventListener('click', swallow, { capture: true }), 0);
      this.host.mark(null);
      this.host.end(this.task, target);
    }
  }

  private x = 0;
  private y = 0;
  private shift = false;
  private label: HTMLElement | null = null;
  private target: Target = null;
  private timer: ReturnType<typeof setInterval> | undefined;
}
