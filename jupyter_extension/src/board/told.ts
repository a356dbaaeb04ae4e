import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el } from '../dom';

/** What the board tells: aloud, and in a line above it. */
export class Told {
  constructor(private readonly trans: TranslationBundle) {}

  readonly live = el('div', { class: 'noo-live noo-board-live', role: 'status', 'aria-live': 'polite' });
  readonly line = el('div', { class: 'noo-board-line' });

  /** Say something aloud. */
  readonly say = (words: string): void => {
    this.live.textContent = words;
  };

  /** Whether what was done can be taken back now. */
  lock(locked: boolean): void {
    this.line.querySelectorAll('button').forEach(each => (each.disabled = locked));
  }

  /** Say what was done, with a way back, until the next thing is done. */
  readonly done = (words: string, undo: (() => void) | null): void => {
    this.say(words);
    this.line.replaceChildren(
      el('span', { class: 'noo-facts' }, words),
      undo === null
        ? ''
        : button(this.trans.__('Undo'), { class: 'noo-button' }, () => {
            this.line.replaceChildren();
            undo();
          })
    );
  };
}
