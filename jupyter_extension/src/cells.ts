import { record, text } from './json';

/** What is read of a kernel's message. */
export interface IKernelMessage {
  readonly header: { readonly msg_type: string };
  readonly parent_header: object;
  readonly content: object;
}

/** So long is waited for further cells: "Run All" is told once. */
const PAUSE_MS = 200;

/** Listens to a kernel and tells when a cell with a verb of ours has run: what views show may then be old. */
export class CellWatch {
  /** @param ran - is called once some such cells have run */
  constructor(private readonly ran: () => void) {}

  /** Take one message of the kernel's public channel. */
  take(message: IKernelMessage): void {
    const request = text(record(message.parent_header).msg_id);
    const content = record(message.content);
    if (message.header.msg_type === 'execute_input' && isOurs(text(content.code))) {
      this.running.add(request);
    } else if (
      message.header.msg_type === 'status' &&
      content.execution_state === 'idle' &&
      this.running.delete(request) &&
      this.timer === null
    ) {
      this.timer = setTimeout(() => {
        this.timer = null;
        this.ran();
      }, PAUSE_MS);
    }
  }

  /** Tell nothing any more. */
  dispose(): void {
    if (this.timer !== null) {
      clearTimeout(this.timer);
    }
    this.running.clear();
    this.timer = null;
  }

  private readonly running = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;
}

/** Whether some line of a cell is one of ours: `%noo accept P1`, `answer = %noo show P1`, `%%noo plan`. */
function isOurs(source: string): boolean {
  return /^\s*(?:[\w, ]+=\s*)?%{1,2}noo\b/m.test(source);
}
