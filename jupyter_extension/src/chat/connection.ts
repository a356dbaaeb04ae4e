import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import { el } from '../dom';
import type { IEventStream, INootropicEvents, NootropicEvent } from '../tokens';
import { offline } from './gauges';

/** The events of the workspace that the chat is in, and a line that says when the server is away. */
export class Connection implements IDisposable {
  constructor(
    private readonly events: INootropicEvents | null,
    private readonly trans: TranslationBundle,
    private readonly hear: (event: NootropicEvent) => void
  ) {}

  readonly banner = el('div', { class: 'noo-chat-banner' });

  get isDisposed(): boolean {
    return this.gone;
  }

  /** Hear of another folder's workspace from now on. */
  to(folder: string): void {
    this.stream?.dispose();
    const stream = (this.stream = this.events?.connect(folder) ?? null);
    const show = (): void => this.banner.replaceChildren(offline(stream, this.trans));
    stream?.event.connect((_, event) => this.hear(event));
    stream?.stateChanged.connect(show);
    show();
  }

  dispose(): void {
    this.gone = true;
    this.stream?.dispose();
  }

  private stream: IEventStream | null = null;
  private gone = false;
}
