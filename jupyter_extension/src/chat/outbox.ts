import type { TranslationBundle } from '@jupyterlab/translation';

import type { Ask } from '../api';
import type { IAway } from '../away';
import { button, el } from '../dom';
import type { IDraft, INootropic } from '../tokens';
import type { IEnclosed } from './chips';
import type { Conversation } from './conversation';
import type { Ended, Exchange } from './exchange';
import { whatIsMeant } from './meant';
import type { OpenChat } from './open';

/** What a person wants sent: their words, what goes along, and the verb that it is meant for. */
export interface IMessage {
  readonly words: string;
  readonly found: IEnclosed | null;
  readonly draft: IDraft | null;
}

/** What the outbox works with. */
export interface IOutboxOptions {
  readonly client: INootropic;
  readonly ask: Ask;
  readonly trans: TranslationBundle;
  readonly log: Conversation;
  readonly exchange: Exchange;
  readonly at: OpenChat;
  /** Resolved once the panel knows which chat is open. */
  readonly begun: () => Promise<void>;
  /** Why nothing can be sent now, or null. */
  readonly away: () => IAway | null;
  /** Puts a message into the input again. */
  readonly back: (message: IMessage) => void;
  /** Goes to the input. */
  readonly focus: () => void;
  /** Shows a line at the input. */
  readonly tell: (line: string) => void;
  /** Says something aloud. */
  readonly say: (words: string) => void;
  readonly changed: () => void;
}

/** Messages on their way: one is sent, and one waits until the answer before it has ended. */
export class Outbox {
  constructor(private readonly options: IOutboxOptions) {
    const { trans } = options;
    const recall = button(trans.__('Take back'), { class: 'noo-button', title: trans.__('Put it into the input again') }, () => this.recall());
    this.node = el(
      'div',
      { class: 'noo-chat-waiting', role: 'group', 'aria-label': trans.__('Message that waits') },
      this.words,
      el('div', { class: 'noo-chat-waiting-foot' }, el('span', {}, trans.__('Waits until the answer has ended.')), recall)
    );
    this.node.hidden = true;
  }

  /** Shows what waits. */
  readonly node: HTMLElement;

  /** Whether nothing is on its way, and nothing waits. */
  get isEmpty(): boolean {
    return this.waiting === null && !this.leaving;
  }

  /** The words that wait; empty where none do. */
  get unsent(): string {
    return this.waiting?.words ?? '';
  }

  /** Whether another message is taken now. Where it is not, the person is told. */
  takes(): boolean {
    const isTaken = this.waiting === null;
    const full = this.options.trans.__('One message waits already: this one stays here until that is sent or taken back.');
    this.options.tell(isTaken ? '' : full);
    return isTaken;
  }

  /** Send a message; while an answer is coming it waits for its end. */
  async send(message: IMessage): Promise<void> {
    const { begun, at, exchange } = this.options;
    if (this.leaving || exchange.run !== null) {
      this.wait(message);
      return;
    }
    this.leaving = true;
    let ended: Ended | null = null;
    try {
      // Who is quick sends before the chat that was open is there again.
      await begun().then(() => at.settled());
      ended = await this.start(message);
    } finally {
      this.leaving = false;
    }
    if (ended !== null) {
      this.next(ended);
    }
  }

  /** An answer has ended: what waited for that is sent, or given back where there was no answer. */
  next(ended: Ended): void {
    const { waiting } = this;
    const { at, back, say, trans } = this.options;
    if (waiting === null || at.isDisposed) {
      return;
    }
    this.show(null);
    if (ended === 'answered' || ended === 'stopped') {
      void this.send(waiting);
    } else {
      back(waiting);
      say(trans.__('The message that waited is in the input again.'));
    }
  }

  /** Begin what a message asks for. Gives how that ended where no answer is to come; else null. */
  private async start(message: IMessage): Promise<Ended | null> {
    const { client, ask, trans, log, exchange, at, away, back, tell, changed } = this.options;
    const { words } = message;
    if (at.isDisposed) {
      return null;
    }
    const why = away();
    tell(why?.title ?? '');
    if (why !== null) {
      back(message);
      return 'failed';
    }
    let ended: Ended | null = null;
    try {
      const meant = await whatIsMeant(words, message.found, message.draft, at.folder, ask);
      if (exchange.run !== null) {
        this.wait(message); // An answer is coming after all: asked in another window, or before a reload.
      } else if (meant.help !== '') {
        log.ask(words).showText(meant.help);
        ended = 'answered';
      } else {
        const placed = meant.verb !== 'chat' || 'new' in meant.args || 'chat' in meant.args;
        const args = placed ? meant.args : { ...meant.args, ...(at.id === '' ? { new: true } : { chat: at.id }) };
        exchange.watch(client.start(meant.verb, args, { folder: meant.folder }), words, meant.verb);
      }
    } catch (error) {
      await log.ask(words).fail('', 'cut', error instanceof Error ? error.message : trans.__('It could not be sent.'));
      ended = 'failed';
    }
    changed();
    return ended;
  }

  private wait(message: IMessage): void {
    const { back, say, trans } = this.options;
    if (this.takes()) {
      this.show(message);
      say(trans.__('Your message waits until the answer has ended.'));
    } else {
      back(message);
    }
  }

  private recall(): void {
    const { waiting } = this;
    if (waiting !== null) {
      this.show(null);
      this.options.back(waiting);
      this.options.focus();
    }
  }

  private show(message: IMessage | null): void {
    const { focus, tell, changed } = this.options;
    const held = this.node.contains(document.activeElement);
    this.waiting = message;
    this.words.textContent = this.unsent;
    this.node.hidden = message === null;
    tell('');
    changed();
    if (held) {
      focus();
    }
  }

  private readonly words = el('div', { class: 'noo-chat-waiting-words' });
  private waiting: IMessage | null = null;
  private leaving = false;
}
