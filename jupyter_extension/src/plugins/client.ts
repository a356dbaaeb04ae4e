import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { asking } from '../api';
import { CellWatch } from '../cells';
import { NootropicClient } from '../client';
import { openDocuments } from '../documents';
import { settingsOr } from '../settings';
import { DOMAIN, INootropic, INootropicEvents, INootropicSettings } from '../tokens';

/** Provides the service that runs verbs. */
export const client: JupyterFrontEndPlugin<INootropic> = {
  id: 'nootropic-lab:client',
  description: 'Runs the verbs of Nootropic through the Jupyter server.',
  autoStart: true,
  provides: INootropic,
  requires: [IDocumentManager],
  optional: [INootropicSettings, INootropicEvents, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    documents: IDocumentManager,
    settings: INootropicSettings | null,
    events: INootropicEvents | null,
    translator: ITranslator | null
  ): INootropic => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const service = new NootropicClient({
      ask: asking(app.serviceManager.serverSettings, trans),
      documents: openDocuments(app, documents),
      settings: settingsOr(settings),
      events,
      trans
    });
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
