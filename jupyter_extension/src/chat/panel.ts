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
import { Exchange } from './exchange';
import { History } from './history';
import type { IAsked } from './kept';
import { askedIn, chatsOf, comingIn } from './kept';
import { whatIsMeant } from './meant';
import { Memory } from './memory';
import { Meters } from './meters';
import { OpenChat } from './open';
import type { IChatOptions } from './options';

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
    const fresh = button(trans.__('New'), { class: 'noo-button', title: trans.__('Begin a new chat') }, () => this.beginNew());
    this.log = new Conversation({
      targets: options.targets,
      trans,
      rendermime: () => options.rendermime(this.at.folder),
      tell: line => (this.told.textContent = line),
      retry: question => void this.send(question, null, null)
    });
    this.composer = new Composer({
      ask: options.ask,
      client: options.client,
      live: options.live,
      trans,
      folder: () => this.at.folder,
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
          void this.meters.look(this.at.folder);
        }
      },
      accepted: () => this.save(),
      keep: (line, forms) => this.at.keep(line, forms),
      say: words => (this.live.textContent = words)
    });
    this.at = new OpenChat({
      client: options.client,
      ask: options.ask,
      log: this.log,
      meters: this.meters,
      facts: () => this.exchange.facts,
      begun: () => this.save()
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
    if (root !== this.at.folder && this.exchange.run === null) {
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
    if (root !== this.at.folder && this.exchange.run === null && this.composer.value === '') {
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
    this.at.folder = folder;
    this.connection.to(folder);
    await this.openChat(chat, kept);
    void this.meters.look(this.at.folder);
  }

  private async openChat(chat: string | null, kept: IKept | null = null): Promise<void> {
    const { client, trans, ask } = this.options;
    const turn = ++this.opening;
    const folder = this.at.folder;
    this.unopened = null;
    this.log.clear();
    this.exchange.facts.clear();
    this.log.say({ kind: 'loading', title: trans.__('Opening the chat …') });
    try {
      const heads = chat === null ? await chatsOf(client, folder) : [];
      const id = chat ?? heads.find(head => head.face === 'lab')?.id ?? '';
      if (turn !== this.opening || this.isDisposed) {
        return;
      }
      this.at.id = id;
      if (id !== '') {
        await this.at.read();
      }
      this.log.welcome();
    } catch (error) {
      if (error instanceof CallError && error.kind === 'NoSuchChat') {
        this.at.id = '';
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
      this.exchange.watch(client.attach(kept.run, { folder }), kept.question, kept.verb, 'before');
    } else if (this.at.id !== '' && turn === this.opening) {
      this.join(await comingIn(ask, folder, this.at.id).catch(() => null));
    }
    this.save();
  }

  private beginNew(): void {
    if (!this.free()) {
      return;
    }
    this.at.id = '';
    this.opening++;
    this.log.clear();
    this.exchange.facts.clear();
    this.meters.clear();
    this.log.welcome();
    this.composer.input.focus();
    this.save();
    void this.meters.look(this.at.folder);
  }

  /** Follow an answer that is coming in this chat, though it was asked for elsewhere. */
  private join(asked: IAsked | null): void {
    if (asked !== null && this.exchange.run === null && !this.isDisposed) {
      const run = this.options.client.attach(asked.run, { folder: this.at.folder });
      this.exchange.watch(run, asked.question, 'chat', 'elsewhere');
    }
  }

  /** Whether no answer is coming that was asked for here; the person is told where one is. */
  private free(): boolean {
    if (this.exchange.isElsewhere) {
      this.exchange.leave();
    }
    const free = this.exchange.run === null;
    this.told.textContent = free ? '' : this.options.trans.__('An answer is coming: stop it first.');
    return free;
  }

  /** Send a message, a slash command or a draft. */
  private async send(message: string, found: IEnclosed | null, draft: IDraft | null): Promise<void> {
    const { client, ask, trans } = this.options;
    // Who is quick sends before the chat that was open is there again.
    await this.begun().then(() => this.at.settled());
    if (this.exchange.run !== null || this.isDisposed) {
      return;
    }
    this.told.textContent = this.connection.away?.title ?? '';
    if (this.connection.away !== null) {
      return;
    }
    try {
      const meant = await whatIsMeant(message, found, draft, this.at.folder, ask);
      if (meant.help !== '') {
        this.log.ask(message).showText(meant.help);
      } else {
        const placed = meant.verb !== 'chat' || 'new' in meant.args || 'chat' in meant.args;
        const args = placed ? meant.args : { ...meant.args, ...(this.at.id === '' ? { new: true } : { chat: this.at.id }) };
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
    const ours = event.kind === 'journal' && event.name === 'ChatChanged';
    if (event.kind === 'run' && event.event === 'started') {
      this.join(askedIn(event.data, this.at.folder, this.at.id));
    } else if (event.kind === 'resync' || (ours && event.subject === this.at.id && event.row !== 'chat.forgotten')) {
      this.at.readSoon();
    } else if (ours && event.row === 'chat.forgotten' && (event.subject === '' || event.subject === this.at.id)) {
      if (this.exchange.run === null && this.at.id !== '') {
        this.beginNew();
      }
    }
  }

  /** The connection is another: while the server is away nothing is sent, and what it did not answer is asked again. */
  private reached(): void {
    this.composer.locked = this.connection.away?.title ?? '';
    if (this.connection.isConnected) {
      this.unopened?.();
      void this.meters.look(this.at.folder);
    }
  }

  private save(): void {
    this.memory.keep(() => ({
      folder: this.at.folder,
      chat: this.at.id,
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
  private readonly at: OpenChat;
  private beginning: Promise<void> | null = null;
  private unopened: (() => void) | null = null;
  private opening = 0;
}
