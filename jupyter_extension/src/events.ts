import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { API } from './api';
import { number, record, text } from './json';
import type {
  IEventStream,
  INootropicEvents,
  INootropicSettings,
  IRunEvent,
  NootropicEvent,
  StreamState
} from './tokens';

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 30_000;
/** So many tries in a row may fail before the person is told. */
const TRIES = 2;
/** The server's close code for a page that did not keep up. */
const TOO_SLOW = 4001;
const RUN_EVENTS: readonly string[] = ['started', 'text', 'progress', 'asked', 'done', 'failed', 'cancelled'];

/** Asks the server for anything over HTTP; gives the status, or 0 where there is no answer. */
export type Probe = () => Promise<number>;

type SocketSettings = Pick<ServerConnection.ISettings, 'wsUrl' | 'token' | 'appendToken' | 'WebSocket'>;

/** One connection a folder, shared by all who listen, and none where nobody does or all is switched off. */
export class EventHub implements INootropicEvents {
  constructor(
    private readonly server: SocketSettings,
    private readonly settings: INootropicSettings,
    private readonly probe: Probe
  ) {
    settings.changed.connect(() => this.follow());
    void settings.ready.then(() => this.follow());
    window.addEventListener('online', () => this.connections.forEach(connection => connection.hurry()));
    // Perhaps from another tab, where they have logged in.
    window.addEventListener('focus', () => this.connections.forEach(connection => connection.comeBack()));
  }

  connect(folder: string): IEventStream {
    let connection = this.connections.get(folder);
    if (connection === undefined) {
      connection = new Connection(folder, this.server, this.probe);
      this.connections.set(folder, connection);
    }
    const found = connection;
    const stream = new EventStream(folder, found, () => {
      found.streams.delete(stream);
      if (found.streams.size === 0 && this.connections.get(folder) === found) {
        this.connections.delete(folder);
        found.close();
      }
    });
    found.streams.add(stream);
    this.follow();
    return stream;
  }

  private follow(): void {
    this.connections.forEach(connection => (this.settings.enabled ? connection.open() : connection.close()));
  }

  private readonly connections = new Map<string, Connection>();
}

/** What one listener holds of a connection. */
class EventStream implements IEventStream {
  constructor(
    readonly folder: string,
    private readonly connection: Connection,
    private readonly leave: () => void
  ) {}

  get state(): StreamState {
    return this.connection.state;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  retry(): void {
    this.connection.hurry();
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.leave();
      Signal.clearData(this);
    }
  }

  readonly event: Signal<IEventStream, NootropicEvent> = new Signal<IEventStream, NootropicEvent>(this);
  readonly stateChanged: Signal<IEventStream, StreamState> = new Signal<IEventStream, StreamState>(this);
  private _isDisposed = false;
}

/** A socket that is opened again when it breaks, from where it stood. */
class Connection {
  constructor(
    private readonly folder: string,
    private readonly server: SocketSettings,
    private readonly probe: Probe
  ) {}

  readonly streams = new Set<EventStream>();

  get state(): StreamState {
    return this._state;
  }

  open(): void {
    if (this.isIdle && this._state !== 'refused') {
      this.set('connecting');
      this.dial();
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { socket } = this;
    this.socket = null;
    socket?.close();
    this.asking++;
    this.probing = false;
    this.failures = 0;
    this.closed = true;
    this.set('offline');
  }

  /** Do not wait any longer for the next try. */
  hurry(): void {
    if (this.socket === null && !this.closed) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.asking++;
      this.probing = false;
      this.dial();
    }
  }

  /** The person looks at this page again: what refused it may let it in now. */
  comeBack(): void {
    if (this._state === 'refused') {
      this.hurry();
    }
  }

  private get isIdle(): boolean {
    return this.socket === null && this.timer === undefined && !this.probing;
  }

  private dial(): void {
    const { wsUrl, token, appendToken, WebSocket: Socket } = this.server;
    this.closed = false;
    const query: Record<string, string> = { path: this.folder };
    if (this.last !== null) {
      query.since = String(this.last);
      query.journal = this.journal;
    }
    if (appendToken && token !== '') {
      query.token = token;
    }
    const socket = new Socket(URLExt.join(wsUrl, API, 'events') + URLExt.objectToQueryString(query));
    this.socket = socket;
    socket.onmessage = message => {
      if (this.socket === socket) {
        this.read(message.data);
      }
    };
    socket.onclose = closed => {
      if (this.socket === socket) {
        this.socket = null;
        this.retry(closed.code);
      }
    };
  }

  private retry(code: number): void {
    this.failures = code === TOO_SLOW ? 0 : this.failures + 1;
    if (this.failures > TRIES) {
      void this.findOut();
    } else {
      this.set('connecting');
      this.dialLater();
    }
  }

  /** A socket does not tell why it could not be opened: ask another way, and do not knock on where nobody is let in. */
  private async findOut(): Promise<void> {
    const turn = ++this.asking;
    this.probing = true;
    const status = await this.probe();
    if (turn !== this.asking) {
      return;
    }
    this.probing = false;
    const isRefused = status === 401 || status === 403;
    if (!isRefused) {
      this.dialLater();
    }
    this.set(isRefused ? 'refused' : status === 0 ? 'offline' : 'unheard');
  }

  private dialLater(): void {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, this.failures - 1), LONGEST_PAUSE_MS);
    // Many pages that lost the same server do not all come back in the same moment.
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.dial();
    }, pause * (0.75 + Math.random() / 2));
  }

  private read(data: unknown): void {
    let message;
    try {
      message = record(JSON.parse(String(data)));
    } catch {
      // Whatever it should have told: all who listen read anew.
      this.emit({ kind: 'resync' });
      return;
    }
    const id = number(message.id);
    if (message.kind === 'hello') {
      this.hello(number(message.last) ?? 0, text(message.journal), text(message.instance));
    } else if (message.kind === 'journal' && id !== null && id > (this.last ?? 0)) {
      this.last = id;
      const { name, row, subject, data: details } = message;
      this.emit({ kind: 'journal', id, name: text(name), row: text(row), subject: text(subject), data: record(details) });
    } else if (message.kind === 'run' && RUN_EVENTS.includes(text(message.event))) {
      const event = text(message.event) as IRunEvent['event'];
      this.emit({ kind: 'run', run: text(message.run), seq: number(message.seq) ?? 0, event, data: record(message.data) });
    } else if (message.kind === 'error') {
      const error = record(message.error);
      console.warn('Nootropic cannot follow the journal:', text(error.what), text(error.why));
    }
  }

  private hello(last: number, journal: string, instance: string): void {
    const first = this.last === null;
    // Where the journal is another one, what was counted before means nothing.
    const another = this.journal !== '' && journal !== this.journal;
    const anew = !first && (another || last < (this.last ?? 0) || this._state === 'connected');
    this.journal = journal;
    if (first || anew) {
      this.last = last;
    }
    this.failures = 0;
    this.set('connected');
    if (anew || (this.instance !== '' && instance !== this.instance)) {
      this.emit({ kind: 'resync' });
    }
    this.instance = instance;
  }

  private emit(event: NootropicEvent): void {
    [...this.streams].forEach(stream => stream.event.emit(event));
  }

  private set(state: StreamState): void {
    if (state !== this._state) {
      this._state = state;
      [...this.streams].forEach(stream => stream.stateChanged.emit(state));
    }
  }

  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private asking = 0;
  private probing = false;
  private closed = false;
  private last: number | null = null;
  private journal = '';
  private instance = '';
  private _state: StreamState = 'connecting';
}

