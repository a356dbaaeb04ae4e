import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableDelegate, DisposableSet } from '@lumino/disposable';

import { openDocuments } from '../documents';
import { settingsOr, whileEnabled } from '../settings';
import { StatusItem } from '../statusItem';
import { DOMAIN, IChatOpener, INootropic, INootropicEvents, INootropicSettings } from '../tokens';

/** Shows in the status bar which model answers, what it cost today, and what runs. */
export const status: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:status',
  description: 'Which model answers, what it cost today, and what runs, in the status bar.',
  autoStart: true,
  requires: [INootropic, IDocumentManager],
  // Notebook 7 has no status bar.
  optional: [IStatusBar, INootropicSettings, INootropicEvents, IChatOpener, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    nootropic: INootropic,
    documents: IDocumentManager,
    bar: IStatusBar | null,
    settings: INootropicSettings | null,
    events: INootropicEvents | null,
    chat: IChatOpener | null,
    translator: ITranslator | null
  ): void => {
    if (bar === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const kept = settingsOr(settings);
    const open = openDocuments(app, documents);
    const clicked = (): void => {
      if (chat !== null) {
        chat.open();
      } else if (app.commands.hasCommand('nootropic:status')) {
        void app.commands.execute('nootropic:status');
      }
    };
    void app.restored.then(() =>
      whileEnabled(kept, () => {
        const item = new StatusItem({
          client: nootropic,
          events,
          trans,
          clicked,
          folder: () => open.folderOf(app.shell.currentWidget) ?? '',
          every: () => Number(kept.get('refreshSeconds') ?? 0) * 1000
        });
        const follow = (): void => item.follow();
        app.shell.currentChanged?.connect(follow);
        const all = new DisposableSet();
        all.add(bar.registerStatusItem('nootropic-lab:status', { item, align: 'right', rank: 900 }));
        all.add(item);
        all.add(new DisposableDelegate(() => void app.shell.currentChanged?.disconnect(follow)));
        item.follow();
        return all;
      })
    );
  }
};
