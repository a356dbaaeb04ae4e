import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { reason } from './api';
import { away } from './away';
import { button, el } from './dom';
import type { IStanding } from './standing';
import { place, standing } from './standing';
import type { IEventStream, INootropic, INootropicEvents, NootropicEvent } from './tokens';

/** So long is waited after something happened: several things are looked up once. */
const PAUSE_MS = 1500;

/** What the item needs. */
export interface IStatusItemOptions {
  readonly client: INootropic;
  readonly events: INootropicEvents | null;
  readonly trans: TranslationBundle;
  /** The folder of what the person is looking at. */
  readonly folder: () => string;
  readonly clicked: () => void;
  /** Milliseconds between two looks while nothing happens; 0 for none. */
  readonly every: () => number;
}

/** Which model answers and where, what it cost today, and how many verbs run here. */
export class StatusItem extends Widget {
  constructor(private readonly options: IStatusItemOptions) {
    super();
    this.addClass('noo-status');
    this.node.append(this.line);
    options.client.runningChanged.connect(this.running, this);
    options.client.decided.connect(this.soon, this);
    this.draw();
  }

  /** The person looks at something else: perhaps in another workspace. */
  follow(): void {
    const folder = this.options.folder();
    if (folder === this.folder && this.stream !== null) {
      return;
    }
    this.folder = folder;
    this.stream?.dispose();
    this.stream = this.options.events?.connect(folder) ?? null;
    this.stream?.event.connect(this.hear, this);
    this.stream?.stateChanged.connect(this.reached, this);
    this.soon();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      clearTimeout(this.timer);
      this.stream?.dispose();
      this.options.client.runningChanged.disconnect(this.running, this);
      this.options.client.decided.disconnect(this.soon, this);
    }
    super.dispose();
  }

  private reached(stream: IEventStream): void {
    this.draw();
    if (stream.state === 'connected' && this.trouble !== '') {
      this.soon();
    }
  }

  private running(): void {
    this.draw();
    if (this.options.client.running.length === 0) {
      this.soon();
    }
  }

  private hear(_: IEventStream, event: NootropicEvent): void {
    if (event.kind !== 'run' || event.event === 'done' || event.event === 'failed') {
      this.soon();
    }
  }

  private soon(): void {
    this.wait(PAUSE_MS);
  }

  private wait(pause: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), pause);
  }

  private async look(): Promise<void> {
    const { client, every } = this.options;
    const { folder } = this;
    try {
      this.facts = await standing(client, folder);
      this.trouble = '';
    } catch (error) {
      this.trouble = reason(error);
    }
    if (this.isDisposed) {
      return;
    }
    this.draw();
    if (every() > 0) {
      this.wait(every());
    }
  }

  private draw(): void {
    const { client, trans } = this.options;
    const { facts, trouble } = this;
    const parts: string[] = [];
    const gone = away(this.stream, trans);
    if (this.stream?.state === 'refused') {
      parts.push(trans.__('Nootropic: not let in'));
    } else if (trouble !== '' || gone !== null) {
      parts.push(trans.__('Nootropic: offline'));
    } else if (facts === null) {
      parts.push(trans.__('Nootropic'));
    } else {
      parts.push(facts.model === '' ? trans.__('no model') : facts.model);
      if (facts.local !== null) {
        parts.push(place(facts.local, trans));
      }
      if (facts.today !== '') {
        parts.push(trans.__('%1 today', facts.today));
      }
    }
    const { length } = client.running;
    if (length > 0) {
      parts.push(trans._n('%1 running', '%1 running', length));
    }
    const asking = client.running.filter(run => run.question !== null).length;
    if (asking > 0) {
      parts.push(trans._n('%1 asks you', '%1 ask you', asking));
    }
    const [first = '', ...rest] = parts;
    this.line.replaceChildren(el('span', { class: 'noo-status-first' }, first), ...rest.map(part => ` · ${part}`));
    this.line.title = gone === null ? trouble || trans.__('Open Nootropic') : `${gone.title}. ${gone.text}`;
  }

  private readonly line = button('', { class: 'noo-status-line jp-StatusBar-TextItem' }, () => this.options.clicked());
  private stream: IEventStream | null = null;
  private folder = '';
  private facts: IStanding | null = null;
  private trouble = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
}
