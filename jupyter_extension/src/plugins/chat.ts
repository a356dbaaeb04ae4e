import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

/** The place of the chat panel; it provides the token `IChatOpener`. */
export const chat: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:chat',
  description: 'A conversation about the repository, in the right side panel.',
  autoStart: true,
  activate: () => undefined
};
