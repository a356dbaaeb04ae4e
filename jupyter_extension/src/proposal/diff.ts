import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el } from '../dom';
import type { IHunk, ILine } from './data';
import { spansOf } from './wordDiff';

/** So many lines of a hunk are shown at once; a button shows the rest. */
const AT_ONCE = 120;

/** The lines of a hunk, coloured and numbered; the marks + and − carry the meaning without colour. */
export function diff(hunk: IHunk, trans: TranslationBundle): HTMLElement {
  const body = el('tbody');
  const table = el('table', { class: 'noo-diff', 'aria-label': trans.__('Changed lines of %1', hunk.path) }, body);
  const rows = numbered(hunk);
  const spans = spansOf(hunk.lines);
  const show = (from: number, to: number): void => {
    body.append(...rows.slice(from, to).map((row, index) => lineRow(row, spans[from + index] ?? [])));
  };
  if (rows.length <= AT_ONCE + AT_ONCE / 4) {
    show(0, rows.length);
    return el('div', { class: 'noo-diff-box', tabindex: '0' }, table);
  }
  show(0, AT_ONCE);
  const more = button(trans.__('Show %1 more lines', rows.length - AT_ONCE), { class: 'noo-more' }, () => {
    more.remove();
    show(AT_ONCE, rows.length);
  });
  return el('div', { class: 'noo-diff-box', tabindex: '0' }, table, more);
}

interface IRow {
  readonly line: ILine;
  readonly before: number | null;
  readonly after: number | null;
}

/** Line numbers in the old and the new file, where the header tells them. */
function numbered(hunk: IHunk): readonly IRow[] {
  let [before, after] = starts(hunk);
  return hunk.lines.map(line => {
    const isNote = line.op === ' ' && line.text.startsWith('\\ ');
    const row = {
      line,
      before: line.op === '+' || isNote ? null : before,
      after: line.op === '-' || isNote ? null : after
    };
    before = row.before === null || before === null ? before : before + 1;
    after = row.after === null || after === null ? after : after + 1;
    return row;
  });
}

/** The numbers of the first lines shown on each side, context included; null where the header does not tell. */
export function starts(hunk: IHunk): [number | null, number | null] {
  if (hunk.kind === 'file' && hunk.lines.length > 0 && hunk.lines.every(line => line.op === '+')) {
    return [null, 1];
  }
  const found = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@/.exec(hunk.header);
  if (!found || hunk.kind !== 'text') {
    return [null, null];
  }
  const [oldStart, oldCount, newStart, newCount] = found.slice(1).map(Number) as [number, number, number, number];
  const first = hunk.lines.findIndex(line => line.op !== ' ');
  const above = Math.max(0, first);
  // A side without lines names the line before it.
  return [oldStart + (oldCount === 0 ? 1 : 0) - above, newStart + (newCount === 0 ? 1 : 0) - above];
}

function lineRow(row: IRow, spans: readonly { readonly text: string; readonly changed: boolean }[]): HTMLElement {
  const { line } = row;
  const word = line.op === '-' ? 'del' : 'ins';
  return el(
    'tr',
    { 'data-op': line.op === ' ' ? 'keep' : line.op === '-' ? 'out' : 'in' },
    el('td', { class: 'noo-line-number', 'data-line': row.before === null ? '' : String(row.before) }),
    el('td', { class: 'noo-line-number', 'data-line': row.after === null ? '' : String(row.after) }),
    el('td', { class: 'noo-op' }, line.op === '-' ? '−' : line.op),
    el('td', { class: 'noo-text' }, ...spans.map(span => (span.changed ? el(word, {}, span.text) : span.text)))
  );
}
