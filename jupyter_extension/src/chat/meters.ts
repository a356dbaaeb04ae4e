import type { TranslationBundle } from '@jupyterlab/translation';

import { el } from '../dom';
import { record, text } from '../json';
import type { INootropic } from '../tokens';
import type { IFacts } from './data';
import { place, windowGauge } from './gauges';

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
      const model = record((await client.call('status', {}, { folder })).result.model);
      const total = record((await client.call('cost', {}, { folder })).result.total);
      const local = typeof model.local === 'boolean' ? model.local : null;
      const isReady = model.ready === true;
      this.who.replaceChildren(
        el('span', { class: 'noo-chat-name' }, isReady ? text(model.name) : trans.__('no model')),
        ...(local === null ? [] : [el('span', { class: 'noo-chat-place', 'data-local': String(local) }, place(local, trans))])
      );
      this.who.title = isReady ? text(model.name) : [text(model.why), text(model.next)].join(' ').trim();
      this.today = text(total.cost);
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
