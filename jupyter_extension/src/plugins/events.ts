import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { probing } from '../api';
import { EventHub } from '../events';
import { settingsOr } from '../settings';
import { INootropicEvents, INootropicSettings } from '../tokens';

/** Provides the events of workspaces; a connection is made only when somebody listens. */
export const events: JupyterFrontEndPlugin<INootropicEvents> = {
  id: 'nootropic-lab:events',
  description: 'Tells what happens in a workspace, by whatever process.',
  autoStart: true,
  provides: INootropicEvents,
  optional: [INootropicSettings],
  activate: (app, settings: INootropicSettings | null) =>
    new EventHub(app.serviceManager.serverSettings, settingsOr(settings), probing(app.serviceManager.serverSettings))
};
