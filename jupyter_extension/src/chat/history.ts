import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el, notice } from '../dom';
import type { INootropic } from '../tokens';
import { headsOf } from './data';

/** What the list needs. */
export interface IHistoryOptions {
  readonly client: INootropic;
  readonly trans: TranslationBundle;
  readonly folder: () => string;
  readonly open: (chat: string) => void;
  /** The chat that is open. */
  readonly current: () => string;
}

/** The chats that the workspace keeps: to open one, or to forget it. */
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

  /** Show the list as it is now, with the open chat marked. */
  async show(): Promise<void> {
    const { client, trans, folder } = this.options;
    const current = this.options.current();
    this.node.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    try {
      const heads = headsOf((await client.call('chats', { action: 'list' }, { folder: folder() })).result);
      this.node.replaceChildren(
        heads.length === 0
          ? el('p', { class: 'noo-note' }, trans.__('No chats yet.'))
          : el(
              'ul',
              { class: 'noo-chat-heads' },
              ...heads.map(head => {
                const about = trans._n('%2, %1 turn', '%2, %1 turns', head.turns, head.created);
                const opener = button('', { class: 'noo-chat-head' }, () => {
                  this.hide();
                  this.options.open(head.id);
                });
                if (head.id === current) {
                  opener.setAttribute('aria-current', 'true');
                }
                opener.append(
                  el('span', { class: 'noo-chat-head-title' }, head.title || head.id),
                  el('span', { class: 'noo-chat-head-about' }, `${head.id} · ${about} · ${head.face}`)
                );
                return el('li', {}, opener, this.forgetter(head.id));
              })
            )
      );
    } catch (error) {
      this.node.replaceChildren(notice('error', error instanceof Error ? error.message : String(error)));
    }
    this.node.querySelector<HTMLElement>('button')?.focus();
  }

  hide(): void {
    this.node.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
  }

  /** Forgetting erases it, so it takes two presses. */
  private forgetter(id: string): HTMLButtonElement {
    const { client, trans, folder } = this.options;
    const forget = button('×', { class: 'noo-chat-forget', 'aria-label': trans.__('Forget %1', id) }, () => {
      if (forget.dataset.sure !== 'true') {
        forget.dataset.sure = 'true';
        forget.textContent = trans.__('Forget');
        forget.setAttribute('aria-label', trans.__('Forget %1 for ever', id));
        return;
      }
      void client
        .call('chats', { action: 'forget', id }, { folder: folder() })
        .then(() => this.show())
        .catch((error: unknown) => {
          this.node.prepend(notice('error', error instanceof Error ? error.message : String(error)));
        });
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
