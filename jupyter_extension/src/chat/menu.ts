import type { TranslationBundle } from '@jupyterlab/translation';

import { el } from '../dom';

/** One thing that a word may become. */
export interface ICandidate {
  readonly text: string;
  readonly about: string;
}

const MOST_SHOWN = 40;
let lists = 0;

/** The list of candidates above the input. The input keeps the focus; arrows move in the list. */
export class CandidateMenu {
  constructor(
    private readonly input: HTMLElement,
    private readonly chosen: (candidate: ICandidate) => void,
    trans: TranslationBundle
  ) {
    this.node.id = `noo-chat-menu-${++lists}`;
    this.node.setAttribute('aria-label', trans.__('Completions'));
    input.setAttribute('aria-controls', this.node.id);
    this.hide();
  }

  readonly node = el('ul', { class: 'noo-chat-menu', role: 'listbox' });

  get open(): boolean {
    return this.candidates.length > 0;
  }

  /**
   * Show candidates; none closes it.
   *
   * @param word - what is typed of them: while that is nothing, or the first of them as a whole, Enter still sends, until
   * an arrow was pressed
   */
  show(candidates: readonly ICandidate[], word = ''): void {
    this.unasked = word === '' || candidates[0]?.text === word;
    this.candidates = candidates.slice(0, MOST_SHOWN);
    this.node.hidden = !this.open;
    this.node.replaceChildren(
      ...this.candidates.map((candidate, index) => {
        const item = el(
          'li',
          { class: 'noo-chat-candidate', role: 'option', id: `${this.node.id}-${index}` },
          el('span', { class: 'noo-chat-candidate-text' }, candidate.text),
          el('span', { class: 'noo-chat-candidate-about' }, candidate.about)
        );
        // Before the input loses the focus.
        item.addEventListener('mousedown', event => {
          event.preventDefault();
          this.take(index);
        });
        return item;
      })
    );
    this.mark(0);
  }

  /** More was typed: only what fits the word stays. */
  narrow(word: string): void {
    if (this.open) {
      this.show(word === '' ? [] : this.candidates.filter(each => each.text.startsWith(word)), word);
    }
  }

  hide(): void {
    this.show([]);
  }

  /** Handle a key; true when it was for the list. */
  key(event: KeyboardEvent): boolean {
    if (!this.open || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) {
      return false;
    }
    const { length } = this.candidates;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      this.unasked = false;
      this.mark((this.at + (event.key === 'ArrowDown' ? 1 : length - 1)) % length);
    } else if ((event.key === 'Enter' && !event.shiftKey && !this.unasked) || event.key === 'Tab') {
      this.take(this.at);
    } else if (event.key === 'Escape') {
      this.hide();
    } else {
      return false;
    }
    return true;
  }

  private mark(at: number): void {
    this.at = at;
    [...this.node.children].forEach((item, index) => item.setAttribute('aria-selected', String(index === at)));
    const item = this.node.children[at];
    if (item === undefined) {
      this.input.removeAttribute('aria-activedescendant');
    } else {
      this.input.setAttribute('aria-activedescendant', item.id);
      item.scrollIntoView?.({ block: 'nearest' });
    }
  }

  private take(index: number): void {
    const candidate = this.candidates[index];
    this.hide();
    if (candidate !== undefined) {
      this.chosen(candidate);
    }
  }

  private candidates: readonly ICandidate[] = [];
  private at = 0;
  private unasked = false;
}
