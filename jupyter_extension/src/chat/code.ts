import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { reason } from '../api';
import { button, el } from '../dom';
import type { ITargets } from './targets';

/** Give a block of code its buttons. */
export function codeBlock(
  block: HTMLElement,
  targets: ITargets,
  trans: TranslationBundle,
  tell: (line: string) => void
): void {
  const code = (block.querySelector('code') ?? block).textContent ?? '';
  const run = (action: () => string): void => {
    try {
      tell(action());
    } catch (error) {
      tell(reason(error));
    }
  };
  const make = (label: string, about: string, action: () => string): HTMLButtonElement =>
    button(label, { class: 'noo-chat-code-action', title: about, 'aria-label': about }, () => run(action));
  const bare = code.replace(/\n$/, '');
  const bar = el(
    'div',
    { class: 'noo-chat-code-bar', role: 'group', 'aria-label': trans.__('Use this code') },
    make(trans.__('Insert'), trans.__('Insert at the cursor'), () => targets.insert(bare)),
    make(trans.__('Replace'), trans.__('Replace the selection'), () => targets.replace(bare)),
    make(trans.__('New cell'), trans.__('Put it into a new cell below'), () => targets.below(bare)),
    make(trans.__('Copy'), trans.__('Copy to the clipboard'), () => {
      Clipboard.copyToSystem(bare);
      return trans.__('Copied.');
    })
  );
  block.tabIndex = 0;
  const box = el('div', { class: 'noo-chat-code' }, bar);
  block.replaceWith(box);
  box.append(block);
}
