import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry =>
    entry.name === '__tests__' ? [] : entry.isDirectory() ? sources(join(folder, entry.name)) : [join(folder, entry.name)]
  );
}

describe('the sources', () => {
  it.each(sources(join(root, 'src')))('%s makes no HTML from text', file => {
    expect(readFileSync(file, 'utf8')).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/);
  });

  it.each(sources(join(root, 'style')))('%s takes every colour from the theme', file => {
    const style = readFileSync(file, 'utf8');
    expect(style).not.toMatch(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(|:\s*(white|black|red|green|blue)\b/i);
  });
});
