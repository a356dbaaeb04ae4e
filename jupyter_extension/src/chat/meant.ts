import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { Ask } from '../api';
import { record, text } from '../json';
import type { IDraft } from '../tokens';
import type { IEnclosed } from './chips';

/** What a message asks for: a verb with its arguments, or (when `help` is not empty) to be told about one. */
export interface IMeant {
  readonly verb: string;
  readonly args: ReadonlyJSONObject;
  readonly folder: string;
  readonly help: string;
}

/**
 * Find out what a message asks for: what its draft says, what its slash command says, or an answer of the chat.
 *
 * @throws CallError when the server's grammar refuses the command.
 */
export async function whatIsMeant(
  message: string,
  found: IEnclosed | null,
  draft: IDraft | null,
  folder: string,
  ask: Ask
): Promise<IMeant> {
  const attach = found?.attach ?? {};
  if (draft !== null && draft.verb !== 'chat') {
    // The person may have changed the text; the draft's other arguments stand.
    const args = Object.entries(draft.args).map(([name, value]) => [name, value === draft.text ? message : value]);
    return { verb: draft.verb, args: Object.fromEntries(args) as ReadonlyJSONObject, folder: draft.folder, help: '' };
  }
  if (!message.startsWith('/')) {
    return { verb: 'chat', args: { message, attach }, folder, help: '' };
  }
  const read = await ask('parse', { method: 'POST', body: JSON.stringify({ path: folder, text: message }) });
  const verb = text(read.verb);
  const args = record(read.arguments);
  return { verb, args: verb === 'chat' ? { ...args, attach } : args, folder, help: text(read.help) };
}
