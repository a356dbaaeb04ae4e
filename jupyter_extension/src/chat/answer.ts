import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { MimeModel } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Panel, Widget } from '@lumino/widgets';

import { reason } from '../api';
import { settledLength } from './blocks';

const MARKDOWN = 'text/markdown';

/** What an answer is drawn with. */
export interface IAnswerOptions {
  /** A registry whose sanitiser lets nothing load. */
  readonly rendermime: IRenderMimeRegistry;
  /** Called for each block of code that has been drawn. */
  readonly dress: (block: HTMLElement) => void;
}

/**
 * An answer in Markdown. While it comes, what is settled is drawn, once, and the rest is plain text, at most once an
 * animation frame; at its end the whole is drawn together.
 */
export class AnswerView extends Panel {
  constructor(private readonly options: IAnswerOptions) {
    super();
    this.addClass('noo-chat-answer');
    this.tail.addClass('noo-chat-tail');
    this.addWidget(this.tail);
  }

  /** Show what has come so far. */
  follow(text: string): void {
    if (!text.startsWith(this.text)) {
      this.forget();
    }
    this.text = text;
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.drawTail();
      });
    }
  }

  /** Draw the whole answer, as it is kept. */
  async finish(text: string): Promise<void> {
    if (this.isDisposed) {
      return;
    }
    this.text = text;
    const turn = ++this.drawing;
    const whole = this.renderer();
    whole.hide();
    this.addWidget(whole);
    await this.render(whole, text);
    if (this.isDisposed || turn !== this.drawing) {
      whole.dispose();
      return;
    }
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    [...this.widgets].filter(each => each !== whole && each !== this.tail).forEach(each => each.dispose());
    this.tail.node.textContent = '';
    this.drawn = text.length;
    whole.show();
    whole.node.querySelectorAll<HTMLElement>('pre').forEach(this.options.dress);
  }

  override dispose(): void {
    cancelAnimationFrame(this.frame);
    super.dispose();
  }

  private drawTail(): void {
    if (this.isDisposed) {
      return;
    }
    const settled = settledLength(this.text);
    if (settled > this.drawn) {
      const piece = this.text.slice(this.drawn, settled);
      const part = this.renderer();
      this.drawn = settled;
      // Until it is drawn it stands there as it came.
      part.node.textContent = piece;
      this.insertWidget(this.widgets.indexOf(this.tail), part);
      void this.render(part, piece);
    }
    this.tail.node.textContent = this.text.slice(this.drawn);
  }

  private forget(): void {
    this.drawing++;
    [...this.widgets].filter(each => each !== this.tail).forEach(each => each.dispose());
    this.drawn = 0;
  }

  private renderer(): IRenderMime.IRenderer {
    const made = this.options.rendermime.createRenderer(MARKDOWN);
    made.addClass('noo-chat-markdown');
    return made;
  }

  private async render(renderer: IRenderMime.IRenderer, text: string): Promise<void> {
    try {
      await renderer.renderModel(new MimeModel({ data: { [MARKDOWN]: text }, trusted: false }));
    } catch (error) {
      console.warn('An answer could not be drawn as Markdown:', reason(error));
      renderer.node.textContent = text;
    }
  }

  private readonly tail = new Widget({ node: document.createElement('div') });
  private text = '';
  private drawn = 0;
  private frame = 0;
  private drawing = 0;
}
