import { describe, expect, it } from 'vitest';

import { serverPaths } from '../serverPaths';
import { answer, Desk } from './fixtures';

describe('a file of the workspace', () => {
  const at = async (folder: string, seen: string | null, file: string): Promise<string | null> => {
    const desk = new Desk(() => answer({}));
    desk.place = async () => seen;
    return (await serverPaths(desk, folder))(file);
  };

  it('has its path below the server’s root, whichever lies deeper', async () => {
    expect(await at('', '_', 'a/b.py')).toBe('a/b.py');
    expect(await at('work', '_', 'a.py')).toBe('work/a.py');
    expect(await at('work/notes', 'notes/_', 'a.py')).toBe('work/a.py');
    expect(await at('notes', 'notes/_', 'a.py')).toBe('a.py');
    expect(await at('', 'sub/_', 'sub/a.py')).toBe('a.py');
    expect(await at('', 'sub/_', 'other/a.py')).toBeNull();
    expect(await at('in', 'sub/in/_', 'sub/a.py')).toBe('a.py');
    expect(await at('', null, 'a.py')).toBeNull();
  });
});
