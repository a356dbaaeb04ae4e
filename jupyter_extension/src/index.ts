import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IRenderMimeRegistry, RenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CellWatch } from './cells';
import { NootropicClient } from './client';
import { addCommands } from './commands/commands';
import { OpenDocuments } from './documents';
import { folderFinder } from './folder';
import { PlanRenderer } from './plan/renderer';
import { ProposalRenderer } from './proposal/renderer';
import { DOMAIN, INootropic, PLAN_MIME, PROPOSAL_MIME } from './tokens';

export * from './tokens';

/** Before JupyterLab's own renderers (HTML 50, Markdown 60): the richest form wins. */
const RANK = 10;

function openDocuments(app: JupyterFrontEnd, documents: IDocumentManager): OpenDocuments {
  return new OpenDocuments(documents, () => [
    ...app.shell.widgets('main'),
    ...app.shell.widgets('left'),
    ...app.shell.widgets('right')
  ]);
}

/** Provides the service that runs verbs. */
const client: JupyterFrontEndPlugin<INootropic> = {
  id: 'nootropic-lab:client',
  description: 'Runs the verbs of Nootropic through the Jupyter server.',
  autoStart: true,
  provides: INootropic,
  requires: [IDocumentManager],
  activate: (app: JupyterFrontEnd, documents: IDocumentManager): INootropic => {
    const service = new NootropicClient(app.serviceManager.serverSettings, openDocuments(app, documents));
    // A notebook may have several panels; its session is listened to once, until the notebook is closed.
    const heard = new WeakSet<object>();
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (_, context) => {
        if (heard.has(context)) {
          return;
        }
        heard.add(context);
        const watch = new CellWatch(() => {
          void service.ranInCell(PathExt.dirname(app.serviceManager.contents.localPath(context.path)));
        });
        context.sessionContext.iopubMessage.connect((_, message) => watch.take(message));
        context.disposed.connect(() => watch.dispose());
      }
    });
    return service;
  }
};

/** Shows plans and proposals, wherever JupyterLab shows outputs. */
const renderers: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:renderers',
  description: 'Shows plans as a board and proposals as diffs that a person decides on.',
  autoStart: true,
  requires: [IRenderMimeRegistry, INootropic],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    nootropic: INootropic,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const folderOf = folderFinder(path => app.serviceManager.contents.localPath(path));
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [PLAN_MIME],
        createRenderer: ({ resolver }) => new PlanRenderer({ client: nootropic, folder: folderOf(resolver), trans })
      },
      RANK
    );
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [PROPOSAL_MIME],
        createRenderer: ({ resolver }) => new ProposalRenderer({ client: nootropic, folder: folderOf(resolver), trans })
      },
      RANK
    );
  }
};

/** Makes one command for each verb, once the window is there. */
const commands: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:commands',
  description: 'One command for each verb of Nootropic.',
  autoStart: true,
  requires: [INootropic, IRenderMimeRegistry, IDocumentManager],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    nootropic: INootropic,
    rendermime: IRenderMimeRegistry,
    documents: IDocumentManager,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const open = openDocuments(app, documents);
    const { contents } = app.serviceManager;
    const options = {
      app,
      client: nootropic,
      palette,
      rendermime,
      trans,
      folder: () => open.folderOf(app.shell.currentWidget) ?? '',
      within: (registry: IRenderMimeRegistry, folder: string) =>
        registry.clone({
          resolver: new RenderMimeRegistry.UrlResolver({ path: PathExt.join(folder, '_'), contents })
        })
    };
    // The only call at start, to the Jupyter server itself, when the window is already there.
    void app.restored
      .then(() => nootropic.capabilities())
      .then(found => addCommands(found, options))
      .catch((error: unknown) => {
        console.warn('Nootropic has no commands:', error instanceof Error ? error.message : error);
      });
  }
};

export default [client, renderers, commands];
