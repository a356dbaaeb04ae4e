import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';

import { folderFinder } from '../folder';
import { PlanRenderer } from '../plan/renderer';
import { ProposalRenderer } from '../proposal/renderer';
import { settingsOr } from '../settings';
import { SwitchedRenderer } from '../switched';
import { DOMAIN, INootropic, INootropicEvents, INootropicSettings, PLAN_MIME, PROPOSAL_MIME } from '../tokens';

/** Before JupyterLab's own renderers (HTML 50, Markdown 60): the richest form wins. */
const RANK = 10;

/** Shows plans and proposals, wherever JupyterLab shows outputs. */
export const renderers: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:renderers',
  description: 'Shows plans as a board and proposals as diffs that a person decides on.',
  autoStart: true,
  requires: [IRenderMimeRegistry, INootropic],
  optional: [INootropicSettings, INootropicEvents, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    nootropic: INootropic,
    settings: INootropicSettings | null,
    events: INootropicEvents | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const kept = settingsOr(settings);
    const folderOf = folderFinder(path => app.serviceManager.contents.localPath(path));
    const add = (mimeType: string, make: (folder: string) => Widget & IRenderMime.IRenderer): void => {
      rendermime.addFactory(
        {
          safe: true,
          mimeTypes: [mimeType],
          createRenderer: ({ resolver }) => new SwitchedRenderer(kept, mimeType, () => make(folderOf(resolver)))
        },
        RANK
      );
    };
    const files = app.serviceManager.contents;
    const { commands } = app;
    add(PLAN_MIME, folder => new PlanRenderer({ client: nootropic, events, files, commands, folder, trans }));
    add(PROPOSAL_MIME, folder => new ProposalRenderer({ client: nootropic, events, folder, trans }));
  }
};
