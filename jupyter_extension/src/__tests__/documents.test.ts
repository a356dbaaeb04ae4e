import type { IDocumentManager } from '@jupyterlab/docmanager';
import { Widget } from '@lumino/widgets';
import { describe, expect, it } from 'vitest';

import { OpenDocuments } from '../documents';

interface IOpen {
  readonly path: string;
  readonly dirty: boolean;
  /** When the tab was loaded; null while it still is. */
  readonly loaded: string | null;
}

/** JupyterLab's side: tabs on files that were all last changed at "now"; "gone.py" was deleted. */
function tabs(open: readonly IOpen[]): { documents: OpenDocuments; reverted: string[] } {
  const reverted: string[] = [];
  const contexts = new Map(
    open.map(({ path, dirty, loaded }) => {
      const contentsModel = loaded === null ? null : { last_modified: loaded };
      return [new Widget(), { path, model: { dirty }, contentsModel, revert: async () => void reverted.push(path) }];
    })
  );
  const contents = {
    localPath: (path: string) => path,
    get: async (path: string) => {
      if (path === 'gone.py') {
        throw new Error('404');
      }
      return { last_modified: 'now' };
    }
  };
  const manager = { contextForWidget: (widget: Widget) => contexts.get(widget), services: { contents } };
  return { documents: new OpenDocuments(manager as unknown as IDocumentManager, () => contexts.keys()), reverted };
}

describe('open files', () => {
  it('are loaded again where the disk has something newer, never over unsaved edits', async () => {
    const { documents, reverted } = tabs([
      { path: 'old.py', dirty: false, loaded: 'then' },
      { path: 'mine.py', dirty: true, loaded: 'then' },
      { path: 'same.py', dirty: false, loaded: 'now' },
      { path: 'loading.py', dirty: false, loaded: null },
      { path: 'gone.py', dirty: false, loaded: 'then' },
      { path: 'older.py', dirty: false, loaded: 'long ago' }
    ]);
    await documents.freshen();
    expect(reverted).toEqual(['old.py', 'older.py']);
    expect(documents.unsaved()).toEqual(['mine.py']);
  });
});
