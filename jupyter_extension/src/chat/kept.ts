import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { Ask } from '../api';
import { array, number, record, text } from '../json';
import type { INootropic } from '../tokens';
import type { IChatHead, ICommand, ITurn } from './data';
import { commandsOf, headsOf, turnsOf } from './data';

/** So many characters of a command's answer are kept; the server's own figure. */
const MOST_KEPT = 200_000;

/** A chat as the workspace keeps it. */
export interface IChat {
  readonly turns: readonly ITurn[];
  readonly commands: readonly ICommand[];
  readonly cost: string;
}

/** A question that is being answered, by whichever window asked it. */
export interface IAsked {
  readonly run: string;
  readonly question: string;
}

/** The chats of a workspace, the newest first. */
export async function chatsOf(client: INootropic, folder: string): Promise<readonly IChatHead[]> {
  return headsOf((await client.call('chats', { action: 'list' }, { folder })).result);
}

/** One chat. */
export async function chatOf(client: INootropic, folder: string, id: string): Promise<IChat> {
  const { result } = await client.call('chats', { action: 'show', id }, { folder });
  return { turns: turnsOf(result), commands: commandsOf(result), cost: text(result.cost) };
}

/**
 * Keep a command with its answer in a chat, or in a new one where the id is empty.
 *
 * It is asked for past the client: it is no decision that views would have to follow.
 */
export async function keepCommand(
  ask: Ask,
  folder: string,
  chat: string,
  line: string,
  forms: ReadonlyJSONObject
): Promise<{ readonly chat: string; readonly number: number }> {
  const fitting = Object.entries(forms).filter(([, value]) => JSON.stringify(value).length <= MOST_KEPT);
  const args = {
    line,
    forms: fitting.length > 0 ? Object.fromEntries(fitting) : { 'text/plain': text(forms['text/plain']).slice(0, MOST_KEPT) },
    ...(chat === '' ? {} : { chat })
  };
  const body = JSON.stringify({ arguments: args, path: folder });
  const { result } = await ask('capabilities/note-command', { method: 'POST', body });
  return { chat: text(record(result).chat), number: number(record(result).number) ?? 0 };
}

/** What is being answered at present that `of` knows to belong to a chat, or null. */
export async function comingIn(ask: Ask, of: (run: ReadonlyJSONObject) => IAsked | null): Promise<IAsked | null> {
  const { runs } = await ask('runs', { method: 'GET' });
  return array(runs).map(run => of(record(run))).find(asked => asked !== null) ?? null;
}
