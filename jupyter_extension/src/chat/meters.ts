import type { TranslationBundle } from '@jupyterlab/translation';

import { el } from '../dom';
import { place, standing } from '../standing';
import type { INootropic } from '../tokens';
import type { IFacts } from './data';
import { windowGauge } from './gauges';

/** Which model answers and where it is, how full its window was, what this chat and this day cost. */
export class Meters {
  constructor(
    private readonly client: INootropic,
    private readonly trans: TranslationBundle
  ) {}

  readonly who = el('span', { class: 'noo-chat-who', role: 'status' });

  get node(): HTMLElement {
    return this.gauges;
  }

  /** Show what an answer told. */
  show(facts: IFacts): void {
    this.window.replaceChildren(windowGauge(facts, this.trans));
    this.spent(facts.chatCost);
  }

  /** Show what the chat cost until now. */
  spent(chat: string): void {
    this.chat = chat;
    this.draw();
  }

  /** Another chat begins. */
  clear(): void {
    this.window.replaceChildren();
    this.spent('');
  }

  /** Look up which model would answer, and what was spent today. */
  async look(folder: string): Promise<void> {
    const { client, trans } = this;
    try {
      const { model, local, missing, today } = await standing(client, folder);
      this.who.replaceChildren(
        el('span', { class: 'noo-chat-name' }, model || trans.__('no model')),
        ...(local === null ? [] : [el('span', { class: 'noo-chat-place', 'data-local': String(local) }, place(local, trans))])
      );
      this.who.title = model || missing;
      this.today = today;
      this.draw();
    } catch {
      // The panel tells how the connection stands.
    }
  }

  private draw(): void {
    const { trans, chat, today } = this;
    const parts = [
      ...(chat === '' ? [] : [trans.__('this chat %1', chat)]),
      ...(today === '' ? [] : [trans.__('today %1', today)])
    ];
    this.cost.textContent = parts.length === 0 ? '' : trans.__('Cost: %1', parts.join(', '));
  }

  private readonly window = el('div', { class: 'noo-chat-gauge' });
  private readonly cost = el('div', { class: 'noo-chat-spent' });
  private readonly gauges = el('div', { class: 'noo-chat-gauges' }, this.window, this.cost);
  private chat = '';
  private today = '';
}
