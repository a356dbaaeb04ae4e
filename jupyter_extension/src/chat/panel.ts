import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';

import type { Ask } from '../api';
import { CallError } from '../api';
import { button, el } from '../dom';
import { record, text } from '../json';
import { stateView } from '../states';
import type { IDraft, IEventStream, INootropic, INootropicEvents, INootropicSettings, IRun, NootropicEvent } from '../tokens';
import type { IEnclosed } from './chips';
import { Composer } from './composer';
import { Conversation } from './conversation';
import type { IFacts, IKept } from './data';
import { factsOf, headsOf, keptOf, turnOf, turnsOf } from './data';
import type { Entry } from './entry';
import { place, windowGauge } from './gauges';
import { History } from './history';
import type { ILive } from './live';
import type { ITargets } from './targets';

const KEY = 'nootropic-lab:chat';
const SAVE_MS = 150;
/** Several changes of a chat are read once. */
const SOON_MS = 120;

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

/** A conversation about the repository. */
export class ChatPanel extends Panel {
  constructor(private readonly options: IChatOptions) {
    super();
    const { trans } = options;
    this.addClass('noo-chat');
    this.history = new History({
      client: options.client,
      trans,
      folder: () => this.folder,
      open: chat => void this.openChat(chat),
      closed: () => this.historyButton.setAttribute('aria-expanded', 'false')
    });
    this.historyButton = button(trans.__('History'), { class: 'noo-button', 'aria-expanded': 'false' }, () => this.toggle());
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
      stop: () => void this.run?.cancel(),
      changed: () => this.save()
    });
    this.addWidget(
      new Widget({ node: el('header', { class: 'noo-chat-top' }, this.who, fresh, this.historyButton) })
    );
    this.addWidget(new Widget({ node: this.history.node }));
    this.addWidget(new Widget({ node: this.banner }));
    this.addWidget(this.log);
    this.addWidget(new Widget({ node: el('div', { class: 'noo-chat-gauges' }, this.gauge, this.spent) }));
    this.addWidget(new Widget({ node: this.told }));
    this.addWidget(new Widget({ node: this.composer.node }));
  }

  /** Put something to do into the input; nothing is sent. */
  async take(draft: IDraft): Promise<void> {
    await this.begun();
    const root = await this.options.root(draft.folder);
    if (root !== this.folder && this.run === null) {
      await this.enter(root, null);
    }
    this.composer.fill(draft.text, draft.verb === 'chat' ? null : draft);
    this.composer.input.focus();
    this.save();
  }

  /** The person looks at another document: its workspace's chat, unless something is being written or answered. */
  async follow(): Promise<void> {
    if (!this.isVisible || this.beginning === null || this.run !== null || this.composer.value !== '') {
      return;
    }
    const root = await this.options.root();
    if (root !== this.folder && this.run === null && this.composer.value === '') {
      await this.enter(root, null);
    }
  }

  override dispose(): void {
    clearTimeout(this.saving);
    clearTimeout(this.reading);
    this.stream?.dispose();
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
    const kept = keptOf(await this.options.state?.fetch(KEY));
    const wrote = this.composer.value;
    const folder = kept.folder !== '' || kept.chat !== '' ? kept.folder : await this.options.root();
    if (wrote === '' && kept.draft !== '') {
      this.composer.fill(kept.draft);
    }
    await this.enter(folder, kept.chat === '' ? null : kept.chat, kept);
  }

  /** Go to a workspace, and there to a chat; to the last one where none is named. */
  private async enter(folder: string, chat: string | null, kept: IKept | null = null): Promise<void> {
    this.folder = folder;
    this.stream?.dispose();
    this.stream = this.options.events?.connect(folder) ?? null;
    this.stream?.event.connect(this.hear, this);
    this.stream?.stateChanged.connect(this.drawBanner, this);
    await this.openChat(chat, kept);
    void this.lookAround();
  }

  private async openChat(chat: string | null, kept: IKept | null = null): Promise<void> {
    const { client, trans } = this.options;
    const turn = ++this.opening;
    const folder = this.folder;
    this.log.clear();
    this.facts.clear();
    this.state({ kind: 'loading', title: trans.__('Opening the chat …') });
    try {
      const heads = chat === null ? headsOf((await client.call('chats', { action: 'list' }, { folder })).result) : [];
      const id = chat ?? heads.find(head => head.face === 'lab')?.id ?? '';
      if (turn !== this.opening) {
        return;
      }
      this.chat = id;
      if (id !== '') {
        await this.read();
      }
      this.drawEmpty();
    } catch (error) {
      if (error instanceof CallError && error.kind === 'NoSuchChat') {
        this.chat = '';
        this.drawEmpty();
      } else if (turn === this.opening) {
        this.state({
          kind: 'error',
          title: trans.__('The chat could not be opened'),
          text: [error instanceof Error ? error.message : String(error)],
          actions: [{ label: trans.__('Try again'), run: () => void this.openChat(chat, kept) }]
        });
      }
    }
    if (kept !== null && kept.run !== '') {
      // It was running when the page was left: it may still be.
      this.watch(client.attach(kept.run, { folder }), kept.question, kept.verb);
    }
    this.save();
  }

  private beginNew(): void {
    if (this.run !== null) {
      this.told.textContent = this.options.trans.__('An answer is coming: stop it first.');
      return;
    }
    this.chat = '';
    this.opening++;
    this.log.clear();
    this.facts.clear();
    this.gauge.replaceChildren();
    this.drawEmpty();
    this.composer.input.focus();
    this.save();
    void this.lookAround();
  }

  /** Send a message, a slash command or a draft. */
  private async send(message: string, found: IEnclosed | null, draft: IDraft | null): Promise<void> {
    const { client, ask, trans } = this.options;
    // Who is quick sends before the chat that was open is there again.
    await this.begun();
    if (this.run !== null || this.isDisposed) {
      return;
    }
    this.told.textContent = '';
    this.banner.replaceChildren();
    this.drawBanner();
    try {
      if (draft !== null && draft.verb !== 'chat') {
        const given = Object.entries(draft.args).map(([name, value]) => [name, value === draft.text ? message : value]);
        this.watch(client.start(draft.verb, Object.fromEntries(given), { folder: draft.folder }), message, draft.verb);
      } else if (message.startsWith('/')) {
        const body = JSON.stringify({ path: this.folder, text: message });
        const read = await ask('parse', { method: 'POST', body });
        const verb = text(read.verb);
        if (typeof read.help === 'string') {
          this.state(null);
          this.log.ask(message).showText(read.help);
        } else {
          const args = record(read.arguments);
          const asked = verb === 'chat' ? { ...this.here(), ...args, attach: found?.attach ?? {} } : args;
          this.watch(client.start(verb, asked, { folder: this.folder }), message, verb);
        }
      } else {
        const args: ReadonlyJSONObject = { message, attach: found?.attach ?? {}, ...this.here() };
        this.watch(client.start('chat', args, { folder: this.folder }), message, 'chat');
      }
    } catch (error) {
      this.state(null);
      const entry = this.log.ask(message);
      await entry.fail('', 'cut', error instanceof Error ? error.message : trans.__('It could not be sent.'));
    }
    this.save();
  }

  /** Where the next question goes. */
  private here(): ReadonlyJSONObject {
    return this.chat === '' ? { new: true } : { chat: this.chat };
  }

  /** Show a run until it ends, and what came of it. */
  private watch(run: IRun, question: string, verb: string): void {
    this.state(null);
    const entry = this.log.ask(question);
    if (verb === 'chat') {
      entry.index = this.log.turns;
    }
    this.run = run;
    this.running = { verb, question };
    this.composer.busy = true;
    entry.follow(run);
    run.news.connect((_, news) => {
      if (news.event === 'accepted') {
        this.save();
      }
    });
    void this.end(run, entry, verb);
  }

  private async end(run: IRun, entry: Entry, verb: string): Promise<void> {
    try {
      const answer = await run.result;
      if (verb !== 'chat') {
        this.over(run);
        await entry.showResult(answer);
        return;
      }
      const facts = factsOf(answer.result);
      entry.index = facts.turn - 1;
      this.facts.set(facts.turn - 1, facts);
      const moved = this.chat !== '' && this.chat !== facts.chat;
      this.chat = facts.chat;
      this.over(run);
      this.drawGauges(facts);
      // After a reload the turn may have been read already.
      this.log.entries.filter(each => each !== entry && each.index === entry.index).forEach(each => each.dispose());
      await entry.showTurn({ ...turnOf(answer.result), question: entry.question }, facts);
      if (moved) {
        await this.openChat(facts.chat);
      }
    } catch (error) {
      const refused = error instanceof CallError ? error : null;
      const chat = text(refused?.data.chat);
      if (verb === 'chat' && chat !== '') {
        this.chat = chat;
      } else {
        entry.index = null;
      }
      const ending = run.state === 'cancelled' ? 'stopped' : 'cut';
      this.over(run);
      await entry.fail(run.text, ending, this.why(error));
    } finally {
      void this.lookAround();
    }
  }

  private why(error: unknown): string {
    if (error instanceof CallError && error.kind === 'UnknownRun') {
      return this.options.trans.__('The Jupyter server was started again meanwhile, and the rest of it is lost.');
    }
    return error instanceof Error ? error.message : String(error);
  }

  private over(run: IRun): void {
    if (this.run === run) {
      this.run = null;
      this.running = null;
      this.composer.busy = false;
      this.save();
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
      await this.log.sync(turnsOf(result), this.facts);
      this.chatCost = text(result.cost);
      this.drawSpent();
    }
  }

  private hear(_: IEventStream, event: NootropicEvent): void {
    const ours = event.kind === 'journal' && event.name === 'ChatChanged';
    if (event.kind === 'resync' || (ours && event.subject === this.chat && event.row !== 'chat.forgotten')) {
      clearTimeout(this.reading);
      this.reading = setTimeout(() => void this.read().catch(() => undefined), SOON_MS);
    } else if (ours && event.row === 'chat.forgotten' && (event.subject === '' || event.subject === this.chat)) {
      if (this.run === null && this.chat !== '') {
        this.beginNew();
      }
    }
  }

  /** Which model would answer, and what was spent today. */
  private async lookAround(): Promise<void> {
    const { client, trans } = this.options;
    const { folder } = this;
    try {
      const model = record((await client.call('status', {}, { folder })).result.model);
      const total = record((await client.call('cost', {}, { folder })).result.total);
      const where = typeof model.local === 'boolean' ? place(model.local, trans) : '';
      this.who.replaceChildren(
        model.ready === true ? text(model.name) : trans.__('no model'),
        ...(where === '' ? [] : [el('span', { class: 'noo-chat-place', 'data-local': String(model.local) }, where)])
      );
      this.who.title = model.ready === true ? '' : [text(model.why), text(model.next)].join(' ').trim();
      this.today = text(total.cost);
      this.drawSpent();
    } catch {
      // The state of the connection is told by the banner.
    }
  }

  private drawGauges(facts: IFacts): void {
    this.gauge.replaceChildren(windowGauge(facts, this.options.trans));
    this.chatCost = facts.chatCost;
    this.drawSpent();
  }

  private drawSpent(): void {
    const { trans } = this.options;
    const parts = [
      ...(this.chat !== '' && this.chatCost !== '' ? [trans.__('this chat %1', this.chatCost)] : []),
      ...(this.today === '' ? [] : [trans.__('today %1', this.today)])
    ];
    this.spent.textContent = parts.length === 0 ? '' : trans.__('Cost: %1', parts.join(', '));
  }

  private drawBanner(): void {
    const { trans } = this.options;
    this.banner.replaceChildren(
      this.stream?.state === 'offline'
        ? stateView({
            kind: 'offline',
            title: trans.__('The Jupyter server does not answer'),
            text: [trans.__('What was written and what has come stays here. The connection is tried again by itself.')]
          })
        : ''
    );
  }

  private drawEmpty(): void {
    const { trans } = this.options;
    if (this.log.entries.length > 0) {
      this.state(null);
      return;
    }
    this.state({
      kind: 'empty',
      title: trans.__('Ask about this repository'),
      text: [trans.__('Nothing is written to a file here. @ sends a file, a cell or a variable along, / runs a command.')]
    });
  }

  private state(shown: Parameters<typeof stateView>[0] | null): void {
    this.log.node.querySelectorAll(':scope > .noo-panel-state').forEach(each => each.remove());
    if (shown !== null) {
      this.log.node.append(stateView(shown));
    }
  }

  private toggle(): void {
    if (this.history.open) {
      this.history.hide();
    } else {
      this.historyButton.setAttribute('aria-expanded', 'true');
      void this.history.show(this.chat);
    }
  }

  private save(): void {
    clearTimeout(this.saving);
    this.saving = setTimeout(() => {
      const kept: IKept = {
        folder: this.folder,
        chat: this.chat,
        draft: this.composer.value,
        run: this.run?.id ?? '',
        verb: this.running?.verb ?? '',
        question: this.running?.question ?? ''
      };
      void this.options.state?.save(KEY, { ...kept });
    }, SAVE_MS);
  }

  private readonly who = el('span', { class: 'noo-chat-who', role: 'status' });
  private readonly banner = el('div', { class: 'noo-chat-banner' });
  private readonly gauge = el('div', { class: 'noo-chat-gauge' });
  private readonly spent = el('div', { class: 'noo-chat-spent' });
  private readonly told = el('div', { class: 'noo-chat-told', role: 'status' });
  private readonly history: History;
  private readonly historyButton: HTMLButtonElement;
  private readonly log: Conversation;
  private readonly composer: Composer;
  private readonly facts = new Map<number, IFacts>();
  private stream: IEventStream | null = null;
  private beginning: Promise<void> | null = null;
  private opening = 0;
  private folder = '';
  private chat = '';
  private chatCost = '';
  private today = '';
  private run: IRun | null = null;
  private running: { verb: string; question: string } | null = null;
  private saving: ReturnType<typeof setTimeout> | undefined;
  private reading: ReturnType<typeof setTimeout> | undefined;
}
