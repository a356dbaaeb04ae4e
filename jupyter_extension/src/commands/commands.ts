import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { DisposableSet } from '@lumino/disposable';

import type { IAnswer, ICapability, INootropic } from '../tokens';
import { nootropicIcon } from '../icon';
import { panelCommand } from '../panels';
import { VerbPanel } from './panel';
import { fieldsOf, missing } from './schema';

/** What the commands need of JupyterLab. */
export interface ICommandOptions {
  readonly app: Pick<JupyterFrontEnd, 'commands' | 'shell'>;
  readonly client: INootropic;
  readonly palette: ICommandPalette | null;
  readonly rendermime: IRenderMimeRegistry;
  readonly trans: TranslationBundle;
  /** The folder of what the person is looking at. */
  readonly folder: () => string;
  /** A registry whose renderers know the folder. */
  readonly within: (rendermime: IRenderMimeRegistry, folder: string) => IRenderMimeRegistry;
}

/** An argument of every verb's command: show the form, filled in, and wait for the person to press Run. */
export const SHOW_FORM = 'showForm';

/** The id of a verb's command. */
export function commandId(verb: string): string {
  return `nootropic:${verb}`;
}

/**
 * Make one command for each verb, save those that only programs call, and those that a panel shows.
 *
 * A verb that only looks or proposes runs at once when nothing required is missing, and its answer is
 * the command's result. One that decides always waits for a person to press Run: other extensions may
 * call commands as tools of an agent, and only a person decides.
 *
 * @returns takes the commands away again, and closes the tabs that they opened.
 */
export function addCommands(capabilities: readonly ICapability[], options: ICommandOptions): IDisposable {
  const { app, palette, trans } = options;
  const made = new DisposableSet();
  for (const capability of capabilities) {
    const id = commandId(capability.verb);
    const isShown = app.commands.hasCommand(panelCommand(capability.verb));
    if (app.commands.hasCommand(id) || isShown || capability.params.unlisted === true) {
      continue;
    }
    const command = app.commands.addCommand(id, {
      // The palette has a heading of its own, and so has our menu.
      label: args =>
        args.isPalette === true
          ? trans.__('%1: %2', capability.verb, capability.summary)
          : args.inMenu === true
            ? capability.verb
            : trans.__('Nootropic: %1', capability.verb),
      caption: capability.summary,
      usage: capability.help,
      describedBy: { args: capability.params },
      execute: args => execute(capability, given(capability, args), args[SHOW_FORM] === true, options, made)
    });
    made.add(command);
    if (palette !== null) {
      made.add(palette.addItem({ command: id, category: trans.__('Nootropic') }));
    }
  }
  return made;
}

async function execute(
  capability: ICapability,
  args: ReadonlyJSONObject,
  showForm: boolean,
  options: ICommandOptions,
  made: DisposableSet
): Promise<IAnswer | null> {
  const { app, client, rendermime, trans, within } = options;
  const folder = options.folder();
  const content = new VerbPanel(
    { capability, client, folder, rendermime: within(rendermime, folder), trans },
    args
  );
  const widget = new MainAreaWidget({ content });
  // JupyterLab would call it the content of the main area.
  content.node.setAttribute('aria-label', trans.__('Nootropic: %1', capability.verb));
  widget.id = `nootropic-${capability.verb}-${++opened}`;
  // The panel has no tools of its own.
  widget.toolbar.hide();
  widget.title.label = capability.verb;
  widget.title.icon = nootropicIcon;
  widget.title.caption = capability.summary;
  widget.title.closable = true;
  app.shell.add(widget, 'main');
  // Switched off, the tab closes with the commands.
  made.add(widget);
  widget.disposed.connect(() => made.remove(widget));
  const waits = showForm || capability.effect === 'decide' || missing(fieldsOf(capability.params), args).length > 0;
  return waits ? null : content.run(args);
}

let opened = 0;

/** JupyterLab adds arguments of its own; a verb gets those that it knows. */
function given(capability: ICapability, args: ReadonlyPartialJSONObject): ReadonlyJSONObject {
  const known = fieldsOf(capability.params).map(field => field.name);
  return Object.fromEntries(known.filter(name => args[name] !== undefined).map(name => [name, args[name]])) as ReadonlyJSONObject;
}
