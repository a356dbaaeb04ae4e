import type { IDocumentWidget } from '@jupyterlab/docregistry';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import type { FileEditor } from '@jupyterlab/fileeditor';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { record, text, texts } from '../json';

/** What a person points at: code in a cell or file, and the error that came of it. */
export interface IPlace {
  /** The document, as a path below the server's root. */
  readonly path: string;
  /** The cell's id; empty in a file. */
  readonly cell: string;
  readonly language: string;
  /** The selection; where there is none, the whole cell, or nothing in a file. */
  readonly code: string;
  /** The traceback; empty where there is none. */
  readonly error: string;
}

/** The active cell of a notebook, with its error. */
export function placeInNotebook(panel: NotebookPanel, local: (path: string) => string): IPlace | null {
  const cell = panel.content.activeCell;
  if (cell === null) {
    return null;
  }
  const shared = cell.model.sharedModel;
  const selected = cell.editor === null ? '' : selection(cell.editor);
  const outputs = record(cell.model.toJSON()).outputs;
  return {
    path: local(panel.context.path),
    cell: shared.id,
    language: cell.model.type === 'code' ? text(record(panel.model?.getMetadata('language_info')).name) : 'markdown',
    code: selected === '' ? shared.getSource() : selected,
    error: traceback(outputs)
  };
}

/** What is selected in a file. */
export function placeInEditor(widget: IDocumentWidget<FileEditor>, local: (path: string) => string): IPlace {
  const { editor, model } = widget.content;
  const language = /^(?:text|application)\/(?:x-)?([\w-]+)$/.exec(model.mimeType)?.[1] ?? '';
  return { path: local(widget.context.path), cell: '', language, code: selection(editor), error: '' };
}

function selection(editor: CodeEditor.IEditor): string {
  const { start, end } = editor.getSelection();
  const [from, to] = [editor.getOffsetAt(start), editor.getOffsetAt(end)].sort((one, other) => one - other);
  return editor.model.sharedModel.getSource().slice(from, to);
}

/** The last error among a cell's outputs, as text without the terminal's colours. */
function traceback(outputs: unknown): string {
  const errors = (Array.isArray(outputs) ? outputs : []).map(record).filter(output => output.output_type === 'error');
  const last = errors[errors.length - 1];
  if (last === undefined) {
    return '';
  }
  const lines = texts(last.traceback).join('\n');
  return (lines || `${text(last.ename)}: ${text(last.evalue)}`).replace(/\u001b\[[0-9;]*m/g, '');
}
