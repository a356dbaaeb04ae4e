import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';
import { Menu } from '@lumino/widgets';

import { nootropicIcon } from '../icon';
import { settingsOr, whileEnabled } from '../settings';
import { DOMAIN, IChatOpener, INootropicSettings } from '../tokens';

const SWITCH = 'nootropic:switch';
const START = 'nootropic:start';

/** The menu's commands, in groups; those that are not there (a plugin is disabled) are not shown. */
const GROUPS: readonly (readonly string[])[] = [
  ['nootropic:open-chat', 'nootropic:open-board', 'nootropic:open-review'],
  ['nootropic:plan', 'nootropic:code', 'nootropic:run', 'nootropic:review'],
  ['nootropic:undo', 'nootropic:redo'],
  ['nootropic:status', 'nootropic:cost', 'nootropic:doctor']
];

/** The Nootropic menu, the launcher's card, and the switch that turns all of it off. */
export const menu: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:menu',
  description: 'The Nootropic menu, a card in the launcher, and the one switch.',
  autoStart: true,
  optional: [INootropicSettings, IMainMenu, ILauncher, ICommandPalette, IChatOpener, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    settings: INootropicSettings | null,
    mainMenu: IMainMenu | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    chat: IChatOpener | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const kept = settingsOr(settings);
    if (settings !== null) {
      commands.addCommand(SWITCH, {
        label: () => (kept.enabled ? trans.__('Switch Nootropic Off') : trans.__('Switch Nootropic On')),
        caption: trans.__('One switch for everything that Nootropic shows and does'),
        describedBy: { args: { type: 'object', properties: {} } },
        execute: () => kept.set('enabled', !kept.enabled)
      });
      settings.changed.connect(() => commands.notifyCommandChanged(SWITCH));
      // Outside of what it switches: it must be found when all else is gone.
      palette?.addItem({ command: SWITCH, category: trans.__('Nootropic') });
      mainMenu?.settingsMenu.addGroup([{ command: SWITCH }], 90);
    }
    const start = (): string => (chat === null ? 'nootropic:plan' : 'nootropic:open-chat');
    whileEnabled(kept, () => {
      const all = new DisposableSet();
      all.add(
        commands.addCommand(START, {
          label: trans.__('Nootropic'),
          caption: trans.__('Plan, write, check and review with Nootropic'),
          icon: nootropicIcon,
          describedBy: { args: { type: 'object', properties: {} } },
          execute: () => (chat === null ? commands.execute(start()) : chat.open())
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
