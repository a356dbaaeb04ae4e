import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IRenderMimeRegistry, RenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';

import { reason } from '../api';
import { addCommands } from '../commands/commands';
import { openDocuments } from '../documents';
import { settingsOr, whileEnabled } from '../settings';
import { DOMAIN, INootropic, INootropicSettings } from '../tokens';

/** Makes one command for each verb, once the window is there. */
export const commands: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:commands',
  description: 'One command for each verb of Nootropic.',
  autoStart: true,
  requires: [INootropic, IRenderMimeRegistry, IDocumentManager],
  optional: [INootropicSettings, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    nootropic: INootropic,
    rendermime: IRenderMimeRegistry,
    documents: IDocumentManager,
    settings: INootropicSettings | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const open = openDocuments(app, documents);
    const { contents } = app.serviceManager;
    const options = {
      app,
      client: nootropic,
      palette,
      rendermime,
      trans: (translator ?? nullTranslator).load(DOMAIN),
      folder: () => open.folderOf(app.shell.currentWidget) ?? '',
      within: (registry: IRenderMimeRegistry, folder: string) =>
        registry.clone({
          resolver: new RenderMimeRegistry.UrlResolver({ path: PathExt.join(folder, '_'), contents })
        })
    };
    // The only call at start, to the Jupyter server itself, when the window is already there.
    void app.restored.then(() =>
      whileEnabled(settingsOr(settings), () => {
        const made = new DisposableSet();
        nootropic
          .capabilities()
          .then(found => {
            if (!made.isDisposed) {
              made.add(addCommands(found, options));
            }
          })
          .catch((error: unknown) => {
            console.warn('Nootropic has no commands:', reason(error));
          });
        return made;
      })
    );
  }
};
