import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry =>
    entry.name === '__tests__' ? [] : entry.isDirectory() ? sources(join(folder, entry.name)) : [join(folder, entry.name)]
  );
}

/** Comments, patterns, strings and templates, as far as it takes to tell them apart. */
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<=[(,=:[!&|?{};\n]\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

/** What stands before a string that nobody sees, or that goes through the translator. */
const UNSEEN = [
  /\.(__|_n|_p|_np)\(\s*(?:(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,\s*)*$/, // the translator
  /\bconsole\.\w+\(\s*$/, // for who looks for a fault
  /\b(description|name|class|describedBy|style|selector|viewBox|d|key|svgstr|content): $/,
  /\b(import|from|querySelector(All)?|closest|matches|split|startsWith|endsWith|includes|replace|RegExp|test)\b[^;\n]*$/,
  /new Token<[^>]+>\(\s*(?:'[^']*',\s*)?$/,
  /\bclass: [^,\n]*$/,
  /(?:[!=]==|\bcase) $/, // what is compared is not shown
  /'aria-keyshortcuts': [^,\n]*$|\baddWidgetExtension\($/
];

/** Names of elements and attributes; and the columns as the server names them, which `words.ts` translates. */
const NAMES = new Set([join('chat', 'quiet.ts'), join('plan', 'data.ts')]);

/** Strings that read like words for a person, and do not go through the translator. */
function untranslated(source: string): string[] {
  const found: string[] = [];
  for (const match of source.matchAll(TOKEN)) {
    const token = match[0];
    if (!/^['"`]/.test(token)) {
      continue;
    }
    const text = token.slice(1, -1).replace(/\$\{[^}]*\}/g, ' ');
    const isWords = /(?:^|[\s(“])[A-Z]?[a-z]+[,:]?\s+[a-z(]+[\s.,!?…]|^[A-Z][a-z]+(?:[.!?…]|\s[a-z ]+)*$/.test(text);
    if (isWords && !UNSEEN.some(before => before.test(source.slice(0, match.index)))) {
      found.push(token);
    }
  }
  return found;
}

describe('the sources', () => {
  it.each(sources(join(root, 'src')))('%s makes no HTML from text', file => {
    expect(readFileSync(file, 'utf8')).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/);
  });

  it.each(sources(join(root, 'src')).filter(file => ![...NAMES].some(name => file.endsWith(name))))('%s has every word for a person go through the translator', file => {
    expect(untranslated(readFileSync(file, 'utf8'))).toEqual([]);
  });

  it('are looked through for words, and not for names', () => {
    const words = ["button('Save it', {})", "node.textContent = 'Saved.'", "{ title: 'Undo' }", "notice('info', `Saved ${name}`)"];
    expect(words.filter(source => untranslated(source).length !== 1)).toEqual([]);
    const others = ["trans.__('Save it')", "trans._n('%1 file', '%1 files', 2)", "el('p', { class: 'noo-a noo-b' })", "// Save 'it all'"];
    expect(others.flatMap(untranslated)).toEqual([]);
  });

  it.each(sources(join(root, 'style')))('%s takes every colour from the theme', file => {
    const style = readFileSync(file, 'utf8');
    expect(style).not.toMatch(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(|:\s*(white|black|red|green|blue)\b/i);
  });
});
