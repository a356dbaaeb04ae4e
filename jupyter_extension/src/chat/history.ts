import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { reason } from '../api';
import { button, el, notice, withCode } from '../dom';
import type { INootropic } from '../tokens';
import type { IChatHead } from './data';
import { chatsOf } from './kept';

/** What the list needs. */
export interface IHistoryOptions {
  readonly client: INootropic;
  readonly trans: TranslationBundle;
  readonly folder: () => string;
  readonly open: (chat: string) => void;
  /** The chat that is open. */
  readonly current: () => string;
}

/** The chats that the workspace keeps: to open one, to rename or to forget it. */
export class History {
  constructor(private readonly options: IHistoryOptions) {
    this.node = el('section', { class: 'noo-chat-history', 'aria-label': options.trans.__('Chats of this workspace') });
    this.node.hidden = true;
    this.button = button(options.trans.__('History'), { class: 'noo-button', 'aria-expanded': 'false' }, () =>
      this.open ? this.hide() : void this.show()
    );
    this.node.addEventListener('keydown', event => this.key(event));
  }

  readonly node: HTMLElement;
  /** Shows and hides the list. */
  readonly button: HTMLButtonElement;

  get open(): boolean {
    return !this.node.hidden;
  }

  /** Show the list as it is now, with the open chat marked, and the focus on one chat or the first. */
  async show(focus = ''): Promise<void> {
    const { client, trans, folder, current } = this.options;
    this.node.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    try {
      const heads = await chatsOf(client, folder());
      this.node.replaceChildren(
        heads.length === 0
          ? el('p', { class: 'noo-note' }, trans.__('No chats yet.'))
          : el(
              'ul',
              { class: 'noo-chat-heads' },
              ...heads.map(head => this.row(head, head.id === current()))
            )
      );
    } catch (error) {
      this.node.replaceChildren(notice('error', ...withCode(reason(error))));
    }
    const rows = [...this.node.querySelectorAll<HTMLElement>('.noo-chat-head')];
    (rows.find(row => row.dataset.chat === focus) ?? rows[0])?.focus();
  }

  hide(): void {
    this.node.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
  }

  private row(head: IChatHead, isCurrent: boolean): HTMLElement {
    const { trans } = this.options;
    const about = trans._n('%2, %1 turn', '%2, %1 turns', head.turns, head.created);
    const opener = button('', { class: 'noo-chat-head' }, () => {
      this.hide();
      this.options.open(head.id);
    });
    opener.dataset.chat = head.id;
    if (isCurrent) {
      opener.setAttribute('aria-current', 'true');
    }
    opener.append(
      el('span', { class: 'noo-chat-head-title' }, head.title || head.id),
      el('span', { class: 'noo-chat-head-about' }, `${head.id} · ${about} · ${head.face}`)
    );
    const renames = trans.__('Rename %1', head.id);
    const rename = button('✎', { class: 'noo-chat-rename', 'aria-label': renames, title: renames }, () => {
      row.replaceChildren(this.renamer(head));
      row.querySelector('input')?.select();
    });
    const row = el('li', {}, opener, rename, this.forgetter(head.id));
    return row;
  }

  /** A line for the title: Enter keeps it, an empty one is the first question again, Escape leaves it. */
  private renamer(head: IChatHead): HTMLElement {
    const { trans } = this.options;
    const input = el('input', { class: 'noo-chat-title', maxlength: '200', 'aria-label': trans.__('Title of %1', head.id) });
    input.value = head.title;
    input.placeholder = trans.__('The first question');
    input.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter' && !event.isComposing) {
        // A title that is only shown, and not the person's own, is not made one.
        const title = input.value.trim();
        this.change({ action: 'rename', id: head.id, title: head.named || title !== head.title ? title : '' }, head.id);
      } else if (event.key === 'Escape') {
        void this.show(head.id);
      }
    });
    return input;
  }

  /** Carry out a change and show what has become of the list. */
  private change(args: ReadonlyJSONObject, focus = ''): void {
    const { client, folder } = this.options;
    void client
      .call('chats', args, { folder: folder() })
      .then(() => this.show(focus))
      .catch((error: unknown) => {
        this.node.prepend(notice('error', ...withCode(reason(error))));
      });
  }

  /** Forgetting erases it, so it takes two presses. */
  private forgetter(id: string): HTMLButtonElement {
    const { trans } = this.options;
    const forget = button('×', { class: 'noo-chat-forget', 'aria-label': trans.__('Forget %1', id) }, () => {
      if (forget.dataset.sure !== 'true') {
        forget.dataset.sure = 'true';
        forget.textContent = trans.__('Forget');
        forget.setAttribute('aria-label', trans.__('Forget %1 for ever', id));
        return;
      }
      this.change({ action: 'forget', id });
    });
    forget.addEventListener('blur', () => {
      delete forget.dataset.sure;
      forget.textContent = '×';
      forget.setAttribute('aria-label', trans.__('Forget %1', id));
    });
    return forget;
  }

  private key(event: KeyboardEvent): void {
    const rows = [...this.node.querySelectorAll<HTMLElement>('.noo-chat-head')];
    const at = rows.findIndex(row => row === document.activeElement || row.parentElement?.contains(document.activeElement));
    if (event.key === 'Escape') {
      this.hide();
      this.button.focus();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      rows[(at + (event.key === 'ArrowDown' ? 1 : rows.length - 1)) % rows.length]?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
