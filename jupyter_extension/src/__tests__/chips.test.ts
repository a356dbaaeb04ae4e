import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { describe, expect, it } from 'vitest';

import { chips, enclosed } from '../chat/chips';
import { live, result } from './chatBench';
import { Desk, trans } from './fixtures';

const item = (over: ReadonlyJSONObject): ReadonlyJSONObject => ({ written: '@df', kind: 'variable', key: 'df', found: false, ...over });

describe('what goes along', () => {
  it('is asked of the page only where the workspace does not know it, and shown as it will be sent', async () => {
    const desk = new Desk(({ args }) => {
      const given = (args.attach as Record<string, string>).df;
      const known = item({ written: '@a.py', kind: 'file', key: 'file:a.py', found: true, text: 'A' });
      return result({ items: [known, given === undefined ? item({}) : item({ found: true, text: 'df: 3 ro***' })] });
    });
    const found = await enclosed('See @a.py and @df', 'work', desk, live);
    expect(found.attach).toEqual({ df: 'df: 3 rows' });
    expect(found.mentions.map(each => each.text)).toEqual(['A', 'df: 3 ro***']);
    expect(desk.calls.map(call => [call.verb, call.options.folder])).toEqual([['mentions', 'work'], ['mentions', 'work']]);
    expect((await enclosed('nothing here', 'work', desk, live)).mentions).toEqual([]);
    expect(desk.calls.length).toBe(2);
  });

  it('is a file as its tab shows it, and the chip says so', async () => {
    const items = [
      item({ written: '@open.py', kind: 'file', key: 'file:open.py', found: true, text: 'saved' }),
      item({ written: '@a.py', kind: 'file', key: 'file:a.py', found: true, text: 'A' })
    ];
    const desk = new Desk(({ args }) => {
      const given = (args.attach as Record<string, string>)['file:open.py'];
      return result({ items: items.map(each => (given !== undefined && each.key === 'file:open.py' ? { ...each, text: given } : each)) });
    });
    const found = await enclosed('See @open.py and @a.py', 'work', desk, live);
    expect(found.attach).toEqual({ 'file:open.py': 'live' });
    const shown = chips(found, trans);
    expect(shown.map(each => each.textContent?.includes('unsaved edits'))).toEqual([true, false]);
    expect(shown[0]!.querySelector('pre')!.textContent).toBe('live');
  });
});
