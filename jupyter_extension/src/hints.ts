import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el } from './dom';
import { texts } from './json';
import type { INootropicSettings } from './tokens';

const SETTING = 'hintsRead';

/** Hints for who sees a panel the first time. One that is put away stays away, in every window of the person. */
export class Hints {
  constructor(
    private readonly settings: INootropicSettings,
    private readonly trans: TranslationBundle
  ) {}

  /** The hint of a panel, with a way to put it away; null where that was done. */
  hint(name: string, words: string): HTMLElement | null {
    const { settings, trans } = this;
    if (this.read().includes(name) || this.here.has(name)) {
      return null;
    }
    const node = el(
      'aside',
      { class: 'noo-hint', 'aria-label': trans.__('Hint') },
      el('p', {}, words),
      button(trans.__('Got it'), { class: 'noo-button' }, () => {
        this.here.add(name);
        node.remove();
        void settings.set(SETTING, [...this.read(), name]);
      })
    );
    return node;
  }

  /** As it is now: another panel's hint may have been put away since this one was drawn. */
  private read(): readonly string[] {
    return texts(this.settings.get(SETTING));
  }

  /** Also where no settings are kept. */
  private readonly here = new Set<string>();
}
