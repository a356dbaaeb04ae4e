import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';

import { button, el } from '../dom';
import { text } from '../json';
import type { IDraft, NootropicEvent } from '../tokens';
import { Composer } from './composer';
import { Connection } from './connection';
import { Conversation } from './conversation';
import type { IFacts, IKept } from './data';
import { Exchange } from './exchange';
import { History } from './history';
import type { IAsked } from './kept';
import { Memory } from './memory';
import { Meters } from './meters';
import { OpenChat } from './open';
import type { IChatOptions } from './options';
import { Outbox } from './outbox';

/** A conversation about the repository. */
export class ChatPanel extends Panel {
  constructor(private readonly options: IChatOptions) {
    super();
    const { trans } = options;
    this.addClass('noo-chat');
    this.connection = new Connection(options.events, trans, event => this.hear(event), () => this.reached());
    this.meters = new Meters(options.client, trans);
    this.memory = new Memory(options.state);
    this.history = new History({
      client: options.client,
      trans,
      folder: () => this.at.folder,
      open: chat => {
        this.composer.input.focus();
        if (this.free()) {
          void this.openChat(chat);
        }
      },
      current: () => this.at.id
    });
    const fresh = button(trans.__('New'), { class: 'noo-button', title: trans.__('Begin a new chat') }, () => {
      this.begin(true);
      this.composer.input.focus();
    });
    this.log = new Conversation({
      targets: options.targets,
      trans,
      rendermime: () => options.rendermime(this.at.folder),
      tell: line => this.tell(line),
      retry: words => void this.outbox.send({ words, found: null, draft: null })
    });
    this.composer = new Composer({
      ask: options.ask,
      client: options.client,
      live: options.live,
      trans,
      folder: () => this.at.folder,
      sendWith: () => text(options.settings.get('sendWith')),
      takes: () => this.outbox.takes(),
      send: message => void this.outbox.send(message),
      stop: () => void this.exchange.run?.cancel(),
      changed: () => this.save()
    });
    this.exchange = new Exchange({
      log: this.log,
      trans,
      went: (chat, facts) => this.went(chat, facts),
      busy: busy => {
        this.composer.busy = busy;
        this.save();
        if (!busy) {
          void this.meters.look(this.at.folder);
        }
      },
      ended: how => this.outbox.next(how),
      accepted: () => this.save(),
      keep: (line, forms) => this.at.keep(line, forms),
      say: words => (this.live.textContent = words)
    });
    this.at = new OpenChat({
      client: options.client,
      ask: options.ask,
      trans,
      log: this.log,
      meters: this.meters,
      facts: this.exchange.facts,
      again: chat => void this.openChat(chat),
      begun: () => this.save()
    });
    this.outbox = new Outbox({
      client: options.client,
      ask: options.ask,
      trans,
      log: this.log,
      exchange: this.exchange,
      at: this.at,
      begun: () => this.begun(),
      away: () => this.connection.away,
      back: message => this.composer.giveBack(message),
      focus: () => this.composer.input.focus(),
      tell: line => this.tell(line),
      say: words => (this.live.textContent = words),
      changed: () => this.save()
    });
    const buttons = el('span', { class: 'noo-chat-buttons' }, fresh, this.history.button);
    const top = el('header', { class: 'noo-chat-top' }, this.meters.who, buttons);
    const below = [this.outbox.node, this.meters.node, this.told, this.live, this.composer.node];
    const parts = [top, this.history.node, this.connection.banner, this.log, ...below];
    parts.forEach(part => this.addWidget(part instanceof Widget ? part : new Widget({ node: part })));
  }

  /** Put something to do into the input; nothing is sent. */
  async take(draft: IDraft): Promise<void> {
    await this.begun();
    const root = await this.options.root(draft.folder);
    if (root !== this.at.folder && this.isIdle) {
      await this.enter(root, null);
    }
    this.composer.fill(draft.text, draft.verb === 'chat' ? null : draft);
    this.composer.input.focus();
    this.save();
  }

  /** Say something at the input. */
  tell(line: string): void {
    this.told.textContent = line;
  }

  /** The person looks at another document: its workspace's chat, unless something is being written or answered. */
  async follow(): Promise<void> {
    if (!this.isVisible || this.beginning === null || !this.isIdle || this.composer.value !== '') {
      return;
    }
    const root = await this.options.root();
    if (root !== this.at.folder && this.isIdle && this.composer.value === '') {
      await this.enter(root, null);
    }
  }

