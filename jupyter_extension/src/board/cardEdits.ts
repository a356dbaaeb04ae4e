import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { reason } from '../api';
import { text } from '../json';
import type { IPlan, ITask } from '../plan/data';
import type { INootropic } from '../tokens';
import type { ICardNews } from './card';
import type { ICardMenuOptions, ICommands } from './cardMenu';
import { cardMenu } from './cardMenu';
import type { IForm } from './form';
import { form } from './form';
import { openMenu } from './menu';
import { serverPaths } from '../serverPaths';

/** What forms, notes and menus of cards need of the board. */
export interface ICardEditsOptions {
  readonly client: INootropic;
  readonly folder: string;
  readonly trans: TranslationBundle;
  readonly commands: ICommands | null;
  readonly plan: () => IPlan | null;
  readonly refresh: () => Promise<void>;
  readonly draw: () => void;
  readonly say: (words: string) => void;
  readonly focus: (task: string) => void;
}

type Menu = Pick<ICardMenuOptions, 'plan' | 'running' | 'open' | 'run' | 'cancel' | 'move' | 'proposal'> & {
  /** Change words, estimate or agent of the task. */
  readonly change: (args: ReadonlyJSONObject) => void;
};

/** What is written at the cards: notes, forms, and the menu of each. */
export class CardEdits {
  constructor(private readonly options: ICardEditsOptions) {}

  /** The form that is open at a task's card. */
  form(task: string): HTMLElement | undefined {
    return this.forms.get(task);
  }

  /** What was told of a task and not yet put away. */
  note(task: string): ICardNews['note'] {
    const note = this.notes.get(task);
    return note && { ...note, dismiss: () => this.forget(task) };
  }

  /** Tell something at a card, and aloud. */
  readonly tell = (task: string, kind: 'error' | 'info', words: string): void => {
    this.notes.set(task, { kind, text: words });
    this.options.say(words);
    this.options.draw();
  };

  /** Ask for something at a card. */
  ask(task: string, asked: Omit<IForm, 'cancelled'>): void {
    const { trans, draw, focus } = this.options;
    const close = (): void => {
      this.forms.delete(task);
      draw();
      focus(task);
    };
    const node = form(
      {
        ...asked,
        done: values => {
          close();
          asked.done(values);
        },
        cancelled: close
      },
      trans
    );
    this.notes.delete(task);
    this.forms.set(task, node);
    draw();
    node.querySelector<HTMLElement>('input, select')?.focus();
  }

  /** Open the menu of a card. */
  menu(task: ITask, anchor: HTMLElement, menu: Menu): void {
    const { trans, folder, commands } = this.options;
    const proposal = menu.proposal ?? (task.status === 'review' ? (/\bP\d+\b/.exec(task.note)?.[0] ?? null) : null);
    const items = cardMenu(task, {
      ...menu,
      proposal,
      trans,
      folder,
      commands,
      run: () => {
        this.notes.delete(task.id);
        menu.run();
      },
      move: move => {
        this.notes.delete(task.id);
        menu.move(move);
      },
      ask: asked => this.ask(task.id, asked),
      edit: values => {
        const args = changes(task, values);
        if (Object.keys(args).length > 0) {
          menu.change(args);
        }
      },
      replan: values => void this.replan(task.id, values),
      code: file => void this.open(task.id, file)
    });
    openMenu(anchor, trans.__('Actions for %1', task.id), items);
  }

  private async replan(task: string, values: Readonly<Record<string, string>>): Promise<void> {
    const { client, folder, refresh, say, trans } = this.options;
    const hours = Number(values.hours);
    const args = {
      task,
      kind: values.kind ?? 'failed',
      ...(values.because ? { because: values.because } : {}),
      ...(values.kind === 'late' && hours > 0 ? { hours } : {})
    };
    say(trans.__('Replanning around %1', task));
    try {
      const { result } = await client.call('replan', args, { folder });
      await refresh();
      this.tell(task, 'info', text(result.summary));
    } catch (error) {
      this.tell(task, 'error', reason(error));
    }
  }

  private async open(task: string, file: string): Promise<void> {
    const { client, folder, commands, trans } = this.options;
    try {
      const path = (await serverPaths(client, folder))(file);
      if (path === null) {
        this.tell(task, 'error', trans.__('%1 lies outside of what this server serves.', file));
        return;
      }
      await commands?.execute('docmanager:open', { path });
    } catch (error) {
      const why = reason(error);
      this.tell(task, 'error', trans.__('%1 cannot be opened: %2', PathExt.basename(file), why));
    }
  }

  private forget(task: string): void {
    this.notes.delete(task);
    this.options.draw();
    this.options.focus(task);
  }

  private readonly forms = new Map<string, HTMLElement>();
  private readonly notes = new Map<string, { readonly kind: 'error' | 'info'; readonly text: string }>();
}

/** What a person has changed in the form, as arguments of the verb `task`. */
function changes(task: ITask, values: Readonly<Record<string, string>>): ReadonlyJSONObject {
  const { title = '', estimate = '', agent = '', note = '' } = values;
  const hours = Number(estimate);
  return {
    ...(title !== task.title ? { title } : {}),
    ...(estimate !== '' && hours !== task.hours ? { estimate: hours } : {}),
    ...(agent !== '' && agent !== task.agent ? { agent } : {}),
    ...(note !== '' ? { note } : {})
  };
}
