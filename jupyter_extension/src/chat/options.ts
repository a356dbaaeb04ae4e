import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Ask } from '../api';
import type { INootropic, INootropicEvents, INootropicSettings } from '../tokens';
import type { ILive } from './live';
import type { ITargets } from './targets';

/** What the chat needs. */
export interface IChatOptions {
  readonly client: INootropic;
  readonly ask: Ask;
  readonly events: INootropicEvents | null;
  readonly settings: INootropicSettings;
  readonly state: IStateDB | null;
  readonly live: ILive;
  readonly targets: ITargets;
  readonly trans: TranslationBundle;
  /** A registry that lets nothing of an answer run or load, and knows the folder. */
  readonly rendermime: (folder: string) => IRenderMimeRegistry;
  /** The root of the workspace that a folder (by default that of the current document) lies in. */
  readonly root: (folder?: string) => Promise<string>;
}
