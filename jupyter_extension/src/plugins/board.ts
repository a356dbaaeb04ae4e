import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

/** The place of the board panel. */
export const board: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:board',
  description: 'The plan as a board.',
  autoStart: true,
  activate: () => undefined
};
