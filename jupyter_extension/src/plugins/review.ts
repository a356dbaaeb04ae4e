import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

/** The place of the review panel. */
export const review: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:review',
  description: 'Reviews proposals hunk by hunk.',
  autoStart: true,
  activate: () => undefined
};
