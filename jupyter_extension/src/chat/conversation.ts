import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel } from '@lumino/widgets';

import type { IState } from '../states';
import { stateView } from '../states';
import type { ICommand, IFacts, ITurn } from './data';
import { Entry } from './entry';
import type { ITargets } from './targets';

/** So near to its end the log follows what comes. */
const NEAR = 60;

/** So many characters of a question the list of runs tells; `…` stands for the rest. */
const MOST_TOLD = 2000;

/** What the log is drawn with. */
export interface IConversationOptions {
  readonly targets: ITargets;
  readonly trans: TranslationBundle;
  readonly rendermime: () => IRenderMimeRegistry;
  readonly tell: (line: string) => void;
  readonly retry: (question: string) => void;
}

/** The turns of a chat, in order, with commands between them where they were given. */
export class Conversation extends Panel {
  constructor(private readonly options: IConversationOptions) {
    super();
    this.addClass('noo-chat-log');
    this.node.setAttribute('role', 'log');
    this.node.setAttribute('aria-label', options.trans.__('Conversation'));
    this.node.tabIndex = 0;
    // Only the person's own scrolling stops the following.
    this.node.addEventListener('scroll', () => {
      const { scrollHeight, scrollTop, clientHeight } = this.node;
      this.following = scrollHeight - scrollTop - clientHeight < NEAR;
    });
    this.grown = new ResizeObserver(() => this.toEnd());
  }

  /** Everything that is shown. */
  get entries(): readonly Entry[] {
    // What is still under way may end after the panel was closed.
    return this.isDisposed ? [] : this.widgets.filter(widget => widget instanceof Entry);
  }

  /** Where the next turn of the chat will stand. */
  get next(): number {
    return Math.max(-1, ...this.entries.map(entry => entry.index ?? -1)) + 1;
  }

  /** Show how the chat stands where it has nothing to show; null shows nothing of that kind. */
  say(state: IState | null): void {
    this.node.querySelectorAll(':scope > .noo-panel-state').forEach(each => each.remove());
    if (state !== null) {
      this.node.append(stateView(state));
    }
  }

  /** Say what can be done in a chat in which nothing was said yet. */
  welcome(): void {
    const { trans } = this.options;
    const empty: IState = {
      kind: 'empty',
      title: trans.__('Ask about this repository'),
      text: [trans.__('Nothing is written to a file here. @ sends a file, a cell or a variable along, / runs a command.')]
    };
    this.say(this.entries.length > 0 ? null : empty);
  }

  /** Show a question that is being asked. */
  ask(question: string): Entry {
    const { options } = this;
    this.say(null);
    const entry = new Entry({ ...options, rendermime: options.rendermime() }, question);
    this.addWidget(entry);
    this.grown.observe(entry.node);
    this.following = true;
    this.toEnd();
    return entry;
  }

  /** Show another chat, or none. */
  clear(): void {
    this.entries.forEach(entry => entry.dispose());
  }

  /** Bring the log in step with the turns as they are kept. What stands there already is left alone. */
  async sync(
    turns: readonly ITurn[],
    facts: ReadonlyMap<number, IFacts>,
    commands: readonly ICommand[] = []
  ): Promise<void> {
    const shown: Promise<void>[] = [];
    for (const [index, turn] of turns.entries()) {
      const entry = this.entries.find(each => each.index === index);
      if (entry === undefined) {
        const made = this.ask(turn.question);
        made.index = index;
        shown.push(made.showTurn(turn, facts.get(index) ?? null));
      } else if (entry.failed) {
        // It tells why it ended and offers to ask again, which what is kept does not.
        entry.turn = turn;
      } else if (!entry.running && !same(entry.turn, turn)) {
        if (entry.turn !== null && entry.turn.question !== turn.question) {
          entry.dispose();
          shown.push(this.replace(index, turn));
        } else {
          shown.push(entry.showTurn(turn, facts.get(index) ?? null));
        }
      }
    }
    this.entries
      .filter(entry => entry.index !== null && entry.index >= turns.length && !entry.running && entry.turn !== null)
      .forEach(entry => entry.dispose());
    // One that is being kept right now has no number yet: whoever keeps it reads again.
    if (!this.entries.some(entry => entry.command === 'keeping')) {
      commands.filter(each => !this.entries.some(entry => entry.command === each.number)).forEach(each => {
        shown.push(this.put(each));
      });
    }
    await Promise.all(shown);
  }

  /** Where the last turn stands, if it is that question and its answer was kept only so far; else null. */
  awaits(question: string): number | null {
    const last = this.last();
    return last?.turn?.ending === 'cut' && !last.running && isOf(question, last.turn.question) ? last.index : null;
  }

  /** Take out a turn that stands there as far as it was kept: its answer is coming. Gives its place, or null. */
  takeUp(question: string): number | null {
    const index = this.awaits(question);
    if (index !== null) {
      this.last()?.dispose();
    }
    return index;
  }

  override dispose(): void {
    this.grown.disconnect();
    super.dispose();
  }

  private last(): Entry | undefined {
    return this.entries.filter(entry => entry.index !== null).at(-1);
  }

  /** Show a command in its place. */
  private async put(command: ICommand): Promise<void> {
    const made = this.ask(command.line);
    made.command = command.number;
    const later = this.widgets.find(each => each instanceof Entry && each.index !== null && each.index >= command.turns);
    if (later !== undefined) {
      this.insertWidget(this.widgets.indexOf(later), made);
    }
    await made.showResult(command.forms);
  }

  private async replace(index: number, turn: ITurn): Promise<void> {
    const made = this.ask(turn.question);
    made.index = index;
    const later = this.entries.findIndex(each => each.index !== null && each.index > index);
    if (later >= 0) {
      this.insertWidget(later, made);
    }
    await made.showTurn(turn);
  }

  private toEnd(): void {
    if (this.following) {
      this.node.scrollTop = this.node.scrollHeight;
    }
  }

  private readonly grown: ResizeObserver;
  private following = true;
}

function same(shown: ITurn | null, kept: ITurn): boolean {
  return shown !== null && shown.answer === kept.answer && shown.ending === kept.ending && shown.question === kept.question;
}

/** Whether a question is the one that is kept, also where the list of runs tells only the beginning of a long one. */
function isOf(told: string, kept: string): boolean {
  const [begun, whole] = [told.trim(), kept.trim()];
  return begun === whole || (told.length > MOST_TOLD && begun.endsWith('…') && whole.startsWith(begun.slice(0, -1)));
}
