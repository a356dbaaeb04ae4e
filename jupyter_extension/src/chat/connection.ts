import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import type { IAway } from '../away';
import { away, awayNotice } from '../away';
import { el } from '../dom';
import { stateView } from '../states';
import type { IEventStream, INootropicEvents, NootropicEvent } from '../tokens';

/** The events of the workspace that the chat is in, and a banner that says when the server is away. */
export class Connection implements IDisposable {
  constructor(
    private readonly events: INootropicEvents | null,
    private readonly trans: TranslationBundle,
    private readonly hear: (event: NootropicEvent) => void,
    private readonly changed: () => void
  ) {}

  readonly banner = el('div', { class: 'noo-chat-banner' });

  /** Why nothing can be sent now; null while it can. */
  get away(): IAway | null {
    return away(this.stream, this.trans);
  }

  /** Whether the server is there, and tells what happens. */
  get isConnected(): boolean {
    return this.stream?.state === 'connected';
  }

  get isDisposed(): boolean {
    return this.gone;
  }

  /** Hear of another folder's workspace from now on. */
  to(folder: string): void {
    this.stream?.dispose();
    const stream = (this.stream = this.events?.connect(folder) ?? null);
    stream?.event.connect((_, event) => this.hear(event));
    stream?.stateChanged.connect(() => this.show());
    this.show();
  }

  dispose(): void {
    this.gone = true;
    this.stream?.dispose();
  }

  private show(): void {
    const { stream, trans, away: found } = this;
    const again = { label: trans.__('Try again'), run: () => stream?.retry() };
    this.banner.replaceChildren(
      found === null
        ? (awayNotice(stream, trans) ?? '')
        : stateView({ kind: 'offline', title: found.title, text: [found.text], actions: [again] })
    );
    this.changed();
  }

  private stream: IEventStream | null = null;
  private gone = false;
}
