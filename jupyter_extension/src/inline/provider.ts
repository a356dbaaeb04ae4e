import type {
  CompletionHandler,
  IInlineCompletionContext,
  IInlineCompletionItem,
  IInlineCompletionList,
  IInlineCompletionProvider
} from '@jupyterlab/completer';
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { nootropicIcon } from '../icon';
import { number, text } from '../json';
import type { INootropic, INootropicSettings } from '../tokens';

/** The provider's name among JupyterLab's inline completers. */
export const PROVIDER = 'nootropic-lab:inline';

/** What the provider needs. */
export interface IProviderOptions {
  readonly client: INootropic;
  readonly settings: INootropicSettings;
  readonly trans: TranslationBundle;
  /** A document's path below the server's root. */
  readonly localPath: (path: string) => string;
  /** Milliseconds without typing before a model is asked. */
  readonly wait?: number;
}

/** A completion that was offered, and what is noted when it is taken. */
interface IOffer {
  readonly text: string;
  readonly folder: string;
  readonly model: string;
  readonly language: string;
  readonly latency: number;
  readonly at: number;
}

const NOTHING: IInlineCompletionList = { items: [] };
const WAIT_MS = 250;
/** After a refusal (no model is there) nobody is asked for so long, unless the person asks. */
const REST_MS = 60_000;
/** What is sent of the text around the cursor, in characters. */
const BEFORE = 4000;
const AFTER = 1500;
/** JupyterLab's kind of a request that the person made by a key. */
const INVOKED = 0;

/**
 * Ghost text from a model, by the server and without the kernel: it works while the kernel is busy, and where there is
 * none. Typing on stops the request before it; nothing is asked while the setting is off.
 */
export class InlineProvider implements IInlineCompletionProvider {
  constructor(private readonly options: IProviderOptions) {
    this.name = options.trans.__('Nootropic');
  }

  readonly identifier = PROVIDER;
  readonly icon = nootropicIcon;
  /** JupyterLab's own settings of a provider: also in the middle of a line, and with time for a model on a CPU. */
  readonly schema = { default: { enabled: true, autoFillInMiddle: true, timeout: 10_000, debouncerDelay: 0 } };
  readonly name: string;

  async fetch(
    request: CompletionHandler.IRequest,
    context: IInlineCompletionContext
  ): Promise<IInlineCompletionList<IInlineCompletionItem>> {
    this.stop();
    const { settings, trans } = this.options;
    const isAsked = context.triggerKind === INVOKED;
    if (!settings.inlineCompletions || (!isAsked && Date.now() < this.restUntil)) {
      return NOTHING;
    }
    const before = request.text.slice(0, request.offset);
    const after = request.text.slice(request.offset);
    // In the middle of a word nothing good comes; without a word nothing is meant.
    if (before.trim() === '' || (!isAsked && /^\w/.test(after))) {
      return NOTHING;
    }
    const current = new AbortController();
    this.current = current;
    if (!isAsked && !(await quiet(this.options.wait ?? WAIT_MS, current.signal))) {
      return NOTHING;
    }
    try {
      return await this.ask(before, after, request, context, current);
    } catch (error) {
      if (current.signal.aborted) {
        return NOTHING;
      }
      this.restUntil = Date.now() + REST_MS;
      const message = error instanceof Error ? error.message : trans.__('No completion came.');
      return isAsked ? { items: [{ insertText: '', error: { message } }] } : NOTHING;
    }
  }

  /** A completion of ours was taken: tell the journal how long it took, and of what length and digest it is. */
  async taken(insertText: string): Promise<void> {
    const { offer } = this;
    // Who has typed its beginning takes the rest.
    if (offer === null || insertText === '' || !offer.text.endsWith(insertText)) {
      return;
    }
    this.offer = null;
    const args = {
      text: insertText,
      'latency-s': offer.latency / 1000,
      'shown-s': Math.max(0, Date.now() - offer.at) / 1000,
      model: offer.model,
      language: offer.language
    };
    await this.options.client.call('note-completion', args, { folder: offer.folder });
  }

  /** Stop what is under way. */
  stop(): void {
    this.current?.abort();
    this.current = null;
  }

  private async ask(
    before: string,
    after: string,
    request: CompletionHandler.IRequest,
    context: IInlineCompletionContext,
    current: AbortController
  ): Promise<IInlineCompletionList<IInlineCompletionItem>> {
    const { client, settings, localPath } = this.options;
    const path = pathOf(context);
    const file = path === '' ? '' : localPath(path);
    const folder = PathExt.dirname(file);
    const place = file === '' ? null : await client.place(file).catch(() => null);
    if (current.signal.aborted) {
      return NOTHING;
    }
    const began = Date.now();
    const language = languageOf(request.mimeType ?? '');
    const args = {
      prefix: before.slice(-BEFORE),
      suffix: after.slice(0, AFTER),
      language,
      path: place ?? '',
      backend: text(settings.get('completionBackend'))
    };
    const { result } = await client.call('complete', args, { folder, signal: current.signal });
    const insertText = text(result.insert);
    if (current.signal.aborted || insertText === '') {
      return NOTHING;
    }
    this.offer = {
      text: insertText,
      folder,
      model: text(result.model),
      language,
      latency: (number(result.seconds) ?? 0) * 1000 || Date.now() - began,
      at: Date.now()
    };
    return { items: [{ insertText }] };
  }

  private current: AbortController | null = null;
  private offer: IOffer | null = null;
  private restUntil = 0;
}

/** Wait; false when the signal came first. */
function quiet(wait: number, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const timer = window.setTimeout(() => resolve(true), wait);
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      resolve(false);
    });
  });
}

/** The document's path, from the widget that is typed in. */
function pathOf(context: IInlineCompletionContext): string {
  const widget: unknown = context.widget;
  const document = typeof widget === 'object' && widget !== null && 'context' in widget ? widget.context : null;
  return typeof document === 'object' && document !== null && 'path' in document && typeof document.path === 'string'
    ? document.path
    : '';
}

/** The language's name in a MIME type: `text/x-ipython` is `python`. */
function languageOf(mime: string): string {
  return mime.replace(/^.*\//, '').replace(/^x-/, '').replace('ipython', 'python');
}
