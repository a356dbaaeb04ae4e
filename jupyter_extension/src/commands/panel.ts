import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { MimeModel } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject, ReadonlyJSONObject } from '@lumino/coreutils';
import { Panel, Widget } from '@lumino/widgets';

import { reason } from '../api';
import { button, el, notice, withCode } from '../dom';
import { questionView } from '../question';
import type { IAnswer, ICapability, INootropic, IRun } from '../tokens';
import { argumentForm } from './form';
import { fieldsOf } from './schema';

/** What a panel of a verb needs. */
export interface IVerbPanelOptions {
  readonly capability: ICapability;
  readonly client: INootropic;
  readonly folder: string;
  /** A registry whose renderers know the folder. */
  readonly rendermime: IRenderMimeRegistry;
  readonly trans: TranslationBundle;
}

/** A verb in a tab of its own: its arguments as a form, and below it what it answered. */
export class VerbPanel extends Panel {
  constructor(
    private readonly options: IVerbPanelOptions,
    given: ReadonlyJSONObject
  ) {
    super();
    this.addClass('noo-verb');
    this.node.tabIndex = -1;
    const { capability, trans } = options;
    const top = new Widget();
    top.addClass('noo-verb-top');
    this.form = argumentForm(capability, given, trans, args => void this.run(args));
    top.node.append(
      el(
        'header',
        { class: 'noo-verb-head' },
        el('h2', {}, capability.verb),
        el('p', {}, capability.summary)
      ),
      ...(fieldsOf(capability.params).length > 0 || capability.effect === 'decide' ? [this.form] : []),
      this.status
    );
    this.addWidget(top);
  }

  /** Run the verb and show the answer; it is returned too, or null when there is none. */
  async run(args: ReadonlyJSONObject): Promise<IAnswer | null> {
    const { capability, client, folder } = this.options;
    this.stop?.abort();
    const stop = new AbortController();
    this.stop = stop;
    const run = client.start(capability.verb, args, { folder, signal: stop.signal });
    this.watch(run);
    try {
      const answer = await run.result;
      if (this.isDisposed || this.stop !== stop) {
        return answer;
      }
      this.status.replaceChildren();
      await this.display(answer);
      return answer;
    } catch (error) {
      if (!this.isDisposed && this.stop === stop) {
        const told = notice('error', ...withCode(reason(error)));
        this.status.replaceChildren(told, run.text === '' ? '' : el('pre', { class: 'noo-plain' }, run.text));
      }
      return null;
    }
  }

  override dispose(): void {
    // Whoever closes the tab no longer waits for the answer: the server stops the verb.
    this.stop?.abort();
    super.dispose();
  }

  protected override onActivateRequest(): void {
    (this.form.querySelector<HTMLElement>('input, textarea, select, button') ?? this.node).focus();
  }

  /** Show how far it is, and what it says meanwhile. */
  private watch(run: IRun): void {
    const { capability, trans } = this.options;
    const line = el('span', { role: 'status' }, trans.__('Running %1 …', capability.verb));
    const said = el('pre', { class: 'noo-plain' });
    this.status.replaceChildren(
      line,
      button(trans.__('Stop'), { class: 'noo-button noo-mod-plain' }, () => void run.cancel()),
      said,
      questionView(run, trans)
    );
    run.news.connect((_, news) => {
      if (news.event === 'text') {
        said.append(news.text);
      } else if (news.event === 'reset') {
        said.replaceChildren(run.text);
      } else if (news.event === 'progress' && news.progress.text !== '') {
        line.textContent = news.progress.text;
      }
    });
  }

  private async display(answer: IAnswer): Promise<void> {
    const { rendermime, trans } = this.options;
    const model = new MimeModel({ data: answer.bundle as PartialJSONObject, trusted: false });
    const mimeType = rendermime.preferredMimeType(model.data, 'any');
    this.answer?.dispose();
    this.answer = null;
    if (mimeType === undefined) {
      this.status.replaceChildren(notice('info', trans.__('Done.')));
      return;
    }
    const renderer = rendermime.createRenderer(mimeType);
    renderer.addClass('noo-answer');
    this.answer = renderer;
    await renderer.renderModel(model);
    this.addWidget(renderer);
  }

  private readonly form: HTMLFormElement;
  private readonly status = el('div', { class: 'noo-verb-status' });
  private answer: Widget | null = null;
  private stop: AbortController | null = null;
}
