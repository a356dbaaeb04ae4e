import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Panel, Widget } from '@lumino/widgets';

import { el } from '../dom';
import { record, texts } from '../json';
import { PROPOSAL_MIME } from '../tokens';
import type { IProposalOptions } from './widget';
import { ProposalWidget } from './widget';

/** Shows a proposal, or several (`proposals`), below what the verb has to say about them (`lines`). */
export class ProposalRenderer extends Panel implements IRenderMime.IRenderer {
  constructor(private readonly proposal: IProposalOptions) {
    super();
    this.addClass('noo-proposals');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    for (const widget of [...this.widgets]) {
      widget.dispose();
    }
    const data = record(model.data[PROPOSAL_MIME]);
    const lines = texts(data.lines);
    if (lines.length > 0) {
      this.addWidget(new Widget({ node: el('ul', { class: 'noo-lines' }, ...lines.map(line => el('li', {}, line))) }));
    }
    for (const item of Array.isArray(data.proposals) ? data.proposals : [data]) {
      const widget = new ProposalWidget(this.proposal);
      this.addWidget(widget);
      widget.setData(item);
    }
  }
}
