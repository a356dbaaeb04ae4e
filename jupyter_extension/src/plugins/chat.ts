import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IMarkdownParser, IRenderMimeRegistry, RenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { asking } from '../api';
import { Live } from '../chat/live';
import { ChatPanel } from '../chat/panel';
import { QuietSanitizer, quietMarkdown } from '../chat/quiet';
import { Targets } from '../chat/targets';
import { openDocuments } from '../documents';
import { chatIcon } from '../icon';
import { addPanel, panelCommand } from '../panels';
import { settingsOr } from '../settings';
import { DOMAIN, IChatOpener, INootropic, INootropicEvents, INootropicSettings } from '../tokens';

/** Provides the chat panel, in the right side bar. */
export const chat: JupyterFrontEndPlugin<IChatOpener> = {
  id: 'nootropic-lab:chat',
  description: 'A conversation about the repository, in the right side panel.',
  autoStart: true,
  provides: IChatOpener,
  requires: [INootropic, IRenderMimeRegistry, IDocumentManager],
  optional: [
    INootropicSettings,
    INootropicEvents,
    IMarkdownParser,
    INotebookTracker,
    IEditorTracker,
    IStateDB,
    ILayoutRestorer,
    ICommandPalette,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    client: INootropic,
    rendermime: IRenderMimeRegistry,
    documents: IDocumentManager,
    settings: INootropicSettings | null,
    events: INootropicEvents | null,
    parser: IMarkdownParser | null,
    notebooks: INotebookTracker | null,
    editors: IEditorTracker | null,
    state: IStateDB | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): IChatOpener => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const kept = settingsOr(settings);
    const { contents, serverSettings } = app.serviceManager;
    const open = openDocuments(app, documents);
    const sanitizer = new QuietSanitizer(rendermime.sanitizer);
    const markdown = parser === null ? {} : { markdownParser: quietMarkdown(parser) };
    const root = async (folder = open.folderOf(app.shell.currentWidget) ?? ''): Promise<string> => {
      const path = PathExt.join(folder, '_');
      const file = await client.place(path).catch(() => null);
      return file !== null && path.endsWith(file) ? path.slice(0, path.length - file.length).replace(/\/$/, '') : folder;
    };
    const panel = addPanel<ChatPanel>(
      { app, restorer, palette, settings: kept },
      {
        id: 'nootropic-chat',
        icon: chatIcon,
        command: panelCommand('chat'),
        title: trans.__('Nootropic Chat'),
        caption: trans.__('Ask about the repository'),
        area: 'right',
        rank: 600,
        category: trans.__('Nootropic'),
        atStart: true,
        make: () =>
          new ChatPanel({
            client,
            ask: asking(serverSettings, trans),
            events,
            settings: kept,
            state,
            trans,
            root,
            live: new Live(app.shell, notebooks, open, trans),
            targets: new Targets(app.shell, notebooks, editors, trans),
            rendermime: folder =>
              rendermime.clone({
                sanitizer,
                ...markdown,
                resolver: new RenderMimeRegistry.UrlResolver({ path: PathExt.join(folder, '_'), contents })
              })
          })
      }
    );
    app.shell.currentChanged?.connect(() => panel.tracker.forEach(each => void each.follow()));
    return {
      open: draft => {
        const shown = panel.open();
        if (shown !== null && draft !== undefined) {
          void shown.take(draft);
        }
      },
      tell: line => panel.open()?.tell(line)
    };
  }
};
