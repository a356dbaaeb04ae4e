import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { reason } from '../api';
import type { IOpenDocuments } from '../documents';
import { array, record, text, texts } from '../json';

/** So long a kernel may take to tell what a variable holds. */
const PATIENCE_MS = 4000;
/** Names are asked for at most so often while the person types. */
const FRESH_MS = 3000;
const MOST_OUTPUT = 2000;
const MODULE = "__import__('nootropic_kernel.magics.summaries', fromlist=['summaries'])";

/** What the page knows of things that a message mentions. */
export interface ILive {
  /** Candidates for a mention that is being typed: cells of the active notebook. */
  cells(): { readonly text: string; readonly about: string }[];
  /** The live variables of the active notebook's kernel. */
  names(): Promise<readonly string[]>;
  /** Texts of cells and variables, by the mentions' keys, and why one is missing. */
  gather(keys: readonly string[]): Promise<{ attach: ReadonlyJSONObject; problem: string }>;
  /** What an open tab holds of a file and did not save yet, by its path below the server's root; null without such. */
  unsavedText(path: string): string | null;
}

/** Asks the active notebook and its kernel; a busy kernel is asked past the running cell where it has subshells. */
export class Live implements ILive {
  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly notebooks: INotebookTracker | null,
    private readonly documents: Pick<IOpenDocuments, 'unsavedText'>,
    private readonly trans: TranslationBundle
  ) {}

  cells(): { text: string; about: string }[] {
    const panel = this.panel();
    if (panel === null) {
      return [];
    }
    const { trans } = this;
    const numbered = panel.content.widgets.map((cell, index) => ({
      text: `@cell:${index + 1}`,
      about: cell.model.sharedModel.getSource().split('\n')[0]?.slice(0, 60) ?? ''
    }));
    return [{ text: '@cell', about: trans.__('the active cell') }, ...numbered];
  }

  unsavedText(path: string): string | null {
    return this.documents.unsavedText(path);
  }

  async names(): Promise<readonly string[]> {
    const kernel = this.kernel();
    if (kernel === null) {
      return [];
    }
    if (this.known?.kernel !== kernel.id || Date.now() - this.known.at > FRESH_MS) {
      const { value } = await this.ask(kernel, `${MODULE}.names(get_ipython())`);
      this.known = { kernel: kernel.id, at: Date.now(), names: texts(value) };
    }
    return this.known.names;
  }

  async gather(keys: readonly string[]): Promise<{ attach: ReadonlyJSONObject; problem: string }> {
    const attach: Record<string, string> = {};
    const variables: string[] = [];
    for (const key of keys) {
      const cell = this.cell(key);
      if (cell !== null) {
        attach[key] = cell;
      } else if (/^[^:]+$/.test(key)) {
        variables.push(key);
      }
    }
    const kernel = this.kernel();
    if (variables.length === 0 || kernel === null) {
      return { attach, problem: '' };
    }
    const wanted = JSON.stringify(variables);
    const { value, problem } = await this.ask(kernel, `${MODULE}.summaries(get_ipython(), ${wanted})`);
    for (const [name, told] of Object.entries(record(value))) {
      attach[name] = text(told);
    }
    return { attach, problem };
  }

  /** A cell's source and what it put out, in few lines; null for a key that names none. */
  private cell(key: string): string | null {
    const panel = this.panel();
    const wanted = /^cell(?::(?<name>[^#]+))?$/.exec(key);
    if (panel === null || wanted === null) {
      return null;
    }
    const { content } = panel;
    const name = wanted.groups?.name ?? String(content.activeCellIndex + 1);
    const index = content.widgets.findIndex((cell, at) => String(at + 1) === name || cell.model.id === name);
    const cell = content.widgets[index];
    if (cell === undefined) {
      return null;
    }
    const head = this.trans.__('%1, cell %2', panel.context.path, index + 1);
    const said = outputs(array(record(cell.model.toJSON()).outputs).map(record));
    const source = cell.model.sharedModel.getSource();
    return said === '' ? `${head}\n${source}` : `${head}\n${source}\n\n${this.trans.__('Its output:')}\n${said}`;
  }

  /** Evaluate an expression without a trace in the notebook. */
  private async ask(kernel: Kernel.IKernelConnection, expression: string): Promise<{ value: unknown; problem: string }> {
    // A debugger's questions make a kernel that runs a cell look idle, so its status decides only where it must.
    if (kernel.status !== 'idle' && !kernel.supportsSubshells) {
      return { value: null, problem: this.trans.__('The kernel is busy: live variables are sent as they are written.') };
    }
    const late = this.trans.__('The kernel did not answer in time: live variables are sent as they are written.');
    const asked = kernel.supportsSubshells ? this.past(kernel, expression) : evaluate(kernel, expression);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<{ value: null; problem: string }>(resolve => {
      timer = setTimeout(() => resolve({ value: null, problem: late }), PATIENCE_MS);
    });
    try {
      return await Promise.race([asked, tooLate]);
    } catch (error) {
      const why = reason(error);
      return { value: null, problem: this.trans.__('The kernel cannot tell what variables hold (%1).', why) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ask on a subshell of its own, beside the cell that runs. */
  private async past(kernel: Kernel.IKernelConnection, expression: string): Promise<{ value: unknown; problem: string }> {
    const created = kernel.requestCreateSubshell({});
    const reply = await new Promise<KernelMessage.ICreateSubshellReplyMsg>(resolve => (created.onReply = resolve));
    const subshell = text(record(reply.content).subshell_id);
    try {
      // Only this one message: a connection of its own would wait for the running cell before it is ready.
      kernel.subshellId = subshell;
      const asked = evaluate(kernel, expression);
      kernel.subshellId = null;
      return await asked;
    } finally {
      kernel.subshellId = null;
      kernel.requestDeleteSubshell({ subshell_id: subshell });
    }
  }

  private panel(): NotebookPanel | null {
    const { currentWidget } = this.shell;
    return currentWidget !== null && currentWidget === this.notebooks?.currentWidget ? this.notebooks.currentWidget : null;
  }

  private kernel(): Kernel.IKernelConnection | null {
    return this.panel()?.sessionContext.session?.kernel ?? null;
  }

  private known: { kernel: string; at: number; names: readonly string[] } | null = null;
}

async function evaluate(
  kernel: Kernel.IKernelConnection,
  expression: string
): Promise<{ value: unknown; problem: string }> {
  const content = { code: '', silent: true, store_history: false, allow_stdin: false, user_expressions: { told: expression } };
  // The reply is enough: a kernel that runs a cell beside may not tell that it is idle.
  const asked = kernel.requestExecute(content);
  const reply = await new Promise<KernelMessage.IExecuteReplyMsg>(resolve => (asked.onReply = resolve));
  const told = record(record(record(reply.content).user_expressions).told);
  if (told.status !== 'ok') {
    throw new Error(text(told.evalue) || 'no answer');
  }
  return { value: record(told.data)['application/json'], problem: '' };
}

/** The end of what a cell put out, as text. */
function outputs(found: readonly ReadonlyJSONObject[]): string {
  const lines = found.map(output => {
    if (output.output_type === 'error') {
      return `${text(output.ename)}: ${text(output.evalue)}`;
    }
    const said = output.output_type === 'stream' ? output.text : record(output.data)['text/plain'];
    return Array.isArray(said) ? texts(said).join('') : text(said);
  });
  const all = lines.filter(line => line !== '').join('\n').replace(/\u001b\[[0-9;]*m/g, '').trim();
  return all.length <= MOST_OUTPUT ? all : `${all.slice(0, MOST_OUTPUT / 2)}\n…\n${all.slice(-MOST_OUTPUT / 2)}`;
}
