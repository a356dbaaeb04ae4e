import { MergeView, unifiedMergeView } from '@codemirror/merge';
import type { Extension } from '@codemirror/state';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { jupyterTheme } from '@jupyterlab/codemirror';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';

import type { ILine } from '../proposal/data';
import { starts } from '../proposal/diff';
import type { IReviewHunk } from './data';

/** How two sides are shown. */
export type Mode = 'side' | 'inline';

/** What a comparison needs beside the hunk. */
export interface ICompareOptions {
  readonly mode: Mode;
  readonly languages: IEditorLanguageRegistry | null;
  /** The language's name, or empty: then the path tells it. */
  readonly language: string;
  readonly before: string;
  readonly after: string;
}

/** Lines that differ too much are marked as a whole rather than compared for long. */
const DIFF = { scanLimit: 500, timeout: 100 };

/** The two sides of a hunk; marks about a missing line end are no lines of a side. */
export function sidesOf(lines: readonly ILine[]): readonly [string, string] {
  const own = lines.filter(line => !(line.op === ' ' && line.text.startsWith('\\ ')));
  const side = (other: string): string =>
    own
      .filter(line => line.op !== other)
      .map(line => line.text)
      .join('\n');
  return [side('+'), side('-')];
}

/** Show both sides of a hunk; one editor where a side is empty, or where `inline` is wanted. */
export function compare(host: HTMLElement, hunk: IReviewHunk, options: ICompareOptions): IDisposable {
  const [before, after] = sidesOf(hunk.lines);
  const [from, to] = starts(hunk);
  const slot = new Compartment();
  const only = before === '' || after === '';
  const looks = [slot.of([]), jupyterTheme, EditorView.lineWrapping, EditorView.editable.of(false), EditorState.readOnly.of(true)];
  const old = [...looks, numbers(from), label(options.before)];
  const now = [...looks, numbers(to), label(options.after)];
  host.dataset.only = !only ? '' : before === '' ? 'in' : 'out';
  const views: EditorView[] = [];
  if (!only && options.mode === 'side') {
    const merged = new MergeView({
      a: { doc: before, extensions: old },
      b: { doc: after, extensions: now },
      diffConfig: DIFF,
      parent: host
    });
    views.push(merged.a, merged.b);
  } else {
    const unified = only ? [] : unifiedMergeView({ original: before, mergeControls: false, diffConfig: DIFF });
    const extensions = after === '' ? old : [...now, unified];
    views.push(new EditorView({ doc: after === '' ? before : after, extensions, parent: host }));
  }
  let gone = false;
  void languageOf(hunk.path, options).then(language => {
    if (!gone && language !== null) {
      views.forEach(view => view.dispatch({ effects: slot.reconfigure(language) }));
    }
  });
  return new DisposableDelegate(() => {
    gone = true;
    views.forEach(view => view.destroy());
    host.replaceChildren();
  });
}

/** The language of a file or a cell, once it is loaded; null where there is none. */
export async function languageOf(
  path: string,
  options: Pick<ICompareOptions, 'languages' | 'language'>
): Promise<Extension | null> {
  const { languages, language } = options;
  const spec =
    language === '' ? languages?.findByFileName(path.slice(path.lastIndexOf('/') + 1)) : languages?.findBest(language, false);
  if (languages === null || !spec) {
    return null;
  }
  return (await languages.getLanguage(spec))?.support ?? null;
}

function numbers(first: number | null): Extension {
  return first === null ? [] : lineNumbers({ formatNumber: line => String(line + first - 1) });
}

function label(words: string): Extension {
  return EditorView.contentAttributes.of({ 'aria-label': words, 'aria-readonly': 'true' });
}
