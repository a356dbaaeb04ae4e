import type { ICheck } from '../proposal/data';
import type { IReviewHunk } from './data';

/** Something that a check found in one file. */
export interface IFinding {
  readonly check: string;
  readonly text: string;
  /** Whether it failed; otherwise it is a note. */
  readonly failed: boolean;
  readonly vouchedBy: string;
  /** The line in the new file, where the check tells it. */
  readonly line: number | null;
}

/** What the checks found in a file: of those that did not pass, the parts of their words that begin with its path. */
export function findingsIn(checks: readonly ICheck[], path: string): readonly IFinding[] {
  return checks
    .filter(check => check.passed !== true)
    .flatMap(check =>
      check.detail
        .split('; ')
        .filter(part => part.startsWith(path) && /^[:,\s]|^$/.test(part.slice(path.length)))
        .map(part => ({
          check: check.name,
          text: part,
          failed: check.passed === false,
          vouchedBy: check.vouchedBy,
          line: lineIn(part.slice(path.length))
        }))
    );
}

/** Whether a finding's line is among those that a hunk puts in. */
export function isBeside(finding: IFinding, hunk: IReviewHunk): boolean {
  const range = /^@@ -\d+,\d+ \+(\d+),(\d+) @@/.exec(hunk.header);
  if (finding.line === null || range === null) {
    return false;
  }
  const [start, count] = range.slice(1).map(Number) as [number, number];
  return finding.line >= start && finding.line < start + count;
}

function lineIn(rest: string): number | null {
  const found = /^:(\d+)\b|\bline (\d+)\b/.exec(rest);
  const line = found?.[1] ?? found?.[2];
  return line === undefined ? null : Number(line);
}
