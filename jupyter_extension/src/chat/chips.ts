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
  readonly problem: string;
}

const NOTHING: IEnclosed = { mentions: [], attach: {}, problem: '' };

/** Looks up what a message mentions: in the workspace, in the active notebook, in its kernel. */
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
  if (ours.length === 0) {
    return { ...NOTHING, mentions: first };
  }
  // `@df.columns` is written like a file; it speaks of the variable.
  const keys = ours.map(each => (each.kind === 'file' ? each.key.replace(/^file:/, '').split('.')[0] ?? '' : each.key));
  const { attach, problem } = await live.gather([...new Set(keys)]);
  const given: Record<string, string> = {};
  ours.forEach((each, index) => {
    const told = attach[keys[index] ?? ''];
    if (typeof told === 'string') {
      given[each.key] = told;
    }
  });
  return Object.keys(given).length === 0
    ? { mentions: first, attach: {}, problem }
    : { mentions: await look(given), attach: given, problem };
}

/** One chip a mention: its size, and when opened the very text that is sent. */
export function chips(found: IEnclosed, trans: TranslationBundle): HTMLElement[] {
  const made = found.mentions.map(each => {
    if (each.found) {
      const size = trans.__('%1 characters, about %2 tokens', each.characters.toLocaleString(), each.tokens.toLocaleString());
      return el(
        'details',
        { class: 'noo-chat-chip' },
        el('summary', {}, el('b', {}, each.written), ' ', el('span', { class: 'noo-chat-chip-size' }, size)),
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
