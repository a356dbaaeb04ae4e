import type { TranslationBundle } from '@jupyterlab/translation';

import type { Ask } from '../api';
import { button, el } from '../dom';
import { array, record, text } from '../json';
import type { IDraft, INootropic } from '../tokens';
import type { IEnclosed } from './chips';
import { chips, enclosed, NOTHING } from './chips';
import type { ILive } from './live';
import type { ICandidate } from './menu';
import { CandidateMenu } from './menu';
import type { IMessage } from './outbox';

const TYPING_MS = 90;
const CHIPS_MS = 300;
const MOST_HEIGHT = 260;

/** What the input needs. */
export interface IComposerOptions {
  readonly ask: Ask;
  readonly client: INootropic;
  readonly live: ILive;
  readonly trans: TranslationBundle;
  readonly folder: () => string;
  /** `Enter` or `Accel Enter`. */
  readonly sendWith: () => string;
  /** Whether another message is taken now; tells the person where it is not. */
  readonly takes: () => boolean;
  readonly send: (message: IMessage) => void;
  readonly stop: () => void;
  readonly changed: () => void;
}

/** Where a message is written: completion while typing, and chips of what goes along with it. */
export class Composer {
  constructor(private readonly options: IComposerOptions) {
    const { trans } = options;
    this.input = el('textarea', {
      class: 'noo-chat-input',
      rows: '3',
      'aria-autocomplete': 'list',
      'aria-haspopup': 'listbox',
      'aria-label': trans.__('Message'),
      placeholder: trans.__('Ask about the repository. / for commands, @ to send along'),
      spellcheck: 'true'
    });
    this.menu = new CandidateMenu(this.input, candidate => this.complete(candidate), trans);
    this.sending = button(trans.__('Send'), { class: 'noo-button noo-mod-accept' }, () => void this.submit());
    this.queueing = button(trans.__('Send next'), { class: 'noo-button' }, () => void this.submit());
    this.queueing.hidden = true;
    this.stopping = button(trans.__('Stop'), { class: 'noo-button', title: trans.__('Stop (Escape)') }, () => options.stop());
    this.stopping.hidden = true;
    this.node = el(
      'form',
      { class: 'noo-chat-composer', 'aria-label': trans.__('Write a message') },
      this.menu.node,
      this.enclosures,
      this.input,
      el('div', { class: 'noo-chat-composer-foot' }, this.meant, this.stopping, this.queueing, this.sending)
    );
    this.node.addEventListener('submit', event => event.preventDefault());
    this.input.addEventListener('input', () => this.typed());
    this.input.addEventListener('keydown', event => this.key(event));
    this.input.addEventListener('blur', () => this.menu.hide());
  }

  readonly node: HTMLFormElement;
  readonly input: HTMLTextAreaElement;

  get value(): string {
    return this.input.value;
  }

  /** Put a text into the input, for the person to read, change and send. */
  fill(value: string, draft: IDraft | null = null): void {
    const { trans } = this.options;
    this.input.value = value;
    this.draft = draft;
    this.meant.replaceChildren();
    if (draft !== null && draft.verb !== 'chat') {
      const drop = button('×', { class: 'noo-chat-drop', 'aria-label': trans.__('Send it to the chat instead') }, () =>
        this.fill(this.value)
      );
      this.meant.append(trans.__('Sends it to %1', draft.verb), ' ', drop);
    }
    this.forget();
    this.menu.hide();
    this.grow();
    void this.refresh();
  }

  /** Put a message in front of what is written by now. */
  giveBack(message: IMessage): void {
    const parts = [message.words, this.value].filter(part => part.trim() !== '');
    this.fill(parts.join('\n\n'), message.draft ?? this.draft);
  }

  /** Show that an answer is coming: it can be stopped, and the next message written and sent after it. */
  set busy(busy: boolean) {
    const focused = document.activeElement;
    const shown = busy ? [this.stopping, this.queueing] : [this.sending];
    const all = [this.stopping, this.queueing, this.sending];
    this.answering = busy;
    all.forEach(each => (each.hidden = !shown.includes(each)));
    this.allow();
    if (all.some(each => each === focused && each.hidden)) {
      this.input.focus();
    }
  }

  /** Why nothing can be sent now; empty while it can. What is written stays, and can be written on. */
  set locked(why: string) {
    this.why = why;
    this.allow();
  }

  dispose(): void {
    clearTimeout(this.typing);
    clearTimeout(this.looking);
  }

