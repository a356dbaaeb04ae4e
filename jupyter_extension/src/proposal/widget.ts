import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { CallError, reason } from '../api';
import { away } from '../away';
import { notice } from '../dom';
import { text } from '../json';
import type { IAnswer, IEventStream, INootropic, INootropicEvents } from '../tokens';
import { PROPOSAL_MIME } from '../tokens';
import type { IProposal } from './data';
import { readProposal } from './data';
import type { Decision } from './view';
import { proposalView } from './view';

/** What the view of a proposal needs. */
export interface IProposalOptions {
  readonly client: INootropic;
  /** Without them it is not seen when the server is away or back. */
  readonly events: INootropicEvents | null;
  readonly folder: string;
  readonly trans: TranslationBundle;
}

/**
 * Shows a proposal and lets a person decide on it, hunk by hunk.
 *
 * What a notebook holds may be old, or made up by whoever wrote it. So the buttons work only on what
 * the workspace's own store says: the saved diff is shown at once, the stored one replaces it.
 */
export class ProposalWidget extends Widget {
  constructor(private readonly options: IProposalOptions) {
    super();
    this.addClass('noo-proposal');
    // Keys pressed on a button are for the button, not for the notebook around it.
    this.node.dataset.lmSuppressShortcuts = 'true';
    options.client.decided.connect(this.follow, this);
  }

  /** Show a proposal's data, then what the store says. */
  setData(data: unknown): void {
    const { trans } = this.options;
    this.proposal = readProposal(data);
    if (this.proposal === null) {
      this.node.replaceChildren(
        notice(
          'error',
          trans.__('This proposal cannot be shown: its data has a shape that this version does not know. '),
          trans.__('Run %1 again, or update the extension.', '%noo show')
        )
      );
      return;
    }
    this.locked = trans.__('Looking it up in the workspace …');
    this.message = null;
    this.draw();
    if (this.stream === null && this.options.events !== null) {
      this.stream = this.options.events.connect(this.options.folder);
      this.stream.stateChanged.connect(this.reached, this);
    }
    // Not awaited: the diff is there to be read at once, also where the server does not answer.
    void this.lookUp();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.options.client.decided.disconnect(this.follow, this);
      this.stream?.dispose();
    }
    super.dispose();
  }

  /** Replace what is shown by what the store says. */
  private async lookUp(): Promise<void> {
    const { client, folder, trans } = this.options;
    const id = this.proposal?.id ?? '';
    const turn = ++this.asked;
    this.stale = false;
    const before = JSON.stringify([this.proposal, this.locked]);
    try {
      const stored = await this.stored(await client.call('show', { id }, { folder }), id);
      if (this.isDisposed || turn !== this.asked) {
        return;
      }
      // What the verb noted when it made this output is not in the store.
      const current = { ...stored, notes: this.proposal?.notes ?? [] };
      if (JSON.stringify(current) !== JSON.stringify(this.proposal)) {
        // What the last decision said is no longer the last thing that happened.
        this.message = null;
      }
      this.proposal = current;
      this.cut = false;
      this.locked = '';
    } catch (error) {
      if (this.isDisposed || turn !== this.asked) {
        return;
      }
      this.cut = true;
      this.locked = trans.__('Shown as saved in the notebook; nothing can be decided here.');
      this.message = { kind: 'info', text: reason(error) };
    }
    // Drawing anew moves what a person reads: only where something changed.
    if (JSON.stringify([this.proposal, this.locked]) !== before) {
      this.draw();
    }
  }

  private async stored(answer: IAnswer, id: string): Promise<IProposal> {
    const proposal = readProposal(answer.bundle[PROPOSAL_MIME]);
    if (proposal === null || proposal.id !== id) {
      throw new CallError(this.options.trans.__('The workspace does not know the proposal %1.', id));
    }
    return proposal;
  }

  private async decide(decision: Decision, refs: readonly string[]): Promise<void> {
    const { client, folder, trans } = this.options;
    const { proposal } = this;
    if (proposal === null || this.locked !== '') {
      return;
    }
    const focused = document.activeElement?.getAttribute('data-action') ?? null;
    this.locked = trans.__('Working …');
    this.message = null;
    this.draw();
    this.deciding = true;
    try {
      const args = decision === 'accept' || decision === 'reject' ? { refs: [...refs] } : { turn: refs[0] ?? '' };
      const answer = await client.call(decision, args, { folder });
      this.message = { kind: 'info', text: told(answer) };
    } catch (error) {
      this.message = { kind: 'error', text: reason(error) };
    } finally {
      this.deciding = false;
    }
    if (!this.isDisposed) {
      const { message } = this;
      await this.lookUp();
      this.message = this.locked === '' ? message : (this.message ?? message);
      this.draw();
      this.focusAfter(focused);
    }
  }

  protected override onAfterAttach(): void {
    this.catchUp();
  }

  protected override onAfterShow(): void {
    this.catchUp();
  }

  /** Without a server nothing can be decided; when it is back, it is asked what has become of the proposal. */
  private reached(): void {
    const gone = away(this.stream, this.options.trans);
    if (gone !== null && !this.deciding) {
      this.cut = true;
      this.locked = gone.title;
      this.message = { kind: 'info', text: gone.text };
      this.draw();
    } else if (this.stream?.state === 'connected' && this.cut) {
      this.cut = false;
      this.message = null;
      this.follow();
    }
  }

  /** Somebody decided elsewhere in this window, perhaps from another folder of the workspace: this may be old. */
  private follow(): void {
    this.stale = true;
    this.catchUp();
  }

  /** What nobody sees is looked up when it is seen again. */
  private catchUp(): void {
    if (this.stale && this.isVisible && !this.deciding && this.proposal !== null) {
      this.stale = false;
      void this.lookUp();
    }
  }

  private draw(): void {
    if (this.proposal !== null) {
      const { locked, message } = this;
      const boxes = (): HTMLDetailsElement[] => [...this.node.querySelectorAll<HTMLDetailsElement>('details[data-box]')];
      const open = new Set(boxes().filter(box => box.open).map(box => box.dataset.box));
      this.node.replaceChildren(
        ...proposalView(this.proposal, { locked, message }, this.options.trans, (decision, refs) => {
          void this.decide(decision, refs);
        })
      );
      boxes().forEach(box => (box.open = open.has(box.dataset.box)));
    }
  }

  /** Drawing anew takes the focus away from a person at the keyboard: give the next button to press. */
  private focusAfter(action: string | null): void {
    if (action === null) {
      return;
    }
    const buttons = [...this.node.querySelectorAll<HTMLButtonElement>('button[data-action]')];
    const same = buttons.find(node => node.dataset.action === action);
    const nextHunk = buttons.find(node => node.closest('.noo-hunk') !== null);
    (same ?? nextHunk ?? buttons[0])?.focus();
  }

  private proposal: IProposal | null = null;
  private locked = '';
  private message: { readonly kind: 'error' | 'info'; readonly text: string } | null = null;
  private deciding = false;
  private stale = false;
  /** The store could not be asked. */
  private cut = false;
  private asked = 0;
  private stream: IEventStream | null = null;
}

/** What a decision did. That it can be undone, a button says already. */
export function told(answer: IAnswer): string {
  const lines = text(answer.bundle['text/plain']).split('\n');
  return lines.filter(line => !/^`(undo|redo) A\d+` takes this back\.$/.test(line)).join('\n');
}
