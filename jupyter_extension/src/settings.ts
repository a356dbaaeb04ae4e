import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { ReadonlyJSONValue } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { reason } from './api';
import type { INootropicSettings } from './tokens';

/** The person's settings, as JupyterLab keeps them. Where they cannot be read, the schema's defaults hold. */
export class Settings implements INootropicSettings {
  /** @param loading - the settings of this extension, or null where JupyterLab keeps none */
  constructor(loading: Promise<ISettingRegistry.ISettings> | null) {
    this.ready = this.load(loading);
  }

  readonly ready: Promise<void>;
  readonly changed: Signal<INootropicSettings, void> = new Signal<INootropicSettings, void>(this);

  get enabled(): boolean {
    return this.loaded && this.get('enabled') !== false;
  }

  get inlineCompletions(): boolean {
    return this.enabled && this.get('inlineCompletions') === true;
  }

  get(name: string): ReadonlyJSONValue | undefined {
    return this.kept?.composite[name] as ReadonlyJSONValue | undefined;
  }

  async set(name: string, value: ReadonlyJSONValue): Promise<void> {
    await this.kept?.set(name, JSON.parse(JSON.stringify(value)));
  }

  private async load(loading: Promise<ISettingRegistry.ISettings> | null): Promise<void> {
    try {
      this.kept = await loading;
      this.kept?.changed.connect(() => this.changed.emit());
    } catch (error) {
      console.warn('Nootropic uses its default settings:', reason(error));
    }
    this.loaded = true;
    this.changed.emit();
  }

  private kept: ISettingRegistry.ISettings | null = null;
  private loaded = false;
}

/** The settings, or the defaults where the plugin that keeps them is not there. */
export function settingsOr(settings: INootropicSettings | null): INootropicSettings {
  return settings ?? new Settings(null);
}

/**
 * Keep something of ours only while the one switch is on: made when it is switched on (or already is), disposed when
 * it is switched off, made again after that.
 */
export function whileEnabled(settings: INootropicSettings, make: () => IDisposable): IDisposable {
  let made: IDisposable | null = null;
  const follow = (): void => {
    if (settings.enabled && made === null) {
      made = make();
    } else if (!settings.enabled && made !== null) {
      made.dispose();
      made = null;
    }
  };
  settings.changed.connect(follow);
  follow();
  return new DisposableDelegate(() => {
    settings.changed.disconnect(follow);
    made?.dispose();
  });
}
