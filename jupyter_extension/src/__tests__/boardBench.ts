import type { CommandRegistry } from '@lumino/commands';
import { expect } from 'vitest';

import { BoardPanel } from '../board/panel';
import { Hints } from '../hints';
import { readPlan } from '../plan/data';
import type { IPlan } from '../plan/data';
import { PLAN_MIME } from '../tokens';
import type { IAnswer } from '../tokens';
import { answer, attach, defaults, Desk, planData, settled, trans } from './fixtures';
import type { ICall } from './fixtures';

let open: BoardPanel[] = [];

/** Close what a test has opened. */
export function closeAll(): void {
  open.forEach(panel => panel.dispose());
  open = [];
  document.querySelectorAll('.noo-board-popup').forEach(menu => menu.remove());
}

export const board = (data: unknown = planData()): IAnswer => answer({ [PLAN_MIME]: data as never });
export const plan = (data: unknown = planData()): IPlan => readPlan(data)!;

export async function shown(
  reply: (call: ICall) => IAnswer | Promise<IAnswer>,
  kept = {},
  commands: CommandRegistry | null = null
): Promise<{ node: HTMLElement; desk: Desk; panel: BoardPanel }> {
  const desk = new Desk(reply);
  const panel = new BoardPanel({ client: desk, folder: 'work', events: null, files: null, commands, trans, kept, hints: new Hints(defaults, trans) });
  open.push(attach(panel));
  await settled();
  return { node: panel.node, desk, panel };
}

export const cardOf = (node: HTMLElement, id: string): HTMLElement => node.querySelector<HTMLElement>(`.noo-card[data-task=${id}]`)!;
export const handle = (node: HTMLElement, id: string): HTMLElement => cardOf(node, id).querySelector<HTMLElement>('.noo-board-handle')!;
export const stage = (node: HTMLElement, id: string): string => cardOf(node, id).closest<HTMLElement>('.noo-column')!.dataset.column!;

export function press(...keys: string[]): void {
  keys.forEach(key => document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })));
}

export function choose(node: HTMLElement, id: string, label: string): void {
  cardOf(node, id).querySelector<HTMLElement>('.noo-board-menu')!.click();
  const item = [...document.querySelectorAll<HTMLElement>('.noo-board-popup [role=menuitem]')].find(each => each.textContent === label);
  expect(item, label).toBeDefined();
  item!.click();
}

/** A plan of so many tasks in some epics. */
export function large(count: number, epics: number): unknown {
  const tasks = Array.from({ length: count }, (_, k) => ({
    id: `T${k + 1}`,
    title: `Task ${k + 1}`,
    story: `S${k % epics}`,
    status: 'ready',
    how: { kind: 'person' },
    depends_on: []
  }));
  const parts = Array.from({ length: epics }, (_, k) => k);
  return {
    plan: {
      id: 'p',
      title: 'Large',
      tasks,
      epics: parts.map(k => ({ id: `E${k}`, title: 'Part' })),
      stories: parts.map(k => ({ id: `S${k}`, epic: `E${k}` }))
    }
  };
}
