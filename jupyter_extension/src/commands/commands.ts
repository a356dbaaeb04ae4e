import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IAnswer, ICapability, INootropic } from '../tokens';
import { nootropicIcon } from '../icon';
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

/** The id of a verb's command. */
export function commandId(verb: string): string {
  return `nootropic:${verb}`;
}

/**
 * Make one command for each verb.
 *
 * A verb that only looks or proposes runs at once when nothing required is missing, and its answer is
 * the command's result. One that decides always waits for a person to press Run: other extensions may
 * call commands as tools of an agent, and only a person decides.
 */
export function addCommands(capabilities: readonly ICapability[], options: ICommandOptions): void {
  const { app, palette, trans } = options;
  for (const capability of capabilities) {
    const id = commandId(capability.verb);
    if (app.commands.hasCommand(id)) {
      continue;
    }
    app.commands.addCommand(id, {
      // The palette has a heading of its own.
      label: args =>
        args.isPalette === true
          ? trans.__('%1: %2', capability.verb, capability.summary)
          : trans.__('Nootropic: %1', capability.verb),
      caption: capability.summary,
      usage: capability.help,
      describedBy: { args: capability.params },
      execute: args => execute(capability, given(capability, args), options)
    });
    palette?.addItem({ command: id, category: trans.__('Nootropic') });
  }
}

async function execute(
  capability: ICapability,
  args: ReadonlyJSONObject,
  options: ICommandOptions
): Promise<IAnswer | null> {
  const { app, client, rendermime, trans, within } = options;
  const folder = options.folder();
  const content = new VerbPanel(
    { capability, client, folder, rendermime: within(rendermime, folder), trans },
    args
  );
  const widget = new MainAreaWidget({ content });
  widget.id = `nootropic-${capability.verb}-${++opened}`;
  // The panel has no tools of its own.
  widget.toolbar.hide();
  widget.title.label = capability.verb;
  widget.title.icon = nootropicIcon;
  widget.title.caption = capability.summary;
  widget.title.closable = true;
  app.shell.add(widget, 'main');
  const waits = capability.effect === 'decide' || missing(fieldsOf(capability.params), args).length > 0;
  return waits ? null : content.run(args);
}

let opened = 0;

/** JupyterLab adds arguments of its own; a verb gets those that it knows. */
function given(capability: ICapability, args: ReadonlyPartialJSONObject): ReadonlyJSONObject {
  const known = fieldsOf(capability.params).map(field => field.name);
  return Object.fromEntries(known.filter(name => args[name] !== undefined).map(name => [name, args[name]])) as ReadonlyJSONObject;
}
