import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { array, number, record, text, texts } from '../json';
import type { IHunk, IProposal } from '../proposal/data';
import { readProposal } from '../proposal/data';

/** One proposal in a list. */
export interface IProposalLine {
  readonly id: string;
  readonly title: string;
  readonly task: string;
  readonly status: string;
  readonly how: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly paths: readonly string[];
  readonly hunks: number;
  readonly pending: number;
  readonly failed: readonly string[];
  readonly passed: number;
}

/** One file of a proposal, without its lines. */
export interface IReviewFile {
  readonly path: string;
  readonly about: readonly string[];
  readonly added: number;
  readonly removed: number;
  readonly hunks: number;
  readonly pending: number;
  /** The number of its first hunk, and of the first that waits. */
  readonly first: number;
  readonly firstPending: number | null;
}

/** A hunk with what its view must know beforehand. */
export interface IReviewHunk extends IHunk {
  readonly editable: boolean;
  /** Its lines were too many to come along: it is asked for by itself. */
  readonly leftOut: boolean;
  readonly cellKind: string;
  /** The id of its cell; empty in a text. */
  readonly cellId: string;
  readonly outputs: number;
}

/** Cells that stay, above a hunk or (null) below the last one. */
export interface ICellRun {
  readonly before: number | null;
  readonly count: number;
  readonly heads: readonly { readonly place: number; readonly kind: string; readonly text: string }[];
}

/** A proposal's files, and the hunks of the one that is open. */
export interface IReview {
  /** Without hunks. */
  readonly proposal: IProposal;
  readonly files: readonly IReviewFile[];
  readonly path: string;
  readonly page: number;
  readonly pages: number;
  readonly drift: string;
  /** So large that no hunk was tried: what does not fit is refused when it is accepted. */
  readonly large: boolean;
  /** Why files of the proposal could not be accepted now, by path: of the open file, and of others where that is known. */
  readonly refused: ReadonlyMap<string, string>;
  readonly language: string;
  readonly hunks: readonly IReviewHunk[];
  readonly cells: readonly ICellRun[];
}

/** Read what `diff P1` or `diff P1/path` answered; null when this version does not understand it. */
export function readReview(result: ReadonlyJSONObject): IReview | null {
  const read = readProposal({ proposal: result.proposal, hunks: result.hunks });
  if (read === null || !Array.isArray(result.files)) {
    return null;
  }
  const extra = array(result.hunks).map(record);
  return {
    proposal: { ...read, hunks: [] },
    files: result.files.map(file => readFile(record(file))),
    path: text(result.path),
    page: number(result.page) ?? 1,
    pages: number(result.pages) ?? 1,
    drift: text(result.drift),
    large: result.large === true,
    refused: new Map(Object.entries(record(result.refused)).map(([path, why]) => [path, text(why)])),
    language: text(result.language),
    hunks: read.hunks.map((hunk, index) => ({
      ...hunk,
      editable: extra[index]?.editable === true,
      leftOut: extra[index]?.left_out === true,
      cellKind: text(extra[index]?.cell_kind),
      cellId: text(extra[index]?.cell_id),
      outputs: number(extra[index]?.outputs) ?? 0
    })),
    cells: array(result.cells).map(run => readRun(record(run)))
  };
}

/** Read what `diff` answered without a name: the proposals, those that wait first, the newest first. */
export function readList(result: ReadonlyJSONObject): readonly IProposalLine[] {
  const lines = array(result.proposals).map(line => readLine(record(line)));
  return lines
    .filter(line => /^P\d+$/.test(line.id))
    .sort((a, b) => Number(b.pending > 0) - Number(a.pending > 0) || b.created - a.created);
}

function readFile(file: ReadonlyJSONObject): IReviewFile {
  const states = record(file.states);
  return {
    path: text(file.path),
    about: texts(file.about),
    added: number(file.added) ?? 0,
    removed: number(file.removed) ?? 0,
    hunks: Object.values(states).reduce((sum: number, count) => sum + (number(count) ?? 0), 0),
    pending: number(states.pending) ?? 0,
    first: number(file.first) ?? 1,
    firstPending: number(file.first_pending)
  };
}

function readRun(run: ReadonlyJSONObject): ICellRun {
  return {
    before: number(run.before),
    count: number(run.count) ?? 0,
    heads: array(run.heads).map(record).map(head => ({
      place: number(head.place) ?? 0,
      kind: text(head.kind),
      text: text(head.text)
    }))
  };
}

function readLine(line: ReadonlyJSONObject): IProposalLine {
  return {
    id: text(line.id),
    title: text(line.title),
    task: text(line.task),
    status: text(line.status),
    how: text(line.how),
    created: number(line.created) ?? 0,
    paths: texts(line.paths),
    hunks: number(line.hunks) ?? 0,
    pending: number(line.pending) ?? 0,
    failed: texts(line.failed_checks),
    passed: number(line.passed_checks) ?? 0
  };
}
