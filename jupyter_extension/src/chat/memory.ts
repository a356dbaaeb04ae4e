import type { IStateDB } from '@jupyterlab/statedb';

import type { IKept } from './data';
import { keptOf } from './data';

const KEY = 'nootropic-lab:chat';
const PAUSE_MS = 150;

/** Keeps the open chat, the text that is not sent and the answer that is coming, over a reload of the page. */
export class Memory {
  constructor(private readonly state: IStateDB | null) {}

  /** What was kept; everything empty where nothing was. */
  async read(): Promise<IKept> {
    const kept = keptOf(await this.state?.fetch(KEY));
    this.wasRead = true;
    return kept;
  }

  /** Keep what `tell` says in a moment: several changes are written once, and none before the last ones were read. */
  keep(tell: () => IKept): void {
    clearTimeout(this.timer);
    if (!this.wasRead) {
      return;
    }
    this.timer = setTimeout(() => void this.state?.save(KEY, { ...tell() }), PAUSE_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private wasRead = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