  private async submit(): Promise<void> {
    const before = this.value;
    const message = before.trim();
    if (message === '' || this.gathering || this.why !== '' || !this.options.takes()) {
      return;
    }
    // What is sent is what the chips show, looked up now.
    this.gathering = true;
    this.allow();
    const found = await this.refresh();
    this.gathering = false;
    this.allow();
    const { draft, value } = this;
    // What was typed meanwhile is another message.
    this.fill(value.startsWith(before) ? value.slice(before.length).trimStart() : value);
    this.options.send({ words: message, found, draft });
    this.options.changed();
  }

  private allow(): void {
    this.sending.disabled = this.gathering || this.answering || this.why !== '';
    this.sending.title = this.why;
    this.queueing.disabled = this.gathering || this.why !== '';
    this.queueing.title = this.why || this.options.trans.__('Sent when the answer has ended');
  }

  private key(event: KeyboardEvent): void {
    if (this.menu.key(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const accel = event.ctrlKey || event.metaKey;
    if (event.key === 'Enter' && !event.isComposing && !event.shiftKey && !event.altKey) {
      if (accel || this.options.sendWith() !== 'Accel Enter') {
        event.preventDefault();
        event.stopPropagation();
        void this.submit();
      }
    } else if (event.key === 'Escape' && !this.stopping.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.options.stop();
    }
  }

  private typed(): void {
    this.grow();
    this.options.changed();
    this.menu.narrow(this.word());
    this.forget();
    clearTimeout(this.looking);
    this.typing = setTimeout(() => void this.suggest(), TYPING_MS);
    this.looking = setTimeout(() => void this.refresh(), CHIPS_MS);
  }

  /** What is being looked up was about another text. */
  private forget(): void {
    clearTimeout(this.typing);
    this.turn += 1;
  }

  /** Look up what the word at the cursor may become. */
  private async suggest(): Promise<void> {
    const { ask, live, folder } = this.options;
    const before = this.value.slice(0, this.input.selectionStart);
    const word = this.word();
    const command = before.startsWith('/') && !before.includes('\n');
    const turn = ++this.turn;
    if (!command && !word.startsWith('@')) {
      this.menu.hide();
      return;
    }
    try {
      const cells = word.startsWith('@c') ? live.cells().filter(each => each.text.startsWith(word)) : [];
      const names = word.startsWith('@') ? await live.names() : [];
      const body = JSON.stringify({ path: folder(), text: before, names });
      const answer = await ask('complete', { method: 'POST', body });
      const found = array(answer.candidates).map(record).map(each => ({ text: text(each.text), about: text(each.about) }));
      if (turn === this.turn && document.activeElement === this.input) {
        // What is typed already needs no list.
        const all = [...cells, ...found];
        this.menu.show(all.length === 1 && all[0]?.text === word ? [] : all, word);
      }
    } catch {
      // The list is a help; what is typed can be sent without it, and then says what is wrong.
      this.menu.hide();
    }
  }

  /** What stands before the cursor, back to a space. */
  private word(): string {
    return /\S*$/.exec(this.value.slice(0, this.input.selectionStart))?.[0] ?? '';
  }

  private complete(candidate: ICandidate): void {
    const { selectionStart } = this.input;
    const before = this.value.slice(0, selectionStart).replace(/\S*$/, '');
    const space = /[/=:]$/.test(candidate.text) && candidate.text !== '/' ? '' : ' ';
    this.input.value = `${before}${candidate.text}${space}${this.value.slice(selectionStart).replace(/^ /, '')}`;
    const at = before.length + candidate.text.length + space.length;
    this.input.setSelectionRange(at, at);
    this.typed();
  }

  /** Show what goes along. */
  private async refresh(): Promise<IEnclosed> {
    clearTimeout(this.looking);
    const { client, live, trans, folder } = this.options;
    const message = this.value;
    const turn = ++this.round;
    let found = NOTHING;
    try {
      const meant = message.startsWith('/') && !message.startsWith('/chat ') ? '' : message;
      found = await enclosed(meant, folder(), client, live);
    } catch (error) {
      found = { ...found, problem: error instanceof Error ? error.message : trans.__('What goes along is not known.') };
    }
    if (turn === this.round) {
      this.enclosures.replaceChildren(...chips(found, trans));
    }
    return found;
  }

  private grow(): void {
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, MOST_HEIGHT)}px`;
  }

  private readonly menu: CandidateMenu;
  private readonly enclosures = el('div', { class: 'noo-chat-chips', 'aria-live': 'polite' });
  private readonly meant = el('span', { class: 'noo-chat-meant' });
  private readonly sending: HTMLButtonElement;
  private readonly queueing: HTMLButtonElement;
  private readonly stopping: HTMLButtonElement;
  private draft: IDraft | null = null;
  private answering = false;
  private gathering = false;
  private why = '';
  private turn = 0;
  private round = 0;
  private typing: ReturnType<typeof setTimeout> | undefined;
  private looking: ReturnType<typeof setTimeout> | undefined;
}
