/** What an element is made of; `class`, `title`, ARIA and data attributes go into `attrs`. */
type Attributes = Readonly<Record<string, string | undefined>>;
export type Child = Node | string | null | undefined;

/**
 * Make an element. Strings become text nodes: nothing that comes from data is ever read as HTML.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attrs: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (value !== undefined) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Make an SVG element. */
export function svg(tag: string, attrs: Attributes = {}, ...children: readonly Node[]): SVGElement {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (value !== undefined) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children);
  return node;
}

/** Make a button that runs `action`. */
export function button(label: string, attrs: Attributes, action: () => unknown): HTMLButtonElement {
  const node = el('button', { type: 'button', ...attrs }, label);
  node.addEventListener('click', event => {
    event.stopPropagation();
    action();
  });
  return node;
}

/** Text whose pieces between backticks are code, as in `noo show P1`. */
export function withCode(line: string): Child[] {
  return line.split(/`([^`\n]+)`/).map((piece, index) => (index % 2 === 1 ? el('code', {}, piece) : piece));
}

/** A sentence in a box: something that is wrong, or worth knowing. */
export function notice(kind: 'error' | 'info', ...children: readonly Child[]): HTMLElement {
  return el('div', { class: `noo-notice noo-mod-${kind}`, role: kind === 'error' ? 'alert' : 'status' }, ...children);
}

/**
 * Fill a part of the page, unless it says the same already: a press, the focus and an opened box are lost with what is
 * drawn anew, and it would be read aloud again. What a button does must show in its words or attributes.
 *
 * @returns whether it was drawn anew
 */
export function fill(node: HTMLElement, ...children: readonly Child[]): boolean {
  const fresh = el('div', {}, ...children);
  if (filled.get(node)?.isEqualNode(fresh) === true) {
    return false;
  }
  filled.set(node, fresh.cloneNode(true));
  node.replaceChildren(...fresh.childNodes);
  return true;
}

/** What was put there: since then a box may have been opened. */
const filled = new WeakMap<HTMLElement, Node>();
