import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { el, notice } from '../dom';
import type { INootropic } from '../tokens';
import type { IMention } from './data';
import { mentionsOf } from './data';
import type { ILive } from './live';

/** What goes along with a message: what the person sees before it is sent, and exactly that. */
export interface IEnclosed {
  readonly mentions: readonly IMention[];
  /** Texts that only the page knows, by the mentions' keys. */
  readonly attach: ReadonlyJSONObject;
  /** Keys of files that go along as an open tab shows them, not as they are saved. */
  readonly unsaved: readonly string[];
  readonly problem: string;
}

export const NOTHING: IEnclosed = { mentions: [], attach: {}, unsaved: [], problem: '' };

/** Looks up what a message mentions: in the workspace, in open tabs, in the active notebook, in its kernel. */
export async function enclosed(
  message: string,
  folder: string,
  client: INootropic,
  live: ILive
): Promise<IEnclosed> {
  if (!message.includes('@')) {
    return NOTHING;
  }
  const look = async (attach: ReadonlyJSONObject): Promise<IMention[]> =>
    mentionsOf((await client.call('mentions', { message, attach }, { folder })).result);
  const first = await look({});
  const ours = first.filter(each => each.kind === 'variable' || each.kind === 'cell' || (!each.found && each.problem === ''));
  const given: Record<string, string> = {};
  const unsaved: string[] = [];
  for (const each of first.filter(one => one.kind === 'file' && one.found)) {
    // What a person sees is what they mean.
    const text = live.unsavedText(PathExt.join(folder, each.key.replace(/^file:/, '')));
    if (text !== null) {
      given[each.key] = text;
      unsaved.push(each.key);
    }
  }
  // `@df.columns` is written like a file; it speaks of the variable.
  const keys = ours.map(each => (each.kind === 'file' ? each.key.replace(/^file:/, '').split('.')[0] ?? '' : each.key));
  const { attach, problem } = keys.length === 0 ? NOTHING : await live.gather([...new Set(keys)]);
  ours.forEach((each, index) => {
    const told = attach[keys[index] ?? ''];
    if (typeof told === 'string') {
      given[each.key] = told;
    }
  });
  return Object.keys(given).length === 0
    ? { ...NOTHING, mentions: first, problem }
    : { mentions: await look(given), attach: given, unsaved, problem };
}

/** One chip a mention: its size, and when opened the very text that is sent. */
export function chips(found: IEnclosed, trans: TranslationBundle): HTMLElement[] {
  const made = found.mentions.map(each => {
    if (each.found) {
      const size = trans.__('%1 characters, about %2 tokens', each.characters.toLocaleString(), each.tokens.toLocaleString());
      return el(
        'details',
        { class: 'noo-chat-chip' },
        el(
          'summary',
          {},
          el('b', {}, each.written),
          ' ',
          found.unsaved.includes(each.key) ? el('span', { class: 'noo-tag' }, trans.__('with your unsaved edits')) : null,
          ' ',
          el('span', { class: 'noo-chat-chip-size' }, size)
        ),
        el('pre', { tabindex: '0', 'aria-label': trans.__('What is sent for %1', each.written) }, each.text)
      );
    }
    const why = each.problem || found.problem || trans.__('names nothing here; it is sent as it is written');
    return el('div', { class: 'noo-chat-chip noo-mod-missing' }, el('b', {}, each.written), ' ', why);
  });
  return found.problem !== '' && found.mentions.every(each => each.found)
    ? [...made, notice('info', found.problem)]
    : made;
}
