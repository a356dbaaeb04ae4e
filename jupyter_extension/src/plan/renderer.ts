import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { el, notice } from '../dom';
import type { INootropic } from '../tokens';
import { PLAN_MIME } from '../tokens';
import { board } from './board';
import { briefAccount } from './brief';
import type { IPlan, ITask } from './data';
import { readPlan } from './data';
import { graph } from './graph';
import { hoursWords } from './words';

/** What the renderer of plans needs. */
export interface IPlanRendererOptions {
  readonly client: INootropic;
  readonly folder: string;
  readonly trans: TranslationBundle;
}

/** Shows a plan: board, dependency graph and critical path. Follows the decisions made in this window. */
export class PlanRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly options: IPlanRendererOptions) {
    super();
    this.addClass('noo-plan');
    options.client.decided.connect(this.follow, this);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.plan = readPlan(model.data[PLAN_MIME]);
    this.draw();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.options.client.decided.disconnect(this.follow, this);
    }
    super.dispose();
  }

  private draw(): void {
    const { trans } = this.options;
    const { plan } = this;
    if (plan === null) {
      this.node.replaceChildren(
        notice(
          'error',
          trans.__('This plan cannot be shown as a board: its data has a shape that this version does not know. '),
          trans.__('Run %1 again, or update the extension.', '%noo board')
        )
      );
      return;
    }
    const boardNode = board(plan, trans);
    const showCard = (id: string): void => {
      const card = [...boardNode.querySelectorAll('details')].find(node => node.dataset.task === id);
      if (card) {
        card.open = true;
        card.querySelector('summary')?.focus();
      }
    };
    this.node.replaceChildren(
      head(plan, trans),
      ...briefAccount(plan, trans),
      section(trans.__('Board'), boardNode),
      plan.tasks.some(task => task.dependsOn.length > 0)
        ? section(trans.__('Dependencies'), graph(plan.tasks, trans, showCard))
        : '',
      plan.critical.length > 0
        ? section(
            trans._n('Critical path', 'Critical paths', plan.critical.length),
            criticalPaths(plan.critical, trans)
          )
        : ''
    );
  }

  protected override onAfterAttach(): void {
    this.catchUp();
  }

  protected override onAfterShow(): void {
    this.catchUp();
  }

  /** A decision changes the status of tasks. */
  private follow(): void {
    this.stale = true;
    this.catchUp();
  }

  /** Ask for the board anew; what nobody sees, when it is seen again. */
  private catchUp(): void {
    const shown = this.plan;
    if (!this.stale || shown === null || !this.isVisible) {
      return;
    }
    this.stale = false;
    const { client, folder } = this.options;
    void client
      .call('board', {}, { folder })
      .then(answer => {
        const plan = readPlan(answer.bundle[PLAN_MIME]);
        if (plan !== null && plan.id === shown.id && !this.isDisposed && !same(plan, this.plan)) {
          this.plan = plan;
          this.draw();
        }
      })
      // The board as saved stays: it was right when it was made, and the next `board` shows the newest.
      .catch(() => undefined);
  }

  private plan: IPlan | null = null;
  private stale = false;
}

function same(one: IPlan, other: IPlan | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function head(plan: IPlan, trans: TranslationBundle): HTMLElement {
  const done = plan.tasks.filter(task => task.status === 'done').length;
  const facts = [
    trans._n('%1 task', '%1 tasks', plan.tasks.length),
    ...(plan.hours === null ? [] : [trans.__('critical path %1', hoursWords(plan.hours, trans))]),
    ...(plan.revision === null ? [] : [trans.__('revision %1', plan.revision)])
  ];
  return el(
    'header',
    { class: 'noo-head' },
    el('h3', { class: 'noo-title' }, plan.title),
    el('span', { class: 'noo-facts' }, facts.join(' · ')),
    el(
      'span',
      { class: 'noo-done' },
      el('progress', {
        max: String(Math.max(1, plan.tasks.length)),
        value: String(done),
        'aria-label': trans.__('Tasks done')
      }),
      trans.__('%1 of %2 done', done, plan.tasks.length)
    )
  );
}

function section(title: string, content: HTMLElement): HTMLElement {
  return el('details', { class: 'noo-section', open: '' }, el('summary', { class: 'noo-section-title' }, title), content);
}

/** So many chains are listed; the graph marks all of them. */
const MOST_PATHS = 4;

function criticalPaths(chains: IPlan['critical'], trans: TranslationBundle): HTMLElement {
  const more = chains.length - MOST_PATHS;
  return el(
    'div',
    {},
    ...chains.slice(0, MOST_PATHS).map(chain => criticalPath(chain, trans)),
    more > 0
      ? el('div', { class: 'noo-facts' }, trans._n('and %1 more, just as long', 'and %1 more, just as long', more))
      : null
  );
}

function criticalPath(tasks: readonly ITask[], trans: TranslationBundle): HTMLElement {
  return el(
    'ol',
    { class: 'noo-path', 'aria-label': trans.__('Critical path') },
    ...tasks.map(task =>
      el(
        'li',
        { 'data-task': task.id, 'data-status': task.status },
        el('span', { class: 'noo-id' }, task.id),
        el('span', { class: 'noo-path-title', title: task.title }, task.title),
        task.hours === null ? null : el('span', { class: 'noo-hours' }, hoursWords(task.hours, trans))
      )
    )
  );
}
