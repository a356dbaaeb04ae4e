import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { CallError, reason } from '../api';
import { text } from '../json';
import type { IRun } from '../tokens';
import type { Conversation } from './conversation';
import type { IFacts } from './data';
import { factsOf, turnOf } from './data';
import type { Entry } from './entry';

/** What an exchange works with. */
export interface IExchangeOptions {
  readonly log: Conversation;
  readonly trans: TranslationBundle;
  /** Told in which chat an answer is kept, and what is known of it. */
  readonly went: (chat: string, facts: IFacts | null) => void;
  readonly busy: (busy: boolean) => void;
  /** Told when an answer has ended and is shown, and how. */
  readonly ended: (how: Ended) => void;
  /** Told when the server has given the run its id. */
  readonly accepted: () => void;
  /** Keep a command with its answer; gives its number, or null where it cannot be kept. */
  readonly keep: (line: string, forms: ReadonlyJSONObject) => Promise<number | null>;
  /** Says something aloud. */
  readonly say: (words: string) => void;
}

/** Where a run comes from: asked here, before a reload of this page, or in another window. */
export type Origin = 'here' | 'before' | 'elsewhere';

/** How it ended; `left` is what another window asked and this one follows no longer. */
export type Ended = 'answered' | 'stopped' | 'failed' | 'left';

/** The one question that is being answered, until it is. */
export class Exchange {
  constructor(private readonly options: IExchangeOptions) {}

  /** What this page knows of the chat's answers, by their place in it. */
  readonly facts = new Map<number, IFacts>();

  /** The run that goes on, or null. */
  get run(): IRun | null {
    return this._run;
  }

  /** What was asked, of which verb; empty while nothing is. */
  get asked(): { readonly verb: string; readonly question: string } {
    return this._asked;
  }

  /** Whether what goes on was asked in another window: this one may turn to something else. */
  get isElsewhere(): boolean {
    return this.origin === 'elsewhere';
  }

  /** Follow it no longer; it goes on. */
  leave(): void {
    if (this._run !== null) {
      this.over();
      this.options.ended('left');
    }
  }

  /** Show a run until it ends, and what came of it. */
  watch(run: IRun, question: string, verb: string, origin: Origin = 'here'): void {
    const { log, busy, accepted, say, trans } = this.options;
    const place = origin === 'here' || verb !== 'chat' ? null : log.takeUp(question);
    const entry = log.ask(question);
    if (verb === 'chat') {
      entry.index = place ?? log.next;
    }
    this.origin = origin;
    this._run = run;
    this._asked = { verb, question };
    busy(true);
    say(verb === 'chat' ? trans.__('Asking …') : trans.__('Running …'));
    entry.follow(run, verb);
    run.news.connect((_, news) => {
      if (news.event === 'accepted') {
        accepted();
      }
    });
    void this.end(run, entry, verb);
  }

  private async end(run: IRun, entry: Entry, verb: string): Promise<void> {
    const { log, went, say, trans } = this.options;
    let how: Ended | null = null;
    try {
      const answer = await run.result;
      if (this._run !== run) {
        return;
      }
      how = 'answered';
      if (verb !== 'chat') {
        this.over();
        await Promise.all([entry.showResult(answer.bundle), this.keep(entry, answer.bundle)]);
        say(trans.__('The result is there.'));
        return;
      }
      const { result } = answer;
      const facts = factsOf(result);
      entry.index = facts.turn - 1;
      this.facts.set(entry.index, facts);
      // After a reload the turn may have been read already.
      log.entries.filter(each => each !== entry && each.index === entry.index).forEach(each => each.dispose());
      this.over();
      went(facts.chat, facts);
      const turn = turnOf(result);
      await entry.showTurn({ ...turn, question: entry.question }, facts);
      say(trans._n('The answer is there: %1 word.', 'The answer is there: %1 words.', turn.answer.split(/\s+/).filter(Boolean).length));
    } catch (error) {
      if (this._run !== run) {
        return;
      }
      const chat = error instanceof CallError ? text(error.data.chat) : '';
      const ending = run.state === 'cancelled' ? 'stopped' : 'cut';
      how = ending === 'stopped' ? 'stopped' : 'failed';
      this.over();
      if (verb === 'chat' && chat !== '') {
        went(chat, null);
      } else {
        // Nothing of it is kept: it has no place in the chat.
        entry.index = null;
      }
      const why = this.why(error);
      await entry.fail(run.text, ending, why);
      // An error is an alert, and heard as such.
      say(ending === 'stopped' ? trans.__('Stopped.') : '');
      if (verb !== 'chat') {
        await this.keep(entry, { 'text/plain': [run.text, why].filter(part => part !== '').join('\n') });
      }
    } finally {
      if (how !== null) {
        this.options.ended(how);
      }
    }
  }

  /** A command is there again after a reload. */
  private async keep(entry: Entry, forms: ReadonlyJSONObject): Promise<void> {
    entry.command = 'keeping';
    entry.command = await this.options.keep(entry.question, forms);
  }

  private over(): void {
    this._run = null;
    this._asked = { verb: '', question: '' };
    this.options.busy(false);
  }

  private why(error: unknown): string {
    if (error instanceof CallError && error.kind === 'UnknownRun') {
      return this.options.trans.__('The Jupyter server was started again meanwhile, and the rest of it is lost.');
    }
    return reason(error);
  }

  private _run: IRun | null = null;
  private origin: Origin = 'here';
  private _asked = { verb: '', question: '' };
}
