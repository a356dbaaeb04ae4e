import { describe, expect, it } from 'vitest';

import { ALL, chosen, readFilter } from '../board/filter';
import { keptState, readState } from '../board/state';
import { plan } from './boardBench';

describe('what the board keeps', () => {
  it('is read again as it was, and bears anything', () => {
    const state = readState({ filter: { text: 'x', critical: true }, folded: { E1: true }, scroll: 7, runs: { T1: 'r' } }, ['board']);
    expect(keptState(readState(keptState(state), []))).toEqual(keptState(state));
    for (const junk of [null, 7, [], { filter: 3, folded: [], sections: 'x', runs: 1 }]) {
      expect(readState(junk, ['board']).filter).toEqual(ALL);
    }
    expect(readFilter({ critical: 'yes', text: 4 })).toEqual({ ...ALL, text: '4' });
  });

  it('filters by words, stage, epic, who and the critical path', () => {
    const ids = (over: object): string[] => chosen(plan(), { ...ALL, ...over }).map(task => task.id);
    expect(ids({})).toEqual(['T1', 'T2', 'T3', 'T4']);
    expect(ids({ column: 'done' })).toEqual(['T1']);
    expect(ids({ critical: true })).toEqual(['T1', 'T2', 'T4']);
    expect(ids({ text: 't3' })).toEqual(['T3']);
    expect(ids({ text: 'INKWELL text' })).toHaveLength(4);
    expect(ids({ who: 'recipe' })).toContain('T2');
    expect(ids({ epic: 'E9' })).toEqual([]);
  });
});
