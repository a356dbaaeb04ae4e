import type { ITask } from './data';

/** Where a task's box stands in the dependency graph. */
export interface IPlace {
  readonly task: ITask;
  readonly x: number;
  readonly y: number;
}

/** A line from a task to one that needs it. */
export interface ILink {
  readonly from: IPlace;
  readonly to: IPlace;
  readonly critical: boolean;
}

/** The whole drawing. */
export interface ILayout {
  readonly places: readonly IPlace[];
  readonly links: readonly ILink[];
  readonly width: number;
  readonly height: number;
}

/** The measures of a box and of the gaps between boxes, in CSS pixels. */
export const BOX = { width: 176, height: 44, gapX: 44, gapY: 14, margin: 6 } as const;

const SWEEPS = 4;

/**
 * Lay tasks out from left to right: each one stands right of everything it depends on, and within a
 * column tasks are ordered so that few lines cross. The same tasks always give the same drawing.
 */
export function layout(tasks: readonly ITask[]): ILayout {
  const byId = new Map(tasks.map(task => [task.id, task]));
  const needs = new Map(tasks.map(task => [task.id, task.dependsOn.filter(id => byId.has(id) && id !== task.id)]));
  const layers = inLayers(tasks, needs);
  order(layers, needs);
  const places = new Map<string, IPlace>();
  // What hangs on nothing goes below the rest of its column, out of the way of the lines.
  const linked = new Set([...needs].flatMap(([id, others]) => (others.length > 0 ? [id, ...others] : [])));
  layers.forEach(layer => layer.sort((a, b) => Number(linked.has(b.id)) - Number(linked.has(a.id))));
  const linkedIn = (layer: readonly ITask[]): number => layer.filter(task => linked.has(task.id)).length;
  const middle = Math.max(0, ...layers.map(linkedIn)) / 2;
  const tallest = Math.max(1, ...layers.map(layer => middle - linkedIn(layer) / 2 + layer.length));
  layers.forEach((layer, column) => {
    const offset = (middle - linkedIn(layer) / 2) * (BOX.height + BOX.gapY);
    layer.forEach((task, row) => {
      places.set(task.id, {
        task,
        x: BOX.margin + column * (BOX.width + BOX.gapX),
        y: BOX.margin + offset + row * (BOX.height + BOX.gapY)
      });
    });
  });
  const links: ILink[] = [];
  for (const to of places.values()) {
    for (const id of needs.get(to.task.id) ?? []) {
      const from = places.get(id);
      if (from) {
        links.push({ from, to, critical: from.task.critical && to.task.critical });
      }
    }
  }
  return {
    places: [...places.values()],
    links,
    width: 2 * BOX.margin + layers.length * BOX.width + Math.max(0, layers.length - 1) * BOX.gapX,
    height: 2 * BOX.margin + tallest * BOX.height + (tallest - 1) * BOX.gapY
  };
}

/** A task's layer is one more than the highest of what it needs; a cycle (bad data) ends where it closes. */
function inLayers(tasks: readonly ITask[], needs: ReadonlyMap<string, readonly string[]>): ITask[][] {
  const depth = new Map<string, number>();
  const open = new Set<string>();
  // An explicit stack: a long chain of tasks must not overflow the engine's own.
  for (const task of tasks) {
    const stack = [task.id];
    while (stack.length > 0) {
      const id = stack[stack.length - 1] ?? '';
      if (depth.has(id)) {
        stack.pop();
        continue;
      }
      open.add(id);
      const missing = (needs.get(id) ?? []).filter(other => !depth.has(other) && !open.has(other));
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      const below = (needs.get(id) ?? []).map(other => depth.get(other) ?? -1);
      depth.set(id, Math.max(-1, ...below) + 1);
      open.delete(id);
      stack.pop();
    }
  }
  const layers: ITask[][] = [];
  for (const task of tasks) {
    (layers[depth.get(task.id) ?? 0] ??= []).push(task);
  }
  return layers.filter(layer => layer !== undefined);
}

/** Order each layer by the middle of its neighbours, forth and back a few times. */
function order(layers: ITask[][], needs: ReadonlyMap<string, readonly string[]>): void {
  const neededBy = new Map<string, string[]>();
  for (const [id, others] of needs) {
    for (const other of others) {
      neededBy.set(other, [...(neededBy.get(other) ?? []), id]);
    }
  }
  const rank = new Map<string, number>();
  const note = (layer: readonly ITask[]): void =>
    layer.forEach((task, index) => rank.set(task.id, (index + 0.5) / layer.length));
  layers.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forth = sweep % 2 === 0;
    const neighbours = forth ? needs : neededBy;
    for (const layer of forth ? layers : [...layers].reverse()) {
      const middle = new Map(
        layer.map(task => {
          const ranks = (neighbours.get(task.id) ?? []).map(id => rank.get(id) ?? 0);
          const own = rank.get(task.id) ?? 0;
          return [task.id, ranks.length > 0 ? ranks.reduce((sum, value) => sum + value, 0) / ranks.length : own];
        })
      );
      layer.sort((a, b) => (middle.get(a.id) ?? 0) - (middle.get(b.id) ?? 0));
      note(layer);
    }
  }
}
