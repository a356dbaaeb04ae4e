import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';

import { CallError } from '../api';
import { button, el } from '../dom';
import { text } from '../json';
import type { IDraft, NootropicEvent } from '../tokens';
import type { IEnclosed } from './chips';
import { Composer } from './composer';
import { Connection } from './connection';
import { Conversation } from './conversation';
import type { IFacts, IKept } from './data';
import { headsOf, turnsOf } from './data';
import { Exchange } from './exchange';
import { History } from './history';
import { whatIsMeant } from './meant';
import { Memory } from './memory';
import { Meters } from './meters';
import type { IChatOptions } from './options';

/** Several changes of a chat are read once. */
const SOON_MS = 120;

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
      folder: () => this.folder,
      open: chat => {
        this.composer.input.focus();
        if (this.free()) {
          void this.openChat(chat);
        }
      },
      current: () => this.chat
    });
    const fresh = button(trans.__('New'), { class: 'noo-button', title: trans.__('Begin a new chat') }, () => this.beginNew());
    this.log = new Conversation({
      targets: options.targets,
      trans,
      rendermime: () => options.rendermime(this.folder),
      tell: line => (this.told.textContent = line),
      retry: question => void this.send(question, null, null)
    });
    this.composer = new Composer({
      ask: options.ask,
      client: options.client,
      live: options.live,
      trans,
      folder: () => this.folder,
      sendWith: () => text(options.settings.get('sendWith')),
      send: (message, found, draft) => void this.send(message, found, draft),
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
          void this.meters.look(this.folder);
        }
      },
      accepted: () => this.save(),
      say: words => (this.live.textContent = words)
    });
    const top = el('header', { class: 'noo-chat-top' }, this.meters.who, fresh, this.history.button);
    const below = [this.meters.node, this.told, this.live, this.composer.node];
    const parts = [top, this.history.node, this.connection.banner, this.log, ...below];
    parts.forEach(part => this.addWidget(part instanceof Widget ? part : new Widget({ node: part })));
  }

  /** Put something to do into the input; nothing is sent. */
  async take(draft: IDraft): Promise<void> {
    await this.begun();
    const root = await this.options.root(draft.folder);
    if (root !== this.folder && this.exchange.run === null) {
      await this.enter(root, null);
    }
    this.composer.fill(draft.text, draft.verb === 'chat' ? null : draft);
    this.composer.input.focus();
    this.save();
  }

  /** The person looks at another document: its workspace's chat, unless something is being written or answered. */
  async follow(): Promise<void> {
    if (!this.isVisible || this.beginning === null || this.exchange.run !== null || this.composer.value !== '') {
      return;
    }
    const root = await this.options.root();
    if (root !== this.folder && this.exchange.run === null && this.composer.value === '') {
      await this.enter(root, null);
    }
  }

  override dispose(): void {
    this.memory.dispose();
    clearTimeout(this.reading);
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
    this.beginning ??= this.begin();
    return this.beginning;
  }

  private async begin(): Promise<void> {
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
    this.folder = folder;
    this.connection.to(folder);
    await this.openChat(chat, kept);
    void this.meters.look(this.folder);
  }

  private async openChat(chat: string | null, kept: IKept | null = null): Promise<void> {
    const { client, trans } = this.options;
    const turn = ++this.opening;
    const folder = this.folder;
    this.unopened = null;
    this.log.clear();
    this.exchange.facts.clear();
    this.log.say({ kind: 'loading', title: trans.__('Opening the chat …') });
    try {
      const heads = chat === null ? headsOf((await client.call('chats', { action: 'list' }, { folder })).result) : [];
      const id = chat ?? heads.find(head => head.face === 'lab')?.id ?? '';
      if (turn !== this.opening || this.isDisposed) {
        return;
      }
      this.chat = id;
      if (id !== '') {
        await this.read();
      }
      this.log.welcome();
    } catch (error) {
      if (error instanceof CallError && error.kind === 'NoSuchChat') {
        this.chat = '';
        this.log.welcome();
      } else if (turn === this.opening) {
        const again = (): void => void this.openChat(chat, kept);
        this.unopened = again;
        this.log.say({
          kind: 'error',
          title: trans.__('The chat could not be opened'),
          text: [error instanceof Error ? error.message : String(error)],
          actions: [{ label: trans.__('Try again'), run: again }]
        });
      }
    }
    if (kept !== null && kept.run !== '' && !this.isDisposed) {
      // It was running when the page was left: it may still be.
      this.exchange.watch(client.attach(kept.run, { folder }), kept.question, kept.verb);
    }
    this.save();
  }

  private beginNew(): void {
    if (!this.free()) {
      return;
    }
    this.chat = '';
    this.opening++;
    this.log.clear();
    this.exchange.facts.clear();
    this.meters.clear();
    this.log.welcome();
    this.composer.input.focus();
    this.save();
    void this.meters.look(this.folder);
  }

  /** Whether no answer is coming; the person is told where one is. */
  private free(): boolean {
    const free = this.exchange.run === null;
    this.told.textContent = free ? '' : this.options.trans.__('An answer is coming: stop it first.');
    return free;
  }

  /** Send a message, a slash command or a draft. */
  private async send(message: string, found: IEnclosed | null, draft: IDraft | null): Promise<void> {
    const { client, ask, trans } = this.options;
    // Who is quick sends before the chat that was open is there again.
    await this.begun();
    if (this.exchange.run !== null || this.isDisposed) {
      return;
    }
    this.told.textContent = this.connection.away?.title ?? '';
    if (this.connection.away !== null) {
      return;
    }
    try {
      const meant = await whatIsMeant(message, found, draft, this.folder, ask);
      if (meant.help !== '') {
        this.log.ask(message).showText(meant.help);
      } else {
        const placed = meant.verb !== 'chat' || 'new' in meant.args || 'chat' in meant.args;
        const args = placed ? meant.args : { ...meant.args, ...(this.chat === '' ? { new: true } : { chat: this.chat }) };
        this.exchange.watch(client.start(meant.verb, args, { folder: meant.folder }), message, meant.verb);
      }
    } catch (error) {
      const entry = this.log.ask(message);
      await entry.fail('', 'cut', error instanceof Error ? error.message : trans.__('It could not be sent.'));
    }
    this.save();
  }

  /** An answer is kept in a chat: perhaps a new one, or another one, because two windows wrote in it at once. */
  private went(chat: string, facts: IFacts | null): void {
    const moved = this.chat !== '' && this.chat !== chat;
    this.chat = chat;
    if (facts !== null) {
      this.meters.show(facts);
    }
    if (moved) {
      void this.openChat(chat);
    }
  }

  /** Read the turns of the chat anew. */
  private async read(): Promise<void> {
    const { chat, folder } = this;
    if (chat === '') {
      return;
    }
    const { result } = await this.options.client.call('chats', { action: 'show', id: chat }, { folder });
    if (chat === this.chat && folder === this.folder && !this.isDisposed) {
      await this.log.sync(turnsOf(result), this.exchange.facts);
      this.meters.spent(text(result.cost));
    }
  }

  private hear(event: NootropicEvent): void {
    const ours = event.kind === 'journal' && event.name === 'ChatChanged';
    if (event.kind === 'resync' || (ours && event.subject === this.chat && event.row !== 'chat.forgotten')) {
      clearTimeout(this.reading);
      this.reading = setTimeout(() => void this.read().catch(() => undefined), SOON_MS);
    } else if (ours && event.row === 'chat.forgotten' && (event.subject === '' || event.subject === this.chat)) {
      if (this.exchange.run === null && this.chat !== '') {
        this.beginNew();
      }
    }
  }

  /** The connection is another: while the server is away nothing is sent, and what it did not answer is asked again. */
  private reached(): void {
    this.composer.locked = this.connection.away?.title ?? '';
    if (this.connection.isConnected) {
      this.unopened?.();
      void this.meters.look(this.folder);
    }
  }

  private save(): void {
    this.memory.keep(() => ({
      folder: this.folder,
      chat: this.chat,
      draft: this.composer.value,
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
  private readonly exchange: Exchange;
  private beginning: Promise<void> | null = null;
  private unopened: (() => void) | null = null;
  private opening = 0;
  private folder = '';
  private chat = '';
  private reading: ReturnType<typeof setTimeout> | undefined;
}
