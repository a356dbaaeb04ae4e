import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { PanelLayout, Widget } from '@lumino/widgets';

import type { ICommands } from '../board/cardMenu';
import type { IFeedOptions } from '../board/feed';
import { BoardFeed } from '../board/feed';
import { readState } from '../board/state';
import { BoardView } from '../board/view';
import { notice } from '../dom';
import { PLAN_MIME } from '../tokens';
import type { IPlan } from './data';
import { readPlan } from './data';

/** What the renderer of plans needs. */
export interface IPlanRendererOptions extends IFeedOptions {
  readonly commands: ICommands | null;
}

/**
 * Shows a plan in an output: the same board as in its panel. While the workspace still has that plan the board follows
 * it and can be worked with; the plan of another time, or of another place, is a picture.
 */
export class PlanRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly options: IPlanRendererOptions) {
    super();
    this.feed = new BoardFeed(options);
    this.feed.changed.connect(this.follow, this);
    this.view = new BoardView({
      client: options.client,
      folder: options.folder,
      trans: options.trans,
      commands: options.commands,
      state: readState(null, ['board', 'graph', 'critical']),
      refresh: () => this.feed.look()
    });
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new Widget({ node: this.trouble }));
    layout.addWidget(this.view);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const { trans } = this.options;
    this.plan = readPlan(model.data[PLAN_MIME]);
    this.view.setHidden(this.plan === null);
    this.trouble.replaceChildren();
    if (this.plan === null) {
      this.trouble.append(
        notice(
          'error',
          trans.__('This plan cannot be shown as a board: its data has a shape that this version does not know. '),
          trans.__('Run %1 again, or update the extension.', '%noo board')
        )
      );
      return;
    }
    this.view.display(this.plan, false);
    this.attend();
    this.follow();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.feed.dispose();
    }
    super.dispose();
  }

  protected override onAfterAttach(): void {
    this.attend();
  }

  protected override onAfterShow(): void {
    this.attend();
  }

  protected override onAfterHide(): void {
    this.feed.attend(false);
  }

  protected override onBeforeDetach(): void {
    this.feed.attend(false);
  }

  private attend(): void {
    this.feed.attend(this.plan !== null && this.isVisible);
  }

  private follow(): void {
    // The board as saved stays where there is no newer one of the same plan: it was right when it was made.
    const newest = this.feed.plan;
    if (this.plan !== null && newest !== null && newest.id === this.plan.id) {
      this.trouble.replaceChildren(this.feed.notice ?? '');
      this.view.display(newest, true, this.feed.away?.title);
    }
  }

  private readonly trouble = document.createElement('div');
  private readonly feed: BoardFeed;
  private readonly view: BoardView;
  private plan: IPlan | null = null;
}
