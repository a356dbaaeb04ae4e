import { describe, expect, it } from 'vitest';

import { argumentsOf, moved } from '../board/moves';
import type { Move } from '../board/moves';
import { target } from '../board/targets';
import { columnOf } from '../plan/data';
import { plan } from './boardBench';
import { planData, trans } from './fixtures';

describe('moves', () => {
  const moves: Move[] = [
    { kind: 'column', task: 'T2', column: 'done' },
    { kind: 'column', task: 'T1', column: 'deferred' },
    { kind: 'column', task: 'T2', column: 'dropped' },
    { kind: 'after', task: 'T1', other: 'T4', on: true },
    { kind: 'after', task: 'T4', other: 'T2', on: false },
    { kind: 'before', task: 'T4', other: 'T1' },
    { kind: 'before', task: 'T1', other: 'T4' },
    { kind: 'last', task: 'T1' },
    { kind: 'last', task: 'T99' }
  ];

  it('lose no task, and leave every task in the column of its status', () => {
    const after = moves.reduce(moved, plan());
    expect(after.tasks.map(task => task.id).sort()).toEqual(['T1', 'T2', 'T3', 'T4']);
    for (const column of after.columns) {
      expect(column.tasks.map(task => columnOf(task.status))).toEqual(column.tasks.map(() => column.key));
    }
    expect(after.columns.flatMap(column => column.tasks)).toHaveLength(4);
  });

  it('put a task before the other one, from either side', () => {
    const ids = (move: Move): string => moved(plan(), move).tasks.map(task => task.id).join();
    expect(ids({ kind: 'before', task: 'T4', other: 'T2' })).toBe('T1,T4,T2,T3');
    expect(ids({ kind: 'before', task: 'T1', other: 'T4' })).toBe('T2,T3,T1,T4');
  });

  it('are told to the verb in its own words', () => {
    const of = (move: Move): unknown => argumentsOf(move, plan(), ' why ');
    expect(of({ kind: 'column', task: 'T2', column: 'deferred' })).toEqual({ task: 'T2', status: 'deferred', note: 'why' });
    expect(of({ kind: 'column', task: 'T2', column: 'dropped' })).toEqual({ task: 'T2', status: 'cancelled', note: 'why' });
    expect(of({ kind: 'after', task: 'T2', other: 'T3', on: false })).toEqual({ task: 'T2', not_after: ['T3'] });
    expect(of({ kind: 'last', task: 'T2' })).toEqual({ task: 'T2', move: 1 });
  });

  it('mean what the place says on which a card is dropped', () => {
    const ready = plan({ ...planData(), columns: [], states: {} }); // all pending, one story
    const at = (id: string, spot: object): unknown =>
      target(ready, id, { column: 'waiting', epic: '', card: null, below: false, link: false, ...spot }, trans);
    expect(at('T1', { card: 'T1' })).toBeNull();
    expect(at('T1', { card: 'T2' })).toBeNull();
    expect(at('T1', { card: 'T2', below: true })).toEqual({ move: { kind: 'before', task: 'T1', other: 'T3' } });
    expect(at('T3', { card: 'T1' })).toEqual({ move: { kind: 'before', task: 'T3', other: 'T1' } });
    expect(at('T3', { card: 'T4', below: true })).toEqual({ move: { kind: 'last', task: 'T3' } });
    expect(at('T4', {})).toBeNull();
    expect(at('T1', { card: 'T4', link: true })).toEqual({ move: { kind: 'after', task: 'T1', other: 'T4', on: true } });
    expect(at('T4', { card: 'T2', link: true })).toEqual({ move: { kind: 'after', task: 'T4', other: 'T2', on: false } });
    expect(at('T1', { epic: 'E2' })).toHaveProperty('refused');
    expect(at('T1', { column: 'review' })).toHaveProperty('refused');
  });
});
