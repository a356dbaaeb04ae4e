import type { TranslationBundle } from '@jupyterlab/translation';

import { CallError, reason } from '../api';
import { array, record, text } from '../json';
import { el } from '../dom';
import { questionView } from '../question';
import type { IAnswer, INootropic, IRun } from '../tokens';

/** What running tasks needs of the board. */
export interface ITaskRunsOptions {
  readonly client: INootropic;
  readonly folder: string;
  readonly trans: TranslationBundle;
  /** Ids of runs on the server, by task: kept over a reload. */
  readonly kept: Map<string, string>;
  /** What is told of a task's run has changed. */
  readonly changed: (task: string) => void;
  readonly tell: (task: string, kind: 'error' | 'info', words: string) => void;
  /** A run has ended: the board is another. */
  readonly ended: () => void;
}

/** The runs of tasks that were started on the board, those before a reload among them. */
export class TaskRuns {
  constructor(private readonly options: ITaskRunsOptions) {
    for (const [task, id] of options.kept) {
      this.follow(task, options.client.attach(id, { folder: options.folder }));
    }
  }

  /** The run of a task, where one is on its way. */
  of(task: string): IRun | undefined {
    return this.runs.get(task);
  }

  /** What the run of a task asks: one element, so that a new drawing of the card keeps what is typed in it. */
  asked(task: string): HTMLElement {
    return this.questions.get(task) ?? el('div');
  }

  /** The proposal that a run of the task made on this page, or null. */
  proposal(task: string): string | null {
    return this.proposals.get(task) ?? null;
  }

  /** Run a task, unless it runs. */
  start(task: string): void {
    if (!this.runs.has(task)) {
      this.follow(task, this.options.client.start('run', { tasks: [task] }, { folder: this.options.folder }));
    }
  }

  /** The board is closed: runs go on, nobody is told. */
  dispose(): void {
    this.gone = true;
  }

  private follow(task: string, run: IRun): void {
    const { kept, changed } = this.options;
    this.runs.set(task, run);
    this.questions.set(task, questionView(run, this.options.trans));
    run.news.connect((_, news) => {
      if (news.event === 'accepted') {
        kept.set(task, news.id);
      }
      if (!this.gone) {
        changed(task);
      }
    });
    changed(task);
    void this.end(task, run);
  }

  private async end(task: string, run: IRun): Promise<void> {
    const { trans, kept, tell, ended } = this.options;
    let told: readonly ['error' | 'info', string] | null;
    try {
      told = ['info', this.outcome(task, await run.result)];
    } catch (error) {
      // The server was restarted meanwhile: what became of it, the board tells.
      const forgotten = error instanceof CallError && error.kind === 'UnknownRun';
      told = forgotten
        ? null
        : run.state === 'cancelled'
          ? ['info', trans.__('The run of %1 was stopped.', task)]
          : ['error', reason(error)];
    }
    this.runs.delete(task);
    this.questions.delete(task);
    kept.delete(task);
    if (this.gone) {
      return;
    }
    if (told !== null && told[1] !== '') {
      tell(task, ...told);
    }
    ended();
  }

  private outcome(task: string, answer: IAnswer): string {
    const { trans } = this.options;
    const rows = array(answer.result.tasks).map(row => record(row));
    const row = rows.find(each => text(each.task) === task) ?? rows[0];
    if (row === undefined) {
      return '';
    }
    const proposal = text(row.proposal);
    if (proposal !== '') {
      this.proposals.set(task, proposal);
    }
    const note = text(row.note);
    const words = [task, text(row.outcome)].join(': ') + (note === '' ? '' : ` (${note})`);
    return proposal === '' ? words : trans.__('%1. Review %2.', words, proposal);
  }

  private readonly runs = new Map<string, IRun>();
  private readonly questions = new Map<string, HTMLElement>();
  private readonly proposals = new Map<string, string>();
  private gone = false;
}
