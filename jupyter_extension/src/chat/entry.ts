import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { MimeModel } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject, ReadonlyJSONObject } from '@lumino/coreutils';
import { Panel, Widget } from '@lumino/widgets';

import { button, el, notice, withCode } from '../dom';
import { questionView } from '../question';
import type { IRun } from '../tokens';
import { AnswerView } from './answer';
import { codeBlock } from './code';
import type { Ending, IFacts, ITurn } from './data';
import { factsLine } from './gauges';
import type { ITargets } from './targets';

/** What an entry is drawn with. */
export interface IEntryOptions {
  readonly rendermime: IRenderMimeRegistry;
  readonly targets: ITargets;
  readonly trans: TranslationBundle;
  /** Tells the person in one line what was done. */
  readonly tell: (line: string) => void;
  /** Asks the same again. */
  readonly retry: (question: string) => void;
}

/** A question and its answer, or a command and its result. */
export class Entry extends Panel {
  constructor(
    private readonly options: IEntryOptions,
    readonly question: string
  ) {
    super({});
    this.addClass('noo-chat-entry');
    this.node.setAttribute('role', 'article');
    this.node.setAttribute('aria-label', question.slice(0, 120));
    const asked = new Widget({ node: el('div', { class: 'noo-chat-question' }, question) });
    this.answer = new AnswerView({
      rendermime: options.rendermime,
      dress: block => codeBlock(block, options.targets, options.trans, options.tell)
    });
    this.addWidget(asked);
    this.addWidget(this.answer);
    this.addWidget(this.below);
  }

  /** Where the turn stands in its chat, from 0; null for a command, and for what was not kept. */
  index: number | null = null;

  /** The turn as it is kept; null until it is. */
  turn: ITurn | null = null;

  /** The number under which a command is kept; `keeping` while that is not known yet. */
  command: number | 'keeping' | null = null;

  /** True when it shows why there is no whole answer. */
  failed = false;

  /** True while an answer is coming. */
  get running(): boolean {
    return this.run !== null;
  }

  /** Show a run while it goes on. A chat speaks Markdown; what other verbs say is as at a terminal. */
  follow(run: IRun, verb: string): void {
    this.run = run;
    this.plain = verb === 'chat' ? null : el('pre', { class: 'noo-plain' });
    this.addClass('noo-mod-running');
    this.node.setAttribute('aria-busy', 'true');
    const { trans } = this.options;
    const line = el('span', { class: 'noo-chat-progress', role: 'status' });
    this.below.node.replaceChildren(this.plain ?? '', line, questionView(run, trans));
    const hear = (): void => {
      if (this.plain === null) {
        this.answer.follow(run.text);
      } else {
        this.plain.textContent = run.text;
      }
      const { progress } = run;
      const share = progress?.fraction === null || progress === null ? '' : ` ${Math.round(progress.fraction * 100)} %`;
      const begun = verb === 'chat' ? trans.__('Asking …') : trans.__('Running …');
      const said = (run.text !== '' && share === '') || run.question !== null ? '' : `${progress?.text || begun}${share}`;
      line.textContent = said;
    };
    hear();
    run.news.connect((_, news) => {
      if (this.run === run && news.event !== 'ended') {
        hear();
      }
    });
  }

  /** Show a turn as it is kept. */
  async showTurn(turn: ITurn, facts: IFacts | null = null): Promise<void> {
    this.ended();
    this.turn = turn;
    await this.answer.finish(turn.answer);
    this.below.node.replaceChildren(
      ...this.mark(turn.ending),
      ...(turn.sent.length > 0
        ? [el('div', { class: 'noo-chat-sent' }, this.options.trans.__('Sent along: %1', turn.sent.join(', ')))]
        : []),
      factsLine(turn, facts, this.options.trans)
    );
  }

  /** Show the result of a command, by the renderers that show it in a notebook. */
  async showResult(bundle: ReadonlyJSONObject): Promise<void> {
    this.ended();
    const { rendermime, trans } = this.options;
    const model = new MimeModel({ data: bundle as PartialJSONObject, trusted: false });
    const mimeType = rendermime.preferredMimeType(model.data, 'ensure');
    await this.answer.finish('');
    this.below.node.replaceChildren();
    if (mimeType === undefined) {
      this.below.node.replaceChildren(notice('info', trans.__('Done.')));
      return;
    }
    const renderer = rendermime.createRenderer(mimeType);
    renderer.addClass('noo-chat-result');
    if (this.isDisposed) {
      renderer.dispose();
      return;
    }
    this.insertWidget(this.widgets.indexOf(this.below), renderer);
    await renderer.renderModel(model);
  }

  /** Show plain text, such as a verb's help. */
  showText(text: string): void {
    this.ended();
    this.below.node.replaceChildren(el('pre', { class: 'noo-plain' }, text));
  }

  /** Show why there is no (whole) answer; what had come stays. */
  async fail(partial: string, ending: Ending, why: string): Promise<void> {
    this.ended();
    this.failed = true;
    await this.answer.finish(this.plain === null ? partial : '');
    const { trans, retry } = this.options;
    const again = button(trans.__('Retry'), { class: 'noo-button' }, () => retry(this.question));
    const told = ending === 'stopped' ? [] : [notice('error', ...withCode(why))];
    this.below.node.replaceChildren(
      partial === '' || this.plain === null ? '' : this.plain,
      ...(partial === '' && ending !== 'stopped' ? [] : this.mark(ending)),
      ...told,
      el('div', { class: 'noo-chat-again' }, again)
    );
  }

  private ended(): void {
    this.run = null;
    this.removeClass('noo-mod-running');
    this.node.removeAttribute('aria-busy');
  }

  private mark(ending: Ending): HTMLElement[] {
    const { trans } = this.options;
    const words: Record<Ending, string> = {
      whole: '',
      length: trans.__('The answer was cut off at its limit.'),
      stopped: trans.__('Stopped: this is what had come.'),
      repeats: trans.__('Ended, because it repeated itself.'),
      cut: trans.__('Broken off: this is what had come.')
    };
    return ending === 'whole' ? [] : [el('div', { class: 'noo-chat-ending', 'data-ending': ending }, words[ending])];
  }

  private readonly answer: AnswerView;
  private readonly below = new Widget({ node: el('div', { class: 'noo-chat-below' }) });
  private run: IRun | null = null;
  private plain: HTMLElement | null = null;
}
