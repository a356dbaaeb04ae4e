import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { array, number, record, text, texts } from '../json';

/** How an answer ended. */
export type Ending = 'whole' | 'length' | 'stopped' | 'repeats' | 'cut';

/** A question and its answer, as the workspace keeps them. */
export interface ITurn {
  readonly question: string;
  readonly answer: string;
  readonly ending: Ending;
  readonly model: string;
  readonly backend: string;
  readonly sent: readonly string[];
}

/** A command that was given behind the first `turns` turns, and its answer in some forms, by MIME type. */
export interface ICommand {
  readonly number: number;
  readonly turns: number;
  readonly line: string;
  readonly forms: ReadonlyJSONObject;
}

/** A chat in the history. */
export interface IChatHead {
  readonly id: string;
  readonly title: string;
  /** The person gave the title; otherwise it is the first question. */
  readonly named: boolean;
  readonly created: string;
  readonly turns: number;
  readonly face: string;
}

/** What is known of an answer that this page has seen. Sizes are tokens. */
export interface IFacts {
  readonly chat: string;
  readonly turn: number;
  readonly model: string;
  readonly backend: string;
  readonly local: boolean;
  readonly used: number;
  readonly window: number;
  readonly exact: boolean;
  readonly leftOut: readonly { readonly name: string; readonly reason: string; readonly tokens: number }[];
  readonly notes: readonly string[];
  readonly cost: string;
  readonly chatCost: string;
}

/** One mention of a message, and what it would send along. */
export interface IMention {
  readonly written: string;
  readonly kind: string;
  readonly key: string;
  readonly found: boolean;
  readonly text: string;
  readonly characters: number;
  readonly tokens: number;
  readonly problem: string;
}

/** What is kept of the panel over a reload. */
export interface IKept {
  readonly folder: string;
  readonly chat: string;
  readonly draft: string;
  /** The run that goes on, with its verb and what was asked. */
  readonly run: string;
  readonly verb: string;
  readonly question: string;
}

/** The turns of a chat. */
export function turnsOf(result: ReadonlyJSONObject): ITurn[] {
  return array(result.turns).map(record).map(turnOf);
}

/** The commands of a chat. */
export function commandsOf(result: ReadonlyJSONObject): ICommand[] {
  return array(result.commands)
    .map(record)
    .map(each => ({
      number: number(each.number) ?? 0,
      turns: number(each.turns) ?? 0,
      line: text(each.line),
      forms: record(each.forms)
    }));
}

/** A turn, also as the answer of `chat` tells it. */
export function turnOf(data: ReadonlyJSONObject): ITurn {
  return {
    question: text(data.question),
    answer: text(data.answer),
    ending: endingOf(data.ending),
    model: text(data.model),
    backend: text(data.backend),
    sent: texts(data.sent)
  };
}

/** The chats of a workspace. */
export function headsOf(result: ReadonlyJSONObject): IChatHead[] {
  return array(result.chats)
    .map(record)
    .map(each => ({
      id: text(each.id),
      title: text(each.title),
      named: each.named === true,
      created: text(each.created),
      turns: number(each.turns) ?? 0,
      face: text(each.face)
    }));
}

/** What `chat` answers beside the text. */
export function factsOf(result: ReadonlyJSONObject): IFacts {
  return {
    chat: text(result.chat),
    turn: number(result.turn) ?? 0,
    model: text(result.model),
    backend: text(result.backend),
    local: result.local === true,
    used: number(result.used) ?? 0,
    window: number(result.window) ?? 0,
    exact: result.exact === true,
    leftOut: array(result.left_out)
      .map(record)
      .map(each => ({ name: text(each.name), reason: text(each.reason), tokens: number(each.tokens) ?? 0 })),
    notes: texts(result.notes),
    cost: text(result.cost),
    chatCost: text(result.chat_cost)
  };
}

/** What the mentions of a message stand for. */
export function mentionsOf(result: ReadonlyJSONObject): IMention[] {
  return array(result.items)
    .map(record)
    .map(each => ({
      written: text(each.written),
      kind: text(each.kind),
      key: text(each.key),
      found: each.found === true,
      text: text(each.text),
      characters: number(each.characters) ?? 0,
      tokens: number(each.tokens) ?? 0,
      problem: text(each.problem)
    }));
}

/** What was kept before a reload. */
export function keptOf(value: unknown): IKept {
  const data = record(value);
  return {
    folder: text(data.folder),
    chat: text(data.chat),
    draft: text(data.draft),
    run: text(data.run),
    verb: text(data.verb),
    question: text(data.question)
  };
}

function endingOf(value: unknown): Ending {
  return value === 'length' || value === 'stopped' || value === 'repeats' || value === 'cut' ? value : 'whole';
}
