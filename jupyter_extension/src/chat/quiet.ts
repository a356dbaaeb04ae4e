import type { IMarkdownParser } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

/*
 * What a model writes is shown, never obeyed: nothing in it runs, loads, sends or covers anything. JupyterLab's own
 * sanitiser stops scripts; it lets remote pictures, styles and form controls through, which this part takes out.
 */

/** The elements that an answer is made of; of any other the text stays. */
const ELEMENTS = new Set(
  (
    'a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins ' +
    'kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var'
  ).split(' ')
);

/** Their text is no prose. */
const SILENT = new Set(
  'script style template noscript iframe object embed svg math audio video canvas select textarea title head link meta base'.split(' ')
);

const ATTRIBUTES = new Set('alt align class colspan href open reversed rowspan scope src start title value'.split(' '));

/** Classes of highlighted code; with others a text could pass for a part of the window. */
const CLASS = /^(?:cm-[\w-]+|jp-cm-[\w-]+|tok-[\w-]+|ͼ\w+|language-[\w+#.-]+)$/;

/** A picture that is written out in the text itself. */
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,[\w+/=\s]+$/i;

/** Where a link may lead, when the person follows it. */
const LINK = /^(?:https?:|mailto:|#|\.{0,2}\/(?!\/)|[\w.@-]+(?:[/#?]|$))/i;

/** A sanitiser for what a model writes. */
export class QuietSanitizer implements IRenderMime.ISanitizer {
  constructor(private readonly inner: IRenderMime.ISanitizer) {}

  /** An element's name must not stand in for something of the window. */
  readonly allowNamedProperties = false;

  getAutolink(): boolean {
    return this.inner.getAutolink?.() ?? true;
  }

  sanitize(dirty: string, options?: IRenderMime.ISanitizerOptions): string {
    // A document that is parsed so runs nothing and loads nothing.
    const { body } = new DOMParser().parseFromString(this.inner.sanitize(dirty, options), 'text/html');
    [...body.children].forEach(clean);
    const written = new XMLSerializer();
    return [...body.childNodes].map(node => written.serializeToString(node)).join('');
  }
}

function clean(element: Element): void {
  const name = element.localName;
  if (SILENT.has(name)) {
    element.remove();
    return;
  }
  if (name === 'input') {
    const checked = element.getAttribute('type') === 'checkbox' ? (element.hasAttribute('checked') ? '☑ ' : '☐ ') : '';
    element.replaceWith(checked);
    return;
  }
  [...element.children].forEach(clean);
  if (!ELEMENTS.has(name)) {
    element.replaceWith(...element.childNodes);
    return;
  }
  if (name === 'img' && !PICTURE.test(element.getAttribute('src') ?? '')) {
    element.replaceWith(...instead(element));
    return;
  }
  for (const attribute of [...element.attributes]) {
    if (!ATTRIBUTES.has(attribute.name) || (attribute.name === 'src' && name !== 'img')) {
      element.removeAttribute(attribute.name);
    }
  }
  const href = element.getAttribute('href');
  if (href !== null && (name !== 'a' || !LINK.test(href.trim()))) {
    element.removeAttribute('href');
  }
  const classes = [...element.classList].filter(each => CLASS.test(each));
  if (classes.length > 0 && element.closest('pre') !== null) {
    element.setAttribute('class', classes.join(' '));
  } else {
    element.removeAttribute('class');
  }
}

/** What stands where a picture would have been loaded: its words, and a link to follow by hand. */
function instead(picture: Element): (Node | string)[] {
  const source = (picture.getAttribute('src') ?? '').trim();
  const words = `▭ ${picture.getAttribute('alt') || source.slice(0, 80) || '—'}`;
  if (!LINK.test(source)) {
    return [words];
  }
  const link = picture.ownerDocument.createElement('a');
  link.setAttribute('href', source);
  link.textContent = words;
  return [link];
}

/**
 * A Markdown parser that shows diagrams as their source: Mermaid draws them in the page itself, and what their labels
 * hold is loaded while it does.
 */
export function quietMarkdown(parser: IMarkdownParser): IMarkdownParser {
  return { ...parser, render: content => parser.render(withoutDiagrams(content)) };
}

/** The same Markdown, with the fences of diagrams as fences of text. */
export function withoutDiagrams(content: string): string {
  return content.replace(/\r\n?/g, '\n').replace(/([`~]{3,})[^\S\n]*mermaid[^\S\n]*$/gim, '$1text');
}
