import { Compartment } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { jupyterTheme } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el } from '../dom';
import { languageOf } from './compare';
import type { IReviewHunk } from './data';

/** What the editor of a hunk's own text needs. */
export interface IEditorOptions {
  readonly languages: IEditorLanguageRegistry | null;
  readonly language: string;
  readonly trans: TranslationBundle;
  /** Keep the text; null drops it, so that the proposed one stands again. */
  readonly save: (text: string | null) => void;
  readonly cancel: () => void;
}

/** An editor for a text of the person's own in place of a hunk's. */
export interface IHunkEditor {
  readonly node: HTMLElement;
  focus(): void;
  dispose(): void;
}

/** Make the editor; it begins with what the hunk holds now. */
export function hunkEditor(hunk: IReviewHunk, options: IEditorOptions): IHunkEditor {
  const { trans } = options;
  const slot = new Compartment();
  const host = el('div', { class: 'noo-review-editor-text' });
  const view = new EditorView({
    doc: hunk.draft ?? hunk.proposed,
    extensions: [
      slot.of([]),
      jupyterTheme,
      lineNumbers(),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': trans.__('Your own text for hunk %1', hunk.ref) }),
      keymap.of([
        { key: 'Mod-Enter', run: () => (save(), true) },
        { key: 'Escape', run: () => (options.cancel(), true) }
      ])
    ],
    parent: host
  });
  const save = (): void => options.save(view.state.doc.toString());
  let gone = false;
  void languageOf(hunk.path, options).then(language => {
    if (!gone && language !== null) {
      view.dispatch({ effects: slot.reconfigure(language) });
    }
  });
  const node = el(
    'div',
    { class: 'noo-review-editor' },
    host,
    el(
      'div',
      { class: 'noo-review-editor-foot' },
      button(trans.__('Keep this text'), { class: 'noo-button noo-mod-accept', 'data-action': 'save' }, save),
      button(trans.__('Cancel'), { class: 'noo-button noo-mod-plain', 'data-action': 'cancel' }, () => options.cancel()),
      hunk.draft === null
        ? null
        : button(trans.__('Back to the proposed text'), { class: 'noo-button noo-mod-plain' }, () => options.save(null)),
      el('span', { class: 'noo-facts' }, trans.__('Ctrl or Cmd with Enter keeps it, Escape cancels. Accepting takes it.'))
    )
  );
  return {
    node,
    focus: () => view.focus(),
    dispose: () => {
      gone = true;
      view.destroy();
      node.remove();
    }
  };
}
