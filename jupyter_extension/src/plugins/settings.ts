import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { Settings } from '../settings';
import { INootropicSettings } from '../tokens';

const ID = 'nootropic-lab:settings';

/** Provides what the person set; `enabled` switches all of Nootropic on and off, at once. */
export const settings: JupyterFrontEndPlugin<INootropicSettings> = {
  id: ID,
  description: 'The settings of Nootropic, with the one switch that turns all of it off.',
  autoStart: true,
  provides: INootropicSettings,
  optional: [ISettingRegistry],
  // Not awaited: the settings come from the server, and nobody's start waits for that.
  activate: (_app, registry: ISettingRegistry | null) => new Settings(registry?.load(ID) ?? null)
};
