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
  /** The person's own text, where it was accepted instead of the proposed one. */
  readonly edited: string | null;
}

/** What one check said; `passed` is null when it could not be run. */
export interface ICheck {
  readonly name: string;
  readonly passed: boolean | null;
  readonly detail: string;
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
  readonly turns: readonly string[];
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
    turns: texts(proposal.turns),
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
    edited: typeof hunk.edited === 'string' ? hunk.edited : null
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
    detail: text(check.detail)
  };
}
