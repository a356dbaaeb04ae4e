import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CallError } from '../api';
import { openDocuments } from '../documents';
import { Hints } from '../hints';
import { reviewIcon } from '../icon';
import { text } from '../json';
import { addPanel, panelCommand } from '../panels';
import type { Mode } from '../review/compare';
import type { IReviewHunk } from '../review/data';
import { ProposalList } from '../review/list';
import { isNotThereYet, showPlace } from '../review/place';
import type { ReviewAct } from '../review/widget';
import { ReviewWidget } from '../review/widget';
import { serverPaths } from '../serverPaths';
import { settingsOr } from '../settings';
import { DOMAIN, INootropic, INootropicEvents, INootropicSettings } from '../tokens';

const OPEN = 'nootropic:review-proposal';

/** The proposals in the left panel, and the review of one of them in a tab of its own. */
export const review: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:review',
  description: 'Proposals that wait for a decision, and their review, hunk by hunk.',
  autoStart: true,
  requires: [INootropic, IDocumentManager],
  optional: [
    INootropicEvents,
    INootropicSettings,
    ILayoutRestorer,
    ICommandPalette,
    IEditorLanguageRegistry,
    IEditorTracker,
    INotebookTracker,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    client: INootropic,
    documents: IDocumentManager,
    events: INootropicEvents | null,
    settings: INootropicSettings | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    languages: IEditorLanguageRegistry | null,
    editors: IEditorTracker | null,
    notebooks: INotebookTracker | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const kept = settingsOr(settings);
    const open = openDocuments(app, documents);
    const { commands } = app;
    const hints = new Hints(kept, trans);
    const category = trans.__('Nootropic');
    const labels: Readonly<Record<ReviewAct, string>> = {
      next: trans.__('Next Hunk'),
      previous: trans.__('Previous Hunk'),
      accept: trans.__('Accept Hunk'),
      reject: trans.__('Reject Hunk'),
      edit: trans.__('Edit Hunk'),
      open: trans.__('Open the File at the Hunk'),
      undo: trans.__('Undo the Last Turn'),
      redo: trans.__('Redo the Last Turn'),
      mode: trans.__('Side by Side or Inline'),
      'focus-files': trans.__('Go to the Files'),
      help: trans.__('Show Keys')
    };
    const acts = Object.keys(labels) as ReviewAct[];
    const keys = (): (readonly [string, string])[] =>
      acts.map(act => {
        const bound = commands.keyBindings.filter(binding => binding.command === commandOf(act));
        const shown = bound.map(binding => keysInWords(binding.keys));
        return [shown.join(trans.__(' or ')), labels[act]] as const;
      });
    const openFile = async (folder: string, hunk: IReviewHunk): Promise<void> => {
      const path = (await serverPaths(client, folder))(hunk.path);
      if (path === null || isNotThereYet(hunk)) {
        throw new CallError(
          trans.__('%1 cannot be opened.', hunk.path),
          path === null ? trans.__('It lies outside of what this server serves.') : trans.__('It is there once you accept it.')
        );
      }
      const widget = documents.openOrReveal(path);
      await widget?.context.ready;
      if (widget !== undefined) {
        await widget.revealed;
        showPlace(widget, hunk, editors, notebooks);
      }
    };
    let mode: Mode = kept.get('reviewInline') === true ? 'inline' : 'side';
    void kept.ready.then(() => (mode = kept.get('reviewInline') === true ? 'inline' : 'side'));
    const reviews = addPanel(
      { app, restorer, palette: null, settings: kept },
      {
        id: 'nootropic-proposal',
        icon: reviewIcon,
        command: OPEN,
        title: trans.__('Review'),
        area: 'main',
        category,
        args: {
          type: 'object',
          properties: {
            id: { type: 'string', description: trans.__('The proposal, such as P1.') },
            folder: { type: 'string', description: trans.__('The folder whose workspace is meant.') }
          },
          required: ['id']
        },
        name: args => text(args.id),
        make: args => {
          const folder = text(args.folder) || (open.folderOf(app.shell.currentWidget) ?? '');
          return new ReviewWidget({
            client,
            events,
            languages,
            trans,
            id: text(args.id),
            folder,
            open: hunk => openFile(folder, hunk),
            mode: {
              get: () => mode,
              set: wanted => {
                mode = wanted;
                void kept.set('reviewInline', wanted === 'inline');
              }
            },
            keys: () => keys().filter(([key]) => key !== '')
          });
        },
        keep: widget => ({ id: widget.options.id, folder: widget.options.folder })
      }
    );
    addPanel(
      { app, restorer, palette, settings: kept },
      {
        id: 'nootropic-review',
        icon: reviewIcon,
        command: panelCommand('review'),
        title: trans.__('Proposals'),
        caption: trans.__('Proposals to Review'),
        area: 'left',
        rank: 700,
        atStart: true,
        category,
        make: () => {
          const list = new ProposalList({
            client,
            events,
            trans,
            hints,
            folder: () => open.folderOf(app.shell.currentWidget) ?? '',
            open: (id, folder) => void reviews.open({ id, folder })
          });
          const follow = (): void => list.follow();
          app.shell.currentChanged?.connect(follow);
          list.disposed.connect(() => app.shell.currentChanged?.disconnect(follow));
          return list;
        }
      }
    );
    app.serviceManager.contents.fileChanged.connect(() => reviews.tracker.forEach(each => each.filesChanged()));
    for (const act of acts) {
      const current = (): ReviewWidget | null => {
        const widget = reviews.tracker.currentWidget;
        return widget !== null && widget.isVisible ? widget : null;
      };
      commands.addCommand(commandOf(act), {
        label: labels[act],
        describedBy: { args: { type: 'object', properties: {} } },
        isEnabled: () => kept.enabled && current() !== null,
        isVisible: () => kept.enabled,
        execute: () => current()?.act(act)
      });
      palette?.addItem({ command: commandOf(act), category });
    }
  }
};

function commandOf(act: ReviewAct): string {
  return `nootropic:review-${act}`;
}

/** Keys as a person reads them. */
function keysInWords(keys: readonly string[]): string {
  return keys.join(' ').replace('Shift /', '?').replace('ArrowDown', '↓').replace('ArrowUp', '↑');
}
