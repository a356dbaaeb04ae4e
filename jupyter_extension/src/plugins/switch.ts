import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { DOMAIN, INootropicSettings } from '../tokens';

const SWITCH = 'nootropic:switch';

/** The one switch. It is outside of all that it switches: it must be found when all else is gone. */
export const oneSwitch: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:switch',
  description: 'The command that turns all of Nootropic off and on, in the palette and in the Settings menu.',
  autoStart: true,
  optional: [INootropicSettings, IMainMenu, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    settings: INootropicSettings | null,
    mainMenu: IMainMenu | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    if (settings === null) {
      return; // Nothing keeps what is switched.
    }
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    commands.addCommand(SWITCH, {
      label: () => (settings.enabled ? trans.__('Switch Nootropic Off') : trans.__('Switch Nootropic On')),
      caption: trans.__('One switch for everything that Nootropic shows and does'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => settings.set('enabled', !settings.enabled)
    });
    settings.changed.connect(() => commands.notifyCommandChanged(SWITCH));
    palette?.addItem({ command: SWITCH, category: trans.__('Nootropic') });
    mainMenu?.settingsMenu.addGroup([{ command: SWITCH }], 90);
  }
};
