import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import type { IEditorTracker } from '@jupyterlab/fileeditor';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Where code of an answer goes. */
export interface ITargets {
  /** The document that it would go into, or null where none is open: nothing is ever written to a file. */
  where(): string | null;
  /** Insert it at the cursor; says where it went. */
  insert(code: string): string;
  /** Put it in the place of what is selected; says where it went. */
  replace(code: string): string;
  /** Put it into a new cell below the active one; says where it went. */
  below(code: string): string;
}

/** The source that code goes into, and the editor that shows it (null for a cell that is scrolled away). */
interface IPlace {
  readonly name: string;
  readonly source: { getSource(): string; updateSource(start: number, end: number, value?: string): void };
  readonly editor: CodeEditor.IEditor | null;
}

/** The notebook or editor that the person works in. What is put in can be undone there, and is saved by the person. */
export class Targets implements ITargets {
  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly notebooks: INotebookTracker | null,
    private readonly editors: IEditorTracker | null,
    private readonly trans: TranslationBundle
  ) {}

  where(): string | null {
    return this.place()?.name ?? null;
  }

  insert(code: string): string {
    const place = this.must();
    const at = cursor(place);
    return this.put(place, at, at, code);
  }

  replace(code: string): string {
    const place = this.must();
    const [start, end] = selected(place);
    return this.put(place, start, end, code);
  }

  below(code: string): string {
    const panel = this.notebook();
    const model = panel?.content.model;
    if (panel === null || !model || model.readOnly) {
      throw new Error(this.trans.__('Open a notebook first: a new cell goes below its active one.'));
    }
    const index = panel.content.activeCellIndex + 1;
    // One step of the notebook's own undo.
    model.sharedModel.insertCell(index, { cell_type: 'code', source: code.replace(/\n$/, ''), metadata: {} });
    panel.content.activeCellIndex = index;
    panel.content.deselectAll();
    return this.trans.__('A new cell in %1 holds it.', PathExt.basename(panel.context.path));
  }

  private put(place: IPlace, start: number, end: number, code: string): string {
    place.source.updateSource(start, end, code);
    const { editor } = place;
    if (editor !== null) {
      const position = editor.getPositionAt(start + code.length);
      if (position !== undefined) {
        editor.setCursorPosition(position);
      }
    }
    return this.trans.__('It is in %1; undo takes it out again.', place.name);
  }

  private must(): IPlace {
    const place = this.place();
    if (place === null) {
      throw new Error(this.trans.__('Open a notebook or a file first: the code goes to its cursor.'));
    }
    return place;
  }

  private place(): IPlace | null {
    const panel = this.notebook();
    const cell = panel?.content.activeCell;
    if (panel !== null && cell) {
      const name = this.trans.__('%1, cell %2', PathExt.basename(panel.context.path), panel.content.activeCellIndex + 1);
      return panel.content.model?.readOnly ? null : { name, source: cell.model.sharedModel, editor: cell.editor };
    }
    const { currentWidget } = this.shell;
    if (currentWidget !== null && currentWidget === this.editors?.currentWidget) {
      const { content, context } = this.editors.currentWidget;
      return context.model.readOnly
        ? null
        : { name: PathExt.basename(context.path), source: content.model.sharedModel, editor: content.editor };
    }
    return null;
  }

  private notebook(): NotebookPanel | null {
    const { currentWidget } = this.shell;
    return currentWidget !== null && currentWidget === this.notebooks?.currentWidget ? this.notebooks.currentWidget : null;
  }
}

function cursor(place: IPlace): number {
  return place.editor === null ? place.source.getSource().length : place.editor.getOffsetAt(place.editor.getCursorPosition());
}

function selected(place: IPlace): [number, number] {
  if (place.editor === null) {
    return [cursor(place), cursor(place)];
  }
  const { start, end } = place.editor.getSelection();
  const [from, to] = [place.editor.getOffsetAt(start), place.editor.getOffsetAt(end)];
  return from < to ? [from, to] : [to, from];
}
