import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';
import { Menu } from '@lumino/widgets';

import { nootropicIcon } from '../icon';
import { panelCommand } from '../panels';
import { settingsOr, whileEnabled } from '../settings';
import { DOMAIN, IChatOpener, INootropicSettings } from '../tokens';

const START = 'nootropic:start';

/** The menu's commands, in groups; those that are not there (a plugin is disabled) are not shown. */
const GROUPS: readonly (readonly string[])[] = [
  ['chat', 'board', 'review'].map(panelCommand),
  ['nootropic:plan', 'nootropic:code', 'nootropic:run'],
  ['nootropic:undo', 'nootropic:redo'],
  ['nootropic:status', 'nootropic:cost', 'nootropic:doctor']
];

/** The Nootropic menu and the launcher's card. */
export const menu: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:menu',
  description: 'The Nootropic menu, and a card in the launcher.',
  autoStart: true,
  optional: [INootropicSettings, IMainMenu, ILauncher, IChatOpener, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    settings: INootropicSettings | null,
    mainMenu: IMainMenu | null,
    launcher: ILauncher | null,
    chat: IChatOpener | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    whileEnabled(settingsOr(settings), () => {
      const all = new DisposableSet();
      all.add(
        commands.addCommand(START, {
          label: trans.__('Nootropic'),
          caption: trans.__('Plan, write, check and review with Nootropic'),
          icon: nootropicIcon,
          describedBy: { args: { type: 'object', properties: {} } },
          execute: () => (chat === null ? commands.execute('nootropic:plan') : chat.open())
        })
      );
      if (launcher !== null) {
        all.add(launcher.add({ command: START, category: trans.__('Nootropic'), rank: 1 }));
      }
      if (mainMenu !== null) {
        const shown = new Menu({ commands });
        shown.id = 'nootropic-menu';
        shown.title.label = trans.__('Nootropic');
        for (const group of GROUPS) {
          group.forEach(command => shown.addItem({ command, args: { inMenu: true } }));
          shown.addItem({ type: 'separator' });
        }
        mainMenu.addMenu(shown, false, { rank: 90 });
        all.add(shown);
      }
      return all;
    });
  }
};
