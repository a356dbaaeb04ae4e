import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

import type { Ask } from '../api';
import { CallError, reason } from '../api';
import { withCode } from '../dom';
import { record, text } from '../json';
import type { INootropic } from '../tokens';
import type { Conversation } from './conversation';
import type { IFacts } from './data';
import type { IAsked } from './kept';
import { chatOf, chatsOf, comingIn, keepCommand } from './kept';
import type { Meters } from './meters';

/** Several changes of a chat are read once. */
const SOON_MS = 120;

/** What the open chat is shown with. */
export interface IOpenChatOptions {
  readonly client: INootropic;
  readonly ask: Ask;
  readonly trans: TranslationBundle;
  readonly log: Conversation;
  readonly meters: Meters;
  readonly facts: Map<number, IFacts>;
  /** Open a chat anew: what was not answered is asked again. */
  readonly again: (chat: string | null) => void;
  /** A chat began with a command. */
  readonly begun: () => void;
}

/** The chat that is open, as its workspace keeps it. */
export class OpenChat implements IDisposable {
  constructor(private readonly options: IOpenChatOptions) {}

  folder = '';

  /** Empty before anything was said. */
  get id(): string {
    return this._id;
  }

  set id(id: string) {
    this._id = id;
    this.apart = false;
  }

  /** Whether this is the workspace's chat, and the workspace has none yet: the first one, begun in any window, is it. */
  get awaitsFirst(): boolean {
    return this._id === '' && !this.apart && this.options.log.entries.length === 0;
  }

  get isDisposed(): boolean {
    return this.gone;
  }

  dispose(): void {
    this.gone = true;
    clearTimeout(this.timer);
  }

  /** Go to a chat, or to the last one where none is named. Gives whether it is still the one to show. */
  async open(chat: string | null): Promise<boolean> {
    const { client, log, trans } = this.options;
    const turn = this.clear();
    this._id = chat ?? '';
    // What other windows begin is not taken in before it is known which chat this is.
    this.apart = true;
    log.say({ kind: 'loading', title: trans.__('Opening the chat …') });
    try {
      const heads = chat === null ? await chatsOf(client, this.folder) : [];
      if (turn !== this.turn || this.gone) {
        return false;
      }
      this.id = chat ?? heads.find(head => head.face === 'lab')?.id ?? '';
      await this.read();
    } catch (error) {
      if (turn !== this.turn || this.gone) {
        return false;
      }
      if (!(error instanceof CallError && error.kind === 'NoSuchChat')) {
        this.refused(chat, error);
        return true;
      }
      this.id = '';
    }
    log.welcome();
    return turn === this.turn && !this.gone;
  }

  /** What was not answered when the chat was opened is asked again. */
  again(): void {
    this.unopened?.();
  }

  /** Begin a chat; `apart` from those of other windows where the person asked for a new one here. */
  begin(apart: boolean): void {
    this.clear();
    this.id = '';
    this.apart = apart;
    this.options.meters.clear();
    this.options.log.welcome();
  }

  /** The question that a run answers in this chat; null where it has ended, or is about something else. */
  asked(run: ReadonlyJSONObject): IAsked | null {
    const args = record(run.arguments);
    const question = text(args.message);
    const begins = args.new === true && (this._id === '' ? !this.apart : this.options.log.awaits(question) === 0);
    const here = begins || (this._id !== '' && args.chat === this._id);
    const ours = run.verb === 'chat' && run.state === 'running' && run.path === this.folder && here;
    return ours ? { run: text(run.run), question } : null;
  }

  /** What is being answered in this chat at present, by whichever window asked it. */
  coming(): Promise<IAsked | null> {
    // Without an answer nothing is followed now; what is kept in the end is read then.
    return comingIn(this.options.ask, run => this.asked(run)).catch(() => null);
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
      await log.sync(turns, facts, commands);
      meters.spent(cost);
    }
  }

  /** The same in a moment: more may come. What cannot be read leaves the log as it is, until something is told again. */
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

  private clear(): number {
    this.unopened = null;
    this.options.log.clear();
    this.options.facts.clear();
    return ++this.turn;
  }

  private refused(chat: string | null, error: unknown): void {
    const { log, trans } = this.options;
    const again = (): void => this.options.again(chat);
    this.unopened = again;
    log.say({
      kind: 'error',
      title: trans.__('The chat could not be opened'),
      text: withCode(reason(error)),
      actions: [{ label: trans.__('Try again'), run: again }]
    });
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

  private _id = '';
  private apart = false;
  private turn = 0;
  private unopened: (() => void) | null = null;
  private keeping: Promise<unknown> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private gone = false;
}