  override dispose(): void {
    this.memory.dispose();
    this.at.dispose();
    this.connection.dispose();
    this.composer.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.begun();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      void this.begun();
    }
  }

  protected override onActivateRequest(): void {
    this.composer.input.focus();
  }

  /** Nothing is asked of the server before the panel is seen. */
  private begun(): Promise<void> {
    this.beginning ??= this.comeBack();
    return this.beginning;
  }

  /** Go to where the person was before a reload. */
  private async comeBack(): Promise<void> {
    const kept = await this.memory.read();
    const wrote = this.composer.value;
    const folder = kept.folder !== '' || kept.chat !== '' ? kept.folder : await this.options.root();
    if (wrote === '' && kept.draft !== '') {
      this.composer.fill(kept.draft);
    }
    await this.enter(folder, kept.chat === '' ? null : kept.chat, kept);
  }

  /** Go to a workspace, and there to a chat; to the last one where none is named. */
  private async enter(folder: string, chat: string | null, kept: IKept | null = null): Promise<void> {
    if (this.isDisposed) {
      return; // Closed, or switched off, before it was known where to go.
    }
    this.at.folder = folder;
    this.connection.to(folder);
    await this.openChat(chat, kept);
    void this.meters.look(this.at.folder);
  }

  private async openChat(chat: string | null, kept: IKept | null = null): Promise<void> {
    const { client } = this.options;
    const { folder } = this.at;
    if (!(await this.at.open(chat))) {
      return;
    }
    if (kept !== null && kept.run !== '') {
      // It was running when the page was left: it may still be.
      this.exchange.watch(client.attach(kept.run, { folder }), kept.question, kept.verb, 'before');
    } else {
      this.join(await this.at.coming());
    }
    this.save();
  }

  /** Begin a chat; `apart` from those of other windows where the person asked for it. */
  private begin(apart: boolean): void {
    if (this.free()) {
      this.at.begin(apart);
      this.save();
      void this.meters.look(this.at.folder);
    }
  }

  /** Follow an answer that is coming in this chat, though it was asked for elsewhere. */
  private join(asked: IAsked | null): void {
    if (asked !== null && this.exchange.run === null && !this.isDisposed) {
      const run = this.options.client.attach(asked.run, { folder: this.at.folder });
      this.exchange.watch(run, asked.question, 'chat', 'elsewhere');
    }
  }

  /** Whether no answer is coming, and nothing is on its way to get one. */
  private get isIdle(): boolean {
    return this.exchange.run === null && this.outbox.isEmpty;
  }

  /** Whether no answer is coming that was asked for here; the person is told where one is. */
  private free(): boolean {
    if (this.exchange.isElsewhere) {
      this.exchange.leave();
    }
    const free = this.isIdle;
    this.tell(free ? '' : this.options.trans.__('An answer is coming: stop it first.'));
    return free;
  }

  /** An answer is kept in a chat: perhaps a new one, or another one, because two windows wrote in it at once. */
  private went(chat: string, facts: IFacts | null): void {
    const moved = this.at.id !== '' && this.at.id !== chat;
    this.at.id = chat;
    if (facts !== null) {
      this.meters.show(facts);
    }
    if (moved) {
      void this.openChat(chat);
    }
  }

  private hear(event: NootropicEvent): void {
    const { at } = this;
    const told = event.kind === 'journal' && event.name === 'ChatChanged' ? event : null;
    if (event.kind === 'run' && event.event === 'started') {
      this.join(at.asked(event.data));
    } else if (told?.row === 'chat.forgotten') {
      if (at.id !== '' && (told.subject === '' || told.subject === at.id) && this.exchange.run === null) {
        this.begin(false);
      }
    } else if (at.awaitsFirst && (told !== null || event.kind === 'resync')) {
      void this.openChat(null);
    } else if (event.kind === 'resync' || told?.subject === at.id) {
      at.readSoon();
    }
  }

  /** The connection is another: while the server is away nothing is sent, and what it did not answer is asked again. */
  private reached(): void {
    this.composer.locked = this.connection.away?.title ?? '';
    if (this.connection.isConnected) {
      this.tell(''); // It may have told that the server was away.
      this.at.again();
      void this.meters.look(this.at.folder);
    }
  }

  private save(): void {
    this.memory.keep(() => ({
      folder: this.at.folder,
      chat: this.at.id,
      draft: [this.outbox.unsent, this.composer.value].filter(part => part !== '').join('\n\n'),
      run: this.exchange.run?.id ?? '',
      ...this.exchange.asked
    }));
  }

  private readonly told = el('div', { class: 'noo-chat-told', role: 'status' });
  private readonly live = el('div', { class: 'noo-live', role: 'status' });
  private readonly connection: Connection;
  private readonly meters: Meters;
  private readonly memory: Memory;
  private readonly history: History;
  private readonly log: Conversation;
  private readonly composer: Composer;
  private readonly outbox: Outbox;
  private readonly exchange: Exchange;
  private readonly at: OpenChat;
  private beginning: Promise<void> | null = null;
}
