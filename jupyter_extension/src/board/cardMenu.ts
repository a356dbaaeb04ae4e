import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IPlan, ITask } from '../plan/data';
import { columnOf, COLUMNS } from '../plan/data';
import type { IForm } from './form';
import type { MenuItem } from './menu';
import type { Move } from './moves';
import { columnTitle, hindrance, siblings } from './moves';

/** Commands of JupyterLab, where there are any. */
export interface ICommands {
  hasCommand(id: string): boolean;
  execute(id: string, args: ReadonlyPartialJSONObject): Promise<unknown>;
}

/** What the menu of a card can do. */
export interface ICardMenuOptions {
  readonly plan: IPlan;
  readonly trans: TranslationBundle;
  /** The folder of the board's workspace. */
  readonly folder: string;
  readonly commands: ICommands | null;
  readonly running: boolean;
  /** The proposal made for the task, or null. */
  readonly proposal: string | null;
  readonly open: () => void;
  readonly run: () => void;
  readonly cancel: () => void;
  readonly move: (move: Move) => void;
  /** Ask for more in a form at the card. */
  readonly ask: (form: Omit<IForm, 'cancelled'>) => void;
  readonly edit: (values: Readonly<Record<string, string>>) => void;
  readonly replan: (values: Readonly<Record<string, string>>) => void;
  readonly code: (file: string) => void;
}

const MOST_FILES = 6;
const MOST_NEEDS = 6;

/** What a person can do with a task. */
export function cardMenu(task: ITask, options: ICardMenuOptions): readonly MenuItem[] {
  const { trans } = options;
  return [
    { label: trans.__('Show or hide details'), run: options.open },
    options.running
      ? { label: trans.__('Cancel the run'), run: options.cancel }
      : { label: trans.__('Run'), run: options.run },
    ...elsewhere(task, options),
    null,
    ...moves(task, options),
    null,
    { label: trans.__('Change…'), run: () => options.ask(changeForm(task, options)) },
    { label: trans.__('Replan…'), run: () => options.ask(replanForm(task, options)) }
  ];
}

function moves(task: ITask, options: ICardMenuOptions): readonly MenuItem[] {
  const { plan, trans, move } = options;
  const own = columnOf(task.status);
  const all = siblings(plan, task);
  const at = all.indexOf(task);
  const above = all[at - 1];
  const below = all[at + 2];
  return [
    ...COLUMNS.map(([key]): Move => ({ kind: 'column', task: task.id, column: key }))
      .filter(to => to.kind === 'column' && to.column !== own && hindrance(to, trans) === null)
      .map(to => ({
        label: trans.__('Move to %1', to.kind === 'column' ? columnTitle(to.column, trans) : ''),
        run: () => move(to)
      })),
    ...(above === undefined
      ? []
      : [{ label: trans.__('Move up'), run: () => move({ kind: 'before', task: task.id, other: above.id }) }]),
    ...(at >= all.length - 1
      ? []
      : [
          {
            label: trans.__('Move down'),
            run: () =>
              move(
                below === undefined
                  ? { kind: 'last', task: task.id }
                  : { kind: 'before', task: task.id, other: below.id }
              )
          }
        ]),
    { label: trans.__('Wait for…'), run: () => options.ask(waitForm(task, options)) },
    ...task.dependsOn.slice(0, MOST_NEEDS).map(other => ({
      label: trans.__('Do not wait for %1', other),
      run: () => move({ kind: 'after', task: task.id, other, on: false })
    }))
  ];
}

/** What is shown in other places of JupyterLab, as far as those are there. */
function elsewhere(task: ITask, options: ICardMenuOptions): readonly MenuItem[] {
  const { commands, proposal, trans } = options;
  const command = (id: string, label: string, args: ReadonlyPartialJSONObject): MenuItem[] =>
    commands?.hasCommand(id) === true ? [{ label, run: () => void commands.execute(id, args) }] : [];
  const [review, place] =
    commands?.hasCommand('nootropic:review-proposal') === true
      ? ['nootropic:review-proposal', { folder: options.folder }]
      : ['nootropic:show', {}];
  return [
    ...(proposal === null ? [] : command(review, trans.__('Review %1', proposal), { ...place, id: proposal })),
    ...(commands?.hasCommand('docmanager:open') === true
      ? task.files
          .slice(0, MOST_FILES)
          .map(file => ({ label: trans.__('Open %1', file), run: () => options.code(file) }))
      : []),
    ...command('nootropic:trace', trans.__('Show trace'), { id: task.id }),
    ...command('nootropic:trace', trans.__('Show prompt'), { id: task.id, text: true })
  ];
}

function waitForm(task: ITask, { plan, trans, move }: ICardMenuOptions): Omit<IForm, 'cancelled'> {
  const others = plan.tasks.filter(other => other.id !== task.id && !task.dependsOn.includes(other.id));
  return {
    title: trans.__('What does %1 wait for?', task.id),
    submit: trans.__('Wait for it'),
    fields: [
      {
        name: 'other',
        label: trans.__('Task'),
        choices: others.map(other => ({ value: other.id, label: `${other.id} ${other.title}` }))
      }
    ],
    done: ({ other }) => other !== undefined && other !== '' && move({ kind: 'after', task: task.id, other, on: true })
  };
}

function changeForm(task: ITask, { trans, edit }: ICardMenuOptions): Omit<IForm, 'cancelled'> {
  return {
    title: trans.__('Change %1', task.id),
    submit: trans.__('Save'),
    fields: [
      { name: 'title', label: trans.__('Title'), value: task.title },
      { name: 'estimate', label: trans.__('Hours'), number: true, value: task.hours === null ? '' : String(task.hours) },
      { name: 'agent', label: trans.__('Agent'), value: task.agent },
      { name: 'note', label: trans.__('Note'), value: '' }
    ],
    done: edit
  };
}

function replanForm(task: ITask, { trans, replan }: ICardMenuOptions): Omit<IForm, 'cancelled'> {
  const kinds = [
    ['failed', trans.__('It failed')],
    ['blocked', trans.__('It is blocked')],
    ['late', trans.__('It takes longer')],
    ['over-budget', trans.__('It costs too much')],
    ['wrong', trans.__('What was done is wrong')]
  ] as const;
  return {
    title: trans.__('Replan around %1', task.id),
    submit: trans.__('Replan'),
    fields: [
      {
        name: 'kind',
        label: trans.__('What happened'),
        choices: kinds.map(([value, label]) => ({ value, label })),
        value: task.status === 'done' ? 'wrong' : 'failed'
      },
      { name: 'because', label: trans.__('Why') },
      { name: 'hours', label: trans.__('Hours in all, if it takes longer'), number: true }
    ],
    done: replan
  };
}
