import type { IEditorTracker } from '@jupyterlab/fileeditor';
import type { INotebookTracker, Notebook } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

import { starts } from '../proposal/diff';
import { sidesOf } from './compare';
import type { IReviewHunk } from './data';

/** So many lines tell a place apart; those of a long hunk are cut anyway. */
const TELLING = 8;
/** How often a cell is scrolled to at most, and how long the notebook has to move it away again. */
const TURNS = 20;
const SETTLING_MS = 150;

/** Whether a hunk puts a file there that is not there yet. */
export function isNotThereYet(hunk: IReviewHunk): boolean {
  return hunk.kind === 'file' && !hasLanded(hunk) && hunk.lines.length > 0 && hunk.lines.every(line => line.op === '+');
}

/** The line of a text, from 0, at which a hunk's first change stands, or would: found by its words, near where it was. */
export function lineOf(source: string, hunk: IReviewHunk): number {
  const side = hasLanded(hunk) ? 1 : 0;
  const words = sidesOf(hunk.lines)[side].split('\n').slice(0, TELLING);
  const above = Math.max(0, hunk.lines.findIndex(line => line.op !== ' '));
  const expected = (starts(hunk)[side] ?? 1) - 1;
  const lines = source.split('\n');
  let best: number | null = null;
  for (let at = 0; at + words.length <= lines.length; at++) {
    const fits = words.every((word, index) => lines[at + index] === word);
    if (fits && (best === null || Math.abs(at - expected) < Math.abs(best - expected))) {
      best = at;
    }
  }
  return Math.max(0, Math.min((best ?? expected) + above, lines.length - 1));
}

/** Show the place of a hunk in an open document. */
export function showPlace(
  widget: Widget,
  hunk: IReviewHunk,
  editors: IEditorTracker | null,
  notebooks: INotebookTracker | null
): void {
  const editor = editors?.find(each => each === widget)?.content.editor;
  if (editor !== undefined) {
    const position = { line: lineOf(editor.model.sharedModel.getSource(), hunk), column: 0 };
    editor.setCursorPosition(position);
    editor.revealPosition(position);
    editor.focus();
  }
  const notebook = notebooks?.find(each => each === widget)?.content;
  const index = notebook?.widgets.findIndex(each => each.model.id === hunk.cellId) ?? -1;
  if (notebook !== undefined && index >= 0) {
    notebook.activeCellIndex = index;
    notebook.deselectAll();
    void bringIntoView(notebook, index);
  }
}

/**
 * Scroll to a cell until it is seen. One scroll is often not enough in a notebook that was just opened: its own first
 * scroll ends ours, and the cells above take other room than was reckoned with once they are drawn. So it is looked at twice.
 */
async function bringIntoView(notebook: Notebook, index: number): Promise<void> {
  for (let turn = 0, seen = 0; turn < TURNS && seen < 2; turn++) {
    if (seen === 0) {
      // Another scroll meanwhile ends this one: then the next turn tries again.
      await notebook.scrollToItem(index).catch(() => undefined);
    }
    await new Promise(after => window.setTimeout(after, SETTLING_MS));
    const node = notebook.widgets[index]?.node;
    // The person went on to another cell meanwhile, or closed the notebook.
    if (notebook.isDisposed || notebook.activeCellIndex !== index || node === undefined) {
      return;
    }
    if (isSeen(node, notebook.outerNode)) {
      seen += 1;
    } else {
      seen = 0;
      node.scrollIntoView({ block: 'nearest' });
    }
  }
}

function isSeen(node: HTMLElement, within: HTMLElement): boolean {
  const [box, view] = [node.getBoundingClientRect(), within.getBoundingClientRect()];
  return node.isConnected && box.bottom > view.top && box.top < view.bottom;
}

function hasLanded(hunk: IReviewHunk): boolean {
  return hunk.state === 'accepted' || hunk.state === 'edited';
}
