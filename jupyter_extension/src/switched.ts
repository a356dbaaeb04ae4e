import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Widget } from '@lumino/widgets';
import { Panel, Widget as PlainWidget } from '@lumino/widgets';

import { el } from './dom';
import { text } from './json';
import type { INootropicSettings } from './tokens';

/** Shows an output by one of our renderers, or, where all is switched off, as the plain text that comes with it. */
export class SwitchedRenderer extends Panel implements IRenderMime.IRenderer {
  constructor(
    private readonly settings: INootropicSettings,
    private readonly mimeType: string,
    private readonly make: () => Widget & IRenderMime.IRenderer
  ) {
    super();
    settings.changed.connect(this.follow, this);
    void settings.ready.then(() => this.follow());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    await this.settings.ready;
    await this.draw();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.settings.changed.disconnect(this.follow, this);
    }
    super.dispose();
  }

  private follow(): void {
    if (this.model !== null && this.shown !== null && this.shown !== this.settings.enabled) {
      void this.draw();
    }
  }

  private async draw(): Promise<void> {
    const { model } = this;
    if (model === null || this.isDisposed) {
      return;
    }
    if (this.shown !== this.settings.enabled) {
      this.shown = this.settings.enabled;
      [...this.widgets].forEach(widget => widget.dispose());
      this.inner = this.shown ? this.make() : null;
      this.addWidget(this.inner ?? new PlainWidget({ node: el('pre', { class: 'noo-plain' }) }));
    }
    if (this.inner !== null) {
      await this.inner.renderModel(model);
    } else {
      const pre = this.widgets[0]?.node;
      pre?.replaceChildren(text(model.data['text/plain']) || JSON.stringify(model.data[this.mimeType], null, 2));
    }
  }

  private model: IRenderMime.IMimeModel | null = null;
  private inner: (Widget & IRenderMime.IRenderer) | null = null;
  private shown: boolean | null = null;
}
