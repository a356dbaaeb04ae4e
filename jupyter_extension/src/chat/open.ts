import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

import type { Ask } from '../api';
import type { INootropic } from '../tokens';
import type { Conversation } from './conversation';
import type { IFacts } from './data';
import { chatOf, keepCommand } from './kept';
import type { Meters } from './meters';

/** Several changes of a chat are read once. */
const SOON_MS = 120;

/** What the open chat is shown with. */
export interface IOpenChatOptions {
  readonly client: INootropic;
  readonly ask: Ask;
  readonly log: Conversation;
  readonly meters: Meters;
  readonly facts: () => ReadonlyMap<number, IFacts>;
  /** A chat began with a command. */
  readonly begun: () => void;
}

/** The chat that is open, as its workspace keeps it. */
export class OpenChat implements IDisposable {
  constructor(private readonly options: IOpenChatOptions) {}

  folder = '';
  /** Empty before anything was said. */
  id = '';

  get isDisposed(): boolean {
    return this.gone;
  }

  dispose(): void {
    this.gone = true;
    clearTimeout(this.timer);
  }

  /** Bring the log in step with what is kept. */
  async read(): Promise<void> {
    const { id, folder } = this;
    if (id === '') {
      return;
    }
    const { client, log, meters, facts } = this.options;
    const { turns, commands, cost } = await chatOf(client, folder, id);
    if (id === this.id && folder === this.folder && !this.gone) {
      await log.sync(turns, facts(), commands);
      meters.spent(cost);
    }
  }

  /** The same in a moment: more may come. */
  readSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.read().catch(() => undefined), SOON_MS);
  }

  /** Keep a command, also as the beginning of a chat; gives its number. */
  keep(line: string, forms: ReadonlyJSONObject): Promise<number | null> {
    const kept = this.put(line, forms);
    this.keeping = kept;
    return kept;
  }

  /** What was given is kept: the next question goes into the same chat. */
  async settled(): Promise<void> {
    await this.keeping;
  }

  private async put(line: string, forms: ReadonlyJSONObject): Promise<number | null> {
    const { id, folder } = this;
    try {
      const kept = await keepCommand(this.options.ask, folder, id, line, forms);
      if (id === this.id && folder === this.folder && !this.gone) {
        this.id = kept.chat;
        this.options.begun();
        this.readSoon();
      }
      return kept.number;
    } catch {
      // It stands in the log; it will only not be there after a reload.
      return null;
    }
  }

  private keeping: Promise<unknown> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private gone = false;
}
