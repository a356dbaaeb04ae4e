import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { number, record, text } from './json';
import type { IProgress, IQuestion, IRunEvent, RunNews } from './tokens';

/** What a run has said so far: its text, how far it is, what it asks. Told piece by piece, or as a whole. */
export class Transcript {
  /** @param tell - told of what is new */
  constructor(private readonly tell: (news: RunNews) => void) {}

  get text(): string {
    return this._text;
  }

  get progress(): IProgress | null {
    return this._progress;
  }

  get question(): IQuestion | null {
    return this._question;
  }

  /** Take in an event. Gives whether that was enough: after a gap, and at the end, the whole is to be read. */
  hear(event: IRunEvent): boolean {
    if (event.seq <= this.seq) {
      return true;
    }
    if (event.seq > this.seq + 1) {
      return false;
    }
    switch (event.event) {
      case 'text':
        this.seq = event.seq;
        this.add(text(event.data.text));
        return true;
      case 'progress':
        this.seq = event.seq;
        this.takeProgress(event.data);
        return true;
      case 'started':
        this.seq = event.seq;
        return true;
      case 'asked':
        this.seq = event.seq;
        this.takeQuestion(event.data.question);
        return true;
      default:
        // It has ended: the answer may be large, so it is asked for and not sent to every page.
        return false;
    }
  }

  /** Take in the whole, as the server tells it; false where events have told more meanwhile. */
  read(document: ReadonlyJSONObject, isRunning: boolean): boolean {
    const seq = number(document.seq) ?? 0;
    if (seq < this.seq && isRunning) {
      return false;
    }
    this.seq = seq;
    const whole = text(document.text);
    if (whole.startsWith(this._text)) {
      this.add(whole.slice(this._text.length));
    } else {
      this._text = whole;
      this.tell({ event: 'reset' });
    }
    if (document.progress !== null) {
      this.takeProgress(record(document.progress));
    }
    this.takeQuestion(document.question);
    return true;
  }

  /** It has ended: nothing is asked any more. */
  close(): void {
    this._question = null;
  }

  private add(piece: string): void {
    if (piece !== '') {
      this._text += piece;
      this.tell({ event: 'text', text: piece });
    }
  }

  private takeProgress(data: ReadonlyJSONObject): void {
    const progress = { text: text(data.text), fraction: number(data.fraction) };
    if (progress.text !== this._progress?.text || progress.fraction !== this._progress.fraction) {
      this._progress = progress;
      this.tell({ event: 'progress', progress });
    }
  }

  private takeQuestion(data: unknown): void {
    const { id, kind, text: words } = record(data);
    const question =
      typeof id === 'number' && (kind === 'approve' || kind === 'ask') ? { id, kind, text: text(words) } as const : null;
    if (question?.id !== this._question?.id) {
      this._question = question;
      this.tell({ event: 'asked' });
    }
  }

  private _text = '';
  private _progress: IProgress | null = null;
  private _question: IQuestion | null = null;
  /** The number of the last event that is in it. */
  private seq = 0;
}
