import type { Cell } from '@jupyterlab/cells';
import type { IEditorTracker } from '@jupyterlab/fileeditor';
import type { INotebookTracker, Notebook } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

import { starts } from '../proposal/diff';
import { sidesOf } from './compare';
import type { IReviewHunk } from './data';

/** So many lines tell a place apart; those of a long hunk are cut anyway. */
const TELLING = 8;
/** So long a notebook that was just opened may move a cell away again while it draws those above; looked at so often. */
const SETTLING_MS = 10_000;
const LOOK_MS = 150;
/** What a person does: from then on the notebook is theirs. */
const INPUT = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;
const DIALOG = '.jp-Dialog';

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
  const cell = notebook?.widgets.find(each => each.model.id === hunk.cellId);
  if (notebook !== undefined && cell !== undefined) {
    notebook.activeCellIndex = notebook.widgets.indexOf(cell);
    notebook.deselectAll();
    void bringIntoView(notebook, cell);
  }
}

/**
 * Keep a cell active and in view until the person takes over. To go there once is often not enough in a notebook that was
 * just opened: its own first scroll ends ours, the cells above take other room than was reckoned with once they are drawn,
 * and after the dialog that asks for a kernel the focus goes back to the first cell.
 */
async function bringIntoView(notebook: Notebook, cell: Cell): Promise<void> {
  const taken = new AbortController();
  const take = (event: Event): void => {
    if (!(event.target instanceof Element && event.target.closest(DIALOG) !== null)) {
      taken.abort();
    }
  };
  INPUT.forEach(type => document.addEventListener(type, take, { capture: true, passive: true, signal: taken.signal }));
  let until = performance.now() + SETTLING_MS;
  let scrolls = false;
  while (!taken.signal.aborted && !notebook.isDisposed && performance.now() < until) {
    const index = notebook.widgets.indexOf(cell);
    if (document.querySelector(DIALOG) !== null) {
      until = performance.now() + SETTLING_MS;
    } else if (index >= 0 && notebook.isVisible) {
      notebook.activeCellIndex = index;
      if (!isSeen(cell.node, notebook.outerNode)) {
        if (!scrolls) {
          scrolls = true;
          // Not waited for: it may take ten seconds to find that the cell is not drawn. Another scroll ends this one.
          const ended = (): void => void (scrolls = false);
          notebook.scrollToItem(index).then(ended, ended);
        }
        cell.node.scrollIntoView({ block: 'nearest' });
      }
    }
    await new Promise(after => window.setTimeout(after, LOOK_MS));
  }
  taken.abort();
}

function isSeen(node: HTMLElement, within: HTMLElement): boolean {
  const [box, view] = [node.getBoundingClientRect(), within.getBoundingClientRect()];
  return node.isConnected && box.bottom > view.top && box.top < view.bottom;
}

function hasLanded(hunk: IReviewHunk): boolean {
  return hunk.state === 'accepted' || hunk.state === 'edited';
}
