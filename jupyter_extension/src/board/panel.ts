import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { SHOW_FORM } from '../commands/commands';
import { el, fill, notice, withCode } from '../dom';
import type { Hints } from '../hints';
import { stateView } from '../states';
import type { ICommands } from './cardMenu';
import type { IFeedOptions } from './feed';
import { BoardFeed } from './feed';
import { keptState, readState } from './state';
import { BoardView } from './view';

/** What the panel works with. */
export interface IBoardPanelOptions extends IFeedOptions {
  readonly hints: Hints;
  readonly commands: ICommands | null;
  /** What was kept of it before a reload. */
  readonly kept: ReadonlyJSONObject;
}

/** The board in a panel of its own: it says what to do where there is no plan, and why where there is no answer. */
export class BoardPanel extends Widget {
  constructor(private readonly options: IBoardPanelOptions) {
    super();
    this.addClass('noo-board-panel');
    const state = readState(options.kept, ['board']);
    this.feed = new BoardFeed(options);
    this.view = new BoardView({
      client: options.client,
      folder: options.folder,
      trans: options.trans,
      commands: options.commands,
      state,
      refresh: () => this.feed.look()
    });
    this.keep = () => ({ folder: options.folder, ...keptState(state) });
    this.view.arranged.connect(() => this.arranged.emit());
    this.feed.changed.connect(this.follow, this);
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new Widget({ node: this.banner }));
    layout.addWidget(this.view);
    this.view.hide();
    this.node.tabIndex = -1;
    this.follow();
  }

  /** Emitted when there is something new to keep. */
  readonly arranged = new Signal<this, void>(this);

  /** What brings it back after a reload. */
  readonly keep: () => ReadonlyJSONObject;

  override dispose(): void {
    if (!this.isDisposed) {
      this.feed.dispose();
    }
    super.dispose();
  }

  protected override onAfterShow(): void {
    this.feed.attend(true);
  }

  protected override onAfterAttach(): void {
    this.feed.attend(this.isVisible);
  }

  protected override onAfterHide(): void {
    this.feed.attend(false);
  }

  protected override onBeforeDetach(): void {
    this.feed.attend(false);
  }

  protected override onActivateRequest(_: Message): void {
    const first = (what: string): HTMLElement | null => this.node.querySelector<HTMLElement>(what);
    (first('.noo-board-handle[tabindex="0"]') ?? first('.noo-panel-state button') ?? this.node).focus();
  }

  private follow(): void {
    const { plan, none, trouble, away } = this.feed;
    const { trans } = this.options;
    const again = { label: trans.__('Try again'), run: () => void this.feed.again() };
    this.view.setHidden(plan === null);
    if (plan !== null) {
      fill(
        this.banner,
        this.feed.notice ?? (trouble === null ? '' : notice('error', ...withCode(trouble.message)))
      );
      this.view.display(plan, true, away?.title);
      if (document.activeElement === this.node) {
        // The panel was opened by its person before there was a card.
        this.node.querySelector<HTMLElement>('.noo-board-handle[tabindex="0"]')?.focus();
      }
    } else if (away !== null) {
      fill(this.banner, stateView({ kind: 'offline', title: away.title, text: [away.text], actions: [again] }));
    } else if (none && trouble === null) {
      fill(
        this.banner,
        stateView({
          kind: 'empty',
          title: trans.__('There is no plan yet'),
          text: withCode(
            trans.__(
              'Say what you want to build, in a cell: %1 and below it %2. The tasks then stand here.',
              '`%%noo plan`',
              `\`${trans.__('Build a Python library for posts with comments')}\``
            )
          ),
          actions: [
            ...(this.options.commands?.hasCommand('nootropic:plan') === true
              ? [{ label: trans.__('Plan…'), run: () => void this.options.commands?.execute('nootropic:plan', { [SHOW_FORM]: true }) }]
              : []),
            again
          ],
          hint: this.options.hints.hint(
            'board',
            trans.__(
              'Each task becomes a card. Drag it, or lift it with Space and carry it with the arrow keys: that changes its stage, its order, or what it waits for. ⋯ runs it. Each change is a commit, and Undo takes it back.'
            )
          )
        })
      );
    } else if (trouble === null) {
      fill(this.banner, stateView({ kind: 'loading', title: trans.__('Reading the plan') }));
    } else {
      const kind = trouble.status === 0 ? 'offline' : 'error';
      fill(
        this.banner,
        stateView({ kind, title: trans.__('The board cannot be shown'), text: withCode(trouble.message), actions: [again] })
      );
    }
  }

  private readonly banner = el('div', {});
  private readonly feed: BoardFeed;
  private readonly view: BoardView;
}
