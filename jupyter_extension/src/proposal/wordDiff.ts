import type { ILine } from './data';

/** A piece of a line, and whether it is what differs. */
export interface ISpan {
  readonly text: string;
  readonly changed: boolean;
}

const LONGEST = 1000;
const LEAST_SHARED = 0.3;

/**
 * The pieces of each line. A run of lines taken out is compared, line by line, with the run put in
 * right after it; lines that share next to nothing stay unmarked, because they read better so.
 */
export function spansOf(lines: readonly ILine[]): readonly (readonly ISpan[])[] {
  const spans: (readonly ISpan[])[] = lines.map(line => [{ text: line.text, changed: false }]);
  let at = 0;
  while (at < lines.length) {
    const removed = run(lines, at, '-');
    const added = run(lines, at + removed, '+');
    for (let k = 0; k < Math.min(removed, added); k++) {
      const pair = compare(lines[at + k]?.text ?? '', lines[at + removed + k]?.text ?? '');
      if (pair) {
        [spans[at + k], spans[at + removed + k]] = pair;
      }
    }
    at += Math.max(1, removed + added);
  }
  return spans;
}

function run(lines: readonly ILine[], from: number, op: string): number {
  let count = 0;
  while (lines[from + count]?.op === op) {
    count++;
  }
  return count;
}

/** What two versions of a line have in common at their ends; the middle differs. */
function compare(before: string, after: string): [ISpan[], ISpan[]] | null {
  if (before.length + after.length > LONGEST) {
    return null;
  }
  const a = words(before);
  const b = words(after);
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) {
    head++;
  }
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) {
    tail++;
  }
  const shared = [...a.slice(0, head), ...a.slice(a.length - tail)].join('').trim().length;
  if (2 * shared < LEAST_SHARED * (before.trim().length + after.trim().length)) {
    return null;
  }
  return [split(a, head, tail), split(b, head, tail)];
}

function words(line: string): readonly string[] {
  return line.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];
}

function split(parts: readonly string[], head: number, tail: number): ISpan[] {
  const pieces = [
    { text: parts.slice(0, head).join(''), changed: false },
    { text: parts.slice(head, parts.length - tail).join(''), changed: true },
    { text: parts.slice(parts.length - tail).join(''), changed: false }
  ];
  return pieces.filter(piece => piece.text !== '');
}
