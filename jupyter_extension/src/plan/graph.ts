import type { TranslationBundle } from '@jupyterlab/translation';

import { el, svg } from '../dom';
import type { ITask } from './data';
import type { ILink, IPlace } from './layout';
import { BOX, layout } from './layout';
import { statusWords } from './words';

/** The dependency graph: boxes from left to right, the critical path marked. */
export function graph(tasks: readonly ITask[], trans: TranslationBundle, choose: (id: string) => void): HTMLElement {
  const drawing = layout(tasks);
  const lines = svg('svg', {
    class: 'noo-links',
    width: String(drawing.width),
    height: String(drawing.height),
    'aria-hidden': 'true'
  });
  // Critical lines last, so that they lie on top.
  for (const link of [...drawing.links].sort((a, b) => Number(a.critical) - Number(b.critical))) {
    lines.append(...line(link));
  }
  const boxes = drawing.places.map(place => box(place, trans, choose));
  moveByArrowKeys(drawing.places, boxes);
  return el(
    'div',
    { class: 'noo-graph', role: 'group', 'aria-label': trans.__('Dependencies'), 'data-lm-suppress-shortcuts': 'true' },
    el(
      'div',
      { class: 'noo-graph-canvas', style: `width:${drawing.width}px;height:${drawing.height}px` },
      lines,
      ...boxes
    )
  );
}

function line(link: ILink): SVGElement[] {
  const x1 = link.from.x + BOX.width;
  const y1 = link.from.y + BOX.height / 2;
  const x2 = link.to.x;
  const y2 = link.to.y + BOX.height / 2;
  const bend = Math.max(BOX.gapX / 2, (x2 - x1) / 2);
  const kind = link.critical ? 'noo-link noo-mod-critical' : 'noo-link';
  const tip = `M${x2 - 7},${y2 - 4} L${x2 - 1},${y2} L${x2 - 7},${y2 + 4} Z`;
  return [
    svg('path', { class: kind, d: `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2 - 6},${y2}` }),
    svg('path', { class: `${kind} noo-tip`, d: tip })
  ];
}

function box(place: IPlace, trans: TranslationBundle, choose: (id: string) => void): HTMLButtonElement {
  const { task } = place;
  const after = task.dependsOn.length > 0 ? trans.__('after %1', task.dependsOn.join(', ')) : trans.__('needs nothing');
  const label = [task.id, task.title, statusWords(task.status, trans), after]
    .concat(task.critical ? [trans.__('on the critical path')] : [])
    .join(', ');
  const node = el(
    'button',
    {
      type: 'button',
      class: `noo-box${task.critical ? ' noo-mod-critical' : ''}`,
      'data-task': task.id,
      'data-status': task.status,
      'aria-label': label,
      title: `${task.id} ${task.title}`,
      style: `left:${place.x}px;top:${place.y}px;width:${BOX.width}px;height:${BOX.height}px`
    },
    el('span', { class: 'noo-id' }, task.id),
    el('span', { class: 'noo-box-title' }, task.title)
  );
  node.addEventListener('click', () => choose(task.id));
  return node;
}

/** One stop for Tab; the arrow keys go to the nearest box in their direction. */
function moveByArrowKeys(places: readonly IPlace[], boxes: readonly HTMLButtonElement[]): void {
  const directions: Readonly<Record<string, readonly [number, number]>> = {
    ArrowRight: [1, 0],
    ArrowLeft: [-1, 0],
    ArrowDown: [0, 1],
    ArrowUp: [0, -1]
  };
  boxes.forEach((node, index) => {
    node.tabIndex = index === 0 ? 0 : -1;
    node.addEventListener('keydown', event => {
      const direction = directions[event.key];
      const from = places[index];
      if (!direction || !from) {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      const target = boxes[nearest(places, from, direction)];
      if (target) {
        boxes.forEach(other => (other.tabIndex = other === target ? 0 : -1));
        target.focus();
      }
    });
  });
}

function nearest(places: readonly IPlace[], from: IPlace, [dx, dy]: readonly [number, number]): number {
  let best = -1;
  let least = Infinity;
  places.forEach((place, index) => {
    const x = place.x - from.x;
    const y = place.y - from.y;
    const along = x * dx + y * dy;
    const across = Math.abs(x * dy) + Math.abs(y * dx);
    if (along > 0 && along + 2 * across < least) {
      least = along + 2 * across;
      best = index;
    }
  });
  return best;
}
