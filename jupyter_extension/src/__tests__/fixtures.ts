import { Signal } from '@lumino/signaling';
import { nullTranslator } from '@jupyterlab/translation';
import { MimeModel } from '@jupyterlab/rendermime';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { PartialJSONObject, ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { Run } from '../run';
import { Settings } from '../settings';
import type { IAnswer, ICallOptions, ICapability, IDecision, INootropic, INootropicSettings, IRun } from '../tokens';
import { PLAN_MIME, PROPOSAL_MIME } from '../tokens';

export const trans = nullTranslator.load('nootropic');

/** A text that would run, or load, if it were ever read as HTML. */
export const HOSTILE = '<img src=x onerror="window.hacked = true"><script>window.hacked = true</script>';

/** One call that a view made. */
export interface ICall {
  readonly verb: string;
  readonly args: ReadonlyJSONObject;
  readonly options: ICallOptions;
}

type Reply = (call: ICall) => Promise<IAnswer> | IAnswer;

/** A service at the edge of the views: it notes calls and gives the answers of a test. */
export class Desk implements INootropic {
  readonly calls: ICall[] = [];
  readonly decided: Signal<INootropic, IDecision> = new Signal<INootropic, IDecision>(this);
  readonly runningChanged: Signal<INootropic, void> = new Signal<INootropic, void>(this);
  readonly running: IRun[] = [];

  constructor(private readonly reply: Reply) {}

  async capabilities(): Promise<readonly ICapability[]> {
    return [];
  }

  /** A run that ends with what a call would have answered. */
  start(verb: string, args: ReadonlyJSONObject, options: ICallOptions): IRun {
    const call = { verb, args, options };
    this.calls.push(call);
    return new Run({
      verb,
      folder: options.folder,
      begin: async () => '1',
      ask: async () => ({ state: 'done', seq: 1, text: '', progress: null, answer: {} }),
      stream: null,
      take: async () => this.reply(call),
      trans
    });
  }

  attach(_id: string, options: ICallOptions): IRun {
    return this.start('', {}, options);
  }

  async place(path: string): Promise<string | null> {
    return path.replace(/^work\//, '');
  }

  async call(verb: string, args: ReadonlyJSONObject, options: ICallOptions): Promise<IAnswer> {
    const call = { verb, args, options };
    this.calls.push(call);
    return this.reply(call);
  }
}

/** Settings that a test switches. */
export class TestSettings extends Settings {
  constructor(values: ReadonlyJSONObject = {}) {
    const changed = new Signal<unknown, void>({});
    const kept = {
      composite: { enabled: true, ...values },
      changed,
      set: async (name: string, value: ReadonlyJSONValue) => {
        Object.assign(kept.composite, { [name]: value });
        changed.emit();
      }
    };
    super(Promise.resolve(kept as unknown as ISettingRegistry.ISettings));
  }

  /** The one switch. */
  async turn(on: boolean): Promise<void> {
    await this.set('enabled', on);
  }
}

/** Settings with everything at its default. */
export const defaults: INootropicSettings = new Settings(null);

/** An answer that shows itself in one form. */
export function answer(bundle: ReadonlyJSONObject): IAnswer {
  return { result: {}, bundle, changed: [] };
}

/** A model of an output with one form. */
export function model(mime: string, data: unknown): MimeModel {
  return new MimeModel({ data: { [mime]: data } as PartialJSONObject });
}

/** Put a widget on the page. */
export function attach<W extends Widget>(widget: W): W {
  Widget.attach(widget, document.body);
  return widget;
}

/** Let what was started, and what that starts, come to its end. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 10; round++) {
    await new Promise(resolve => setTimeout(resolve, 0));
  }
}

function task(id: string, title: string, dependsOn: string[], critical: boolean, how: ReadonlyJSONObject): ReadonlyJSONObject {
  return {
    id,
    story: 'S1',
    kind: 'x',
    title,
    how,
    status: 'pending',
    depends_on: dependsOn,
    files: ['inkwell/text.py'],
    estimate: { hours: 1.5 },
    schedule: { start_h: 0, end_h: 4.5, slack_h: critical ? 0 : 2, critical },
    acceptance: [{ id: 'A1', text: 'It is tested', met: false }]
  };
}

/** A plan as the kernel sends it. */
export function planData(over: ReadonlyJSONObject = {}): ReadonlyJSONObject {
  return {
    plan: {
      schema: 'nootropic-plan/1',
      id: 'plan-1',
      revision: 2,
      title: 'Inkwell grows a reader',
      tasks: [
        task('T1', 'Add a Reader entity', [], true, { kind: 'recipe', recipe: 'python-entity', why: '' }),
        task('T2', 'Store readers', ['T1'], true, { kind: 'recipe', recipe: 'python-store', why: '' }),
        task('T3', 'Describe the reader', ['T1'], false, { kind: 'model', why: '' }),
        task('T4', 'Approve the wording', ['T3', 'T2'], true, { kind: 'person', why: '' })
      ]
    },
    states: {
      T1: { status: 'done', note: '2 of 3 hunks' },
      T2: { status: 'ready', note: '' },
      T3: { status: 'review', note: 'P2' },
      T4: { status: 'pending', note: '' }
    },
    columns: [
      { key: 'ready', title: 'Ready', tasks: ['T2'] },
      { key: 'waiting', title: 'Waiting', tasks: ['T4'] },
      { key: 'review', title: 'In review', tasks: ['T3'] },
      { key: 'done', title: 'Done', tasks: ['T1'] }
    ],
    mermaid: '',
    critical: ['T1', 'T2', 'T4'],
    ...over
  };
}

/** A proposal as the kernel sends it, with two text hunks and one of a cell. */
export function proposalData(states: readonly string[] = ['pending', 'pending', 'pending']): ReadonlyJSONObject {
  const pending = states.includes('pending');
  return {
    proposal: {
      id: 'P1',
      title: 'Store readers',
      task: 'T2',
      status: pending ? 'open' : 'accepted',
      how: 'recipe python-store',
      model: null,
      checks: [
        { name: 'compiles', passed: true, detail: '', vouched_by: '' },
        { name: 'tests', passed: false, detail: '1 failed', vouched_by: '' },
        { name: 'safety', passed: null, detail: 'no sandbox', vouched_by: '' }
      ],
      undoable: states.includes('accepted') ? 'A7' : null,
      undoes: states.flatMap((state, index) => (state === 'accepted' ? [`P1:${index + 1}`] : [])),
      redoable: null,
      redoes: []
    },
    hunks: [
      {
        ref: 'P1:1',
        number: 1,
        path: 'inkwell/text.py',
        kind: 'text',
        header: '@@ -4,1 +4,2 @@ def words(text):',
        state: states[0] ?? 'pending',
        old: '',
        new: '',
        lines: [
          { op: ' ', text: 'def words(text):' },
          { op: '-', text: '    return text.split()' },
          { op: '+', text: '    return text.split(" ")' },
          { op: '+', text: '    # done' }
        ]
      },
      {
        ref: 'P1:2',
        number: 2,
        path: 'inkwell/text.py',
        kind: 'text',
        header: '@@ -9,0 +11,1 @@',
        state: states[1] ?? 'pending',
        old: '',
        new: '',
        lines: [{ op: '+', text: 'LIMIT = 3' }]
      },
      {
        ref: 'P1:3',
        number: 3,
        path: 'demo.ipynb',
        kind: 'cell',
        header: 'cell a1b2',
        state: states[2] ?? 'pending',
        old: '',
        new: '',
        lines: [{ op: '+', text: 'words("a b")' }]
      }
    ],
    workspace: '/somewhere'
  };
}

export const planModel = (data: unknown): MimeModel => model(PLAN_MIME, data);
export const proposalModel = (data: unknown): MimeModel => model(PROPOSAL_MIME, data);
