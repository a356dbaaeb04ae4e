import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';

/** The files that are open in tabs. */
export interface IOpenDocuments {
  /** Those with unsaved edits, as paths below the server's root. */
  unsaved(): string[];

  /** The text that a tab holds of a file and that is not saved yet; null where it is, or where the file is not open. */
  unsavedText(path: string): string | null;

  /** Load the given files again where they are open; unsaved edits are never touched. */
  follow(paths: readonly string[]): Promise<void>;

  /** Load every open file again that has changed on disk; unsaved edits are never touched. */
  freshen(): Promise<void>;
}

/** The open files of a JupyterLab window. */
export class OpenDocuments implements IOpenDocuments {
  /**
   * @param manager - JupyterLab's documents
   * @param widgets - every widget that may show a document
   */
  constructor(
    private readonly manager: IDocumentManager,
    private readonly widgets: () => Iterable<Widget>
  ) {}

  unsaved(): string[] {
    return this.contexts()
      .filter(context => context.model.dirty)
      .map(context => this.path(context));
  }

  unsavedText(path: string): string | null {
    const context = this.contexts().find(each => each.model.dirty && this.path(each) === path);
    return context === undefined ? null : context.model.toString();
  }

  async follow(paths: readonly string[]): Promise<void> {
    const changed = new Set(paths);
    const stale = this.contexts().filter(context => changed.has(this.path(context)) && !context.model.dirty);
    // A file that was deleted, or cannot be loaded, keeps its tab: the change itself has been made.
    await Promise.allSettled(stale.map(context => context.revert()));
  }

  async freshen(): Promise<void> {
    const { contents } = this.manager.services;
    await Promise.allSettled(
      this.contexts().map(async context => {
        const loaded = context.contentsModel?.last_modified;
        if (loaded === undefined || context.model.dirty) {
          return;
        }
        const stored = await contents.get(context.path, { content: false });
        if (stored.last_modified !== loaded && context.contentsModel?.last_modified === loaded && !context.model.dirty) {
          await context.revert();
        }
      })
    );
  }

  /** The folder of the document that a widget shows, or null. */
  folderOf(widget: Widget | null): string | null {
    const context = widget ? this.manager.contextForWidget(widget) : undefined;
    return context ? PathExt.dirname(this.path(context)) : null;
  }

  private contexts(): DocumentRegistry.Context[] {
    const found = new Set<DocumentRegistry.Context>();
    for (const widget of this.widgets()) {
      const context = this.manager.contextForWidget(widget);
      if (context) {
        found.add(context);
      }
    }
    return [...found];
  }

  private path(context: DocumentRegistry.Context): string {
    // A drive's prefix ("RTC:") is JupyterLab's own; the server knows the path without it.
    return this.manager.services.contents.localPath(context.path);
  }
}

/** The open files of this window, wherever they are shown. */
export function openDocuments(app: JupyterFrontEnd, documents: IDocumentManager): OpenDocuments {
  return new OpenDocuments(documents, () => [
    ...app.shell.widgets('main'),
    ...app.shell.widgets('left'),
    ...app.shell.widgets('right')
  ]);
}
