import { array, number, record, text, texts } from '../json';

/** One line of a diff: kept, taken out, or put in. */
export interface ILine {
  readonly op: ' ' | '-' | '+';
  readonly text: string;
}

/** One decision for a person. */
export interface IHunk {
  readonly ref: string;
  readonly number: number;
  readonly path: string;
  readonly kind: string;
  readonly header: string;
  readonly state: string;
  readonly lines: readonly ILine[];
  /** The person's own text, where it was accepted instead of the proposed one; the lines show it. */
  readonly edited: string | null;
  /** The person's own text that accepting will take; the lines show it. */
  readonly draft: string | null;
  /** Why the hunk could not be accepted as the files are now; empty where it could. */
  readonly refused: string;
  /** The text that was proposed. */
  readonly proposed: string;
}

/** What one check said; `passed` is null when it could not be run. */
export interface ICheck {
  readonly name: string;
  readonly passed: boolean | null;
  readonly detail: string;
  /** Who saw it pass; empty where the output does not tell. */
  readonly vouchedBy: string;
}

/** A turn that can be reversed, and the hunks that it is about. */
export interface ITurn {
  readonly id: string;
  readonly hunks: readonly string[];
}

/** Where a proposal comes from. */
export interface IProvenance {
  readonly task: string;
  readonly how: string;
  readonly model: string;
  readonly prompt: string;
  readonly context: readonly string[];
  readonly answer: string;
  readonly trace: string;
  readonly steps: readonly string[];
}

/** A proposal, ready to be shown. */
export interface IProposal {
  readonly id: string;
  readonly title: string;
  readonly task: string;
  readonly status: string;
  readonly how: string;
  readonly model: string;
  readonly checks: readonly ICheck[];
  /** What `undo` and `redo` would reverse of it; null where there is nothing. */
  readonly undo: ITurn | null;
  readonly redo: ITurn | null;
  /** Null where the output does not tell it. */
  readonly provenance: IProvenance | null;
  readonly hunks: readonly IHunk[];
  readonly notes: readonly string[];
}

/** Read a proposal's data; null when it is not one that this version understands. */
export function readProposal(data: unknown): IProposal | null {
  const source = record(data);
  const proposal = record(source.proposal);
  const id = text(proposal.id);
  if (!/^P\d+$/.test(id) || !Array.isArray(source.hunks)) {
    return null;
  }
  return {
    id,
    title: text(proposal.title),
    task: text(proposal.task),
    status: text(proposal.status),
    how: text(proposal.how),
    model: text(proposal.model),
    checks: array(proposal.checks).map(readCheck),
    undo: readTurn(proposal.undoable, proposal.undoes),
    redo: readTurn(proposal.redoable, proposal.redoes),
    provenance: readProvenance(source.provenance),
    hunks: source.hunks.map((hunk, index) => readHunk(record(hunk), id, index)),
    notes: texts(source.notes)
  };
}

function readHunk(hunk: Readonly<Record<string, unknown>>, proposal: string, index: number): IHunk {
  const position = number(hunk.number) ?? index + 1;
  return {
    ref: text(hunk.ref) || `${proposal}:${position}`,
    number: position,
    path: text(hunk.path),
    kind: text(hunk.kind),
    header: text(hunk.header),
    state: text(hunk.state) || 'pending',
    lines: array(hunk.lines).map(line => readLine(record(line))),
    edited: typeof hunk.edited === 'string' ? hunk.edited : null,
    draft: typeof hunk.draft === 'string' ? hunk.draft : null,
    refused: text(hunk.refused),
    proposed: text(hunk.new)
  };
}

function readTurn(id: unknown, hunks: unknown): ITurn | null {
  return /^A\d+$/.test(text(id)) ? { id: text(id), hunks: texts(hunks) } : null;
}

function readProvenance(value: unknown): IProvenance | null {
  const source = record(value);
  if (text(source.how) === '') {
    return null;
  }
  const version = text(source.prompt_version);
  return {
    task: [text(source.task), text(source.task_title)].filter(part => part !== '').join(' '),
    how: text(source.how),
    model: text(source.model),
    prompt: text(source.prompt) + (text(source.prompt) !== '' && version !== '' ? ` (${version})` : ''),
    context: texts(source.context),
    answer: text(source.answer),
    trace: text(source.trace_id),
    steps: texts(source.steps)
  };
}

function readLine(line: Readonly<Record<string, unknown>>): ILine {
  return { op: line.op === '-' || line.op === '+' ? line.op : ' ', text: text(line.text) };
}

function readCheck(value: unknown): ICheck {
  const check = record(value);
  return {
    name: text(check.name),
    passed: typeof check.passed === 'boolean' ? check.passed : null,
    detail: text(check.detail),
    vouchedBy: text(check.vouched_by)
  };
}
