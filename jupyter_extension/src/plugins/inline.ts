import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

/** The place of the inline completions. */
export const inline: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:inline',
  description: 'Proposes code while a person types.',
  autoStart: true,
  activate: () => undefined
};
