import { describe, expect, it } from 'vitest';

import type { IReviewHunk } from '../review/data';
import { isNotThereYet, lineOf } from '../review/place';

type Lines = IReviewHunk['lines'];

function hunk(header: string, lines: Lines, over: Partial<IReviewHunk> = {}): IReviewHunk {
  return {
    ref: 'P1:1', number: 1, path: 'a.py', kind: 'text', header, state: 'pending', lines, edited: null, draft: null,
    refused: '', proposed: '', editable: true, leftOut: false, cellKind: '', cellId: '', outputs: 0, ...over
  };
}

const keep = (text: string): Lines[number] => ({ op: ' ', text });
const out = (text: string): Lines[number] => ({ op: '-', text });
const put = (text: string): Lines[number] => ({ op: '+', text });

describe('the place of a hunk in its file', () => {
  const file = Array.from({ length: 60 }, (_, index) => (index % 10 === 5 ? `unique ${index}` : 'same'));
  const at = 25;
  const change = hunk('@@ -26,1 +26,2 @@', [keep('same'), keep('same'), out('unique 25'), put('new 25'), put('more'), keep('same')]);

  it('is found wherever the lines above it have moved it', () => {
    for (let shift = -20; shift <= 40; shift++) {
      const moved = shift < 0 ? file.slice(-shift) : [...Array.from({ length: shift }, () => 'same'), ...file];
      expect(lineOf(moved.join('\n'), change)).toBe(at + shift);
    }
  });

  it('is where the new text stands, once that has landed', () => {
    const landed = [...file.slice(0, at), 'new 25', 'more', ...file.slice(at + 1)];
    for (const state of ['accepted', 'edited']) {
      expect(lineOf(landed.join('\n'), { ...change, state })).toBe(at);
    }
    // Undone, it is the old one again.
    expect(lineOf(file.join('\n'), { ...change, state: 'undone' })).toBe(at);
  });

  it('is the nearest of several that look alike', () => {
    const same = Array.from({ length: 50 }, () => 'same');
    const insertion = hunk('@@ -30,0 +31,1 @@', [keep('same'), keep('same'), keep('same'), put('x'), keep('same')]);
    expect(lineOf(same.join('\n'), insertion)).toBe(30);
  });

  it('is as near as can be told where the words are gone', () => {
    expect(lineOf('short', change)).toBe(0);
    expect(lineOf('', change)).toBe(0);
    expect(lineOf(Array.from({ length: 60 }, () => 'other').join('\n'), change)).toBe(25);
    expect(lineOf('a\nb', hunk('unreadable', []))).toBe(0);
  });

  it('is none in a file that is still to come', () => {
    const fresh = hunk('new file', [put('a')], { kind: 'file' });
    expect(isNotThereYet(fresh)).toBe(true);
    expect(isNotThereYet({ ...fresh, state: 'accepted' })).toBe(false);
    expect(isNotThereYet(change)).toBe(false);
  });
});
