import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { BoardPanel } from '../board/panel';
import { openDocuments } from '../documents';
import { Hints } from '../hints';
import { boardIcon } from '../icon';
import type { IPanelKind } from '../panels';
import { addPanel, panelCommand } from '../panels';
import { settingsOr } from '../settings';
import { DOMAIN, INootropic, INootropicEvents, INootropicSettings } from '../tokens';

/** So long is waited before what the person arranged is kept: scrolling tells it often. */
const KEEP_MS = 400;

/** The board in a panel of its own. */
export const board: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:board',
  description: 'The plan as a board.',
  autoStart: true,
  requires: [INootropic, IDocumentManager],
  optional: [INootropicSettings, INootropicEvents, ILayoutRestorer, ICommandPalette, ILabShell, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    nootropic: INootropic,
    documents: IDocumentManager,
    settings: INootropicSettings | null,
    events: INootropicEvents | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    lab: ILabShell | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const open = openDocuments(app, documents);
    const kept = settingsOr(settings);
    const hints = new Hints(kept, trans);
    const kind: IPanelKind<BoardPanel> = addPanel<BoardPanel>(
      { app, restorer, palette, settings: kept },
      {
        id: 'nootropic-board',
        icon: boardIcon,
        command: panelCommand('board'),
        title: trans.__('Board'),
        caption: trans.__('The plan as a board'),
        // Notebook 7 shows one document in the middle, and panels at its sides.
        area: lab === null ? 'right' : 'main',
        category: trans.__('Nootropic'),
        args: { type: 'object', properties: { folder: { type: 'string' } } },
        keep: panel => panel.keep(),
        make: args => {
          const panel = new BoardPanel({
            client: nootropic,
            events,
            files: app.serviceManager.contents,
            folder: typeof args.folder === 'string' ? args.folder : (open.folderOf(app.shell.currentWidget) ?? ''),
            trans,
            hints,
            commands: app.commands,
            kept: args
          });
          let timer: ReturnType<typeof setTimeout> | undefined;
          panel.arranged.connect(() => {
            clearTimeout(timer);
            timer = setTimeout(() => !panel.isDisposed && kind.save(panel), KEEP_MS);
          });
          return panel;
        }
      }
    );
  }
};
