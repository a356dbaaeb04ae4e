import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';

import type { Action } from '../actions/drafts';
import { draftOf } from '../actions/drafts';
import type { IPlace } from '../actions/places';
import { placeInEditor, placeInNotebook } from '../actions/places';
import { reason } from '../api';
import { commandId, SHOW_FORM } from '../commands/commands';
import { settingsOr, whileEnabled } from '../settings';
import type { IDraft } from '../tokens';
import { DOMAIN, IChatOpener, INootropic, INootropicSettings } from '../tokens';

/** Where the actions are offered. */
const SELECTORS = ['.jp-Notebook .jp-CodeCell', '.jp-Notebook .jp-MarkdownCell', '.jp-FileEditor'];

/** Fix an error; explain, refactor or test a selection: each becomes a draft that the person reads before it is sent. */
export const actions: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:actions',
  description: 'Fix at an error; Explain, Refactor and Write Tests at a selection.',
  autoStart: true,
  requires: [INootropic],
  optional: [INotebookTracker, IEditorTracker, IChatOpener, INootropicSettings, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    nootropic: INootropic,
    notebooks: INotebookTracker | null,
    editors: IEditorTracker | null,
    chat: IChatOpener | null,
    settings: INootropicSettings | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands, contextMenu, serviceManager } = app;
    const local = (path: string): string => serviceManager.contents.localPath(path);
    const here = (): IPlace | null => {
      const { currentWidget } = app.shell;
      if (currentWidget !== null && currentWidget === notebooks?.currentWidget) {
        return placeInNotebook(notebooks.currentWidget, local);
      }
      return currentWidget !== null && currentWidget === editors?.currentWidget
        ? placeInEditor(editors.currentWidget, local)
        : null;
    };
    const labels: Record<Action, string> = {
      fix: trans.__('Fix This Error'),
      explain: trans.__('Explain'),
      refactor: trans.__('Refactor'),
      tests: trans.__('Write Tests')
    };
    const run = async (action: Action): Promise<void> => {
      const place = here();
      if (place === null) {
        return;
      }
      let draft: IDraft;
      try {
        draft = draftOf(action, place, await nootropic.place(place.path), trans);
      } catch (error) {
        const line = trans.__('%1: %2', labels[action], reason(error));
        if (chat !== null) {
          chat.tell(line);
        } else {
          // In JupyterLab's list only: what shows one over the page is loaded by the first, from the server that is away.
          Notification.error(line);
        }
        return;
      }
      if (chat !== null) {
        chat.open(draft);
      } else if (commands.hasCommand(commandId(draft.verb))) {
        await commands.execute(commandId(draft.verb), { ...draft.args, [SHOW_FORM]: true });
      }
    };
    whileEnabled(settingsOr(settings), () => {
      const all = new DisposableSet();
      for (const action of Object.keys(labels) as Action[]) {
        const command = `nootropic:${action}-here`;
        const fits = (): boolean => {
          const place = here();
          return place !== null && (action === 'fix' ? place.error !== '' : place.code.trim() !== '');
        };
        all.add(
          commands.addCommand(command, {
            label: args => (args.inMenu === true ? trans.__('Nootropic: %1', labels[action]) : labels[action]),
            describedBy: { args: { type: 'object', properties: {} } },
            isEnabled: fits,
            isVisible: fits,
            execute: () => run(action)
          })
        );
        for (const selector of SELECTORS) {
          all.add(contextMenu.addItem({ command, selector, rank: 20, args: { inMenu: true } }));
        }
      }
      return all;
    });
  }
};
