import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { MessageLoop } from '@lumino/messaging';
import type { Widget } from '@lumino/widgets';

import { nootropicIcon } from './icon';
import type { INootropicSettings } from './tokens';

/** The command of the panel that shows what a verb tells: where it is there, the verb has no other command. */
export function panelCommand(verb: string): string {
  return `nootropic:open-${verb}`;
}

/** What a panel is, and where it stands. */
export interface IPanelOptions<W extends Widget> {
  /** `nootropic-chat`: the widget's id, with the name behind it where there are several. */
  readonly id: string;
  /** The command that opens it; of a panel that shows a verb, its `panelCommand`. */
  readonly command: string;
  readonly title: string;
  readonly caption?: string;
  readonly icon?: LabIcon;
  readonly area: 'main' | 'left' | 'right';
  readonly rank?: number;
  /** Open it when the window is opened, and when all is switched on again, without taking the focus. */
  readonly atStart?: boolean;
  /** Make the widget; `args` are the command's, or what was kept of it before a reload. */
  readonly make: (args: ReadonlyJSONObject) => W;
  /** What is kept of it over a reload; arguments for `make`. */
  readonly keep?: (widget: W) => ReadonlyJSONObject;
  /** Tells several panels of this kind apart (the proposal's id); one only where it is left out. */
  readonly name?: (args: ReadonlyJSONObject) => string;
  /** The JSON schema of the command's arguments. */
  readonly args?: ReadonlyJSONObject;
  /** The palette's heading. */
  readonly category: string;
}

/** What panels need of JupyterLab. */
export interface IPanelHost {
  readonly app: Pick<JupyterFrontEnd, 'commands' | 'shell'>;
  readonly restorer: ILayoutRestorer | null;
  readonly palette: ICommandPalette | null;
  readonly settings: INootropicSettings;
}

/** A kind of panel. */
export interface IPanelKind<W extends Widget> {
  readonly tracker: WidgetTracker<W>;
  /** Open it, or bring the open one to the front; null while all is switched off. */
  open(args?: ReadonlyJSONObject): W | null;
  /** Keep what `keep` says now: call it when that has changed. */
  save(widget: W): void;
}

/**
 * Add a kind of panel: command, palette entry, place in the window, and its return after a reload.
 *
 * To be called while a plugin is activated: later the window has asked already what is to come back. While all is
 * switched off, its panels are closed and its command is hidden.
 */
export function addPanel<W extends Widget>(host: IPanelHost, options: IPanelOptions<W>): IPanelKind<W> {
  const { app, restorer, palette, settings } = host;
  const tracker = new WidgetTracker<W>({ namespace: options.id });
  const widgets = new Map<string, W>();
  const open = (args: ReadonlyJSONObject, activate: boolean): W | null => {
    if (!settings.enabled) {
      return null;
    }
    const name = options.name?.(args) ?? '';
    let widget = widgets.get(name);
    if (widget === undefined) {
      widget = options.make(args);
      dress(widget, name, options);
      widgets.set(name, widget);
      widget.disposed.connect(() => widgets.delete(name));
      void tracker.add(widget);
    }
    if (!widget.isAttached) {
      app.shell.add(widget, options.area, options.rank === undefined ? {} : { rank: options.rank });
    }
    if (activate) {
      app.shell.activateById(widget.id);
    }
    return widget;
  };
  app.commands.addCommand(options.command, {
    label: options.title,
    caption: options.caption ?? options.title,
    icon: options.icon ?? nootropicIcon,
    isVisible: () => settings.enabled,
    isEnabled: () => settings.enabled,
    describedBy: { args: options.args ?? { type: 'object', properties: {} } },
    execute: args => void open(plain(args), true)
  });
  palette?.addItem({ command: options.command, category: options.category });
  if (restorer !== null) {
    // A command of its own: it waits for the settings, and a panel that comes back does not take the focus.
    const command = `${options.command}-again`;
    app.commands.addCommand(command, {
      label: options.title,
      isVisible: () => false,
      describedBy: { args: options.args ?? { type: 'object', properties: {} } },
      execute: async args => {
        await settings.ready;
        open(plain(args), false);
      }
    });
    void restorer.restore(tracker, {
      command,
      name: widget => widget.id,
      args: widget => options.keep?.(widget) ?? {}
    });
  }
  const atStart = (): void => {
    if (options.atStart === true) {
      open({}, false);
    }
  };
  let isReady = false;
  let isOff = false;
  settings.changed.connect(() => {
    if (!settings.enabled) {
      isOff = isOff || isReady;
      [...widgets.values()].forEach(widget => widget.dispose());
    } else if (isOff) {
      isOff = false;
      atStart();
    }
    app.commands.notifyCommandChanged(options.command);
  });
  void settings.ready.then(() => {
    isReady = true;
    isOff = !settings.enabled;
    atStart();
  });
  return { tracker, open: (args = {}) => open(args, true), save: widget => void tracker.save(widget) };
}

function dress<W extends Widget>(widget: W, name: string, options: IPanelOptions<W>): void {
  widget.id = name === '' ? options.id : `${options.id}-${name}`;
  widget.title.icon = options.icon ?? nootropicIcon;
  widget.title.caption = options.caption ?? options.title;
  if (options.area === 'main') {
    widget.title.label ||= options.title;
  }
  widget.title.closable = true;
  // What is closed is gone: it would come back after a reload otherwise.
  MessageLoop.installMessageHook(widget, (_, message) => {
    if (message.type === 'close-request') {
      widget.dispose();
      return false;
    }
    return true;
  });
  widget.node.setAttribute('role', 'region');
  widget.node.setAttribute('aria-label', options.title);
}

/** The command's arguments without those that JupyterLab and our menu add. */
function plain(args: ReadonlyPartialJSONObject): ReadonlyJSONObject {
  const { isPalette: _palette, isLauncher: _launcher, isMenu: _menu, inMenu: _ours, ...rest } = args;
  return rest as ReadonlyJSONObject;
}
