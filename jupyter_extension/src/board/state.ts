import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { number, record, text } from '../json';
import type { IFilter } from './filter';
import { readFilter } from './filter';

/** The parts of the view that can be folded. */
export type SectionName = 'board' | 'graph' | 'gantt' | 'critical';

/** How a person has arranged the board: what is kept over a reload. */
export interface IBoardState {
  filter: IFilter;
  /** Lanes folded (true) or unfolded by the person. */
  readonly folded: Map<string, boolean>;
  readonly sections: Map<SectionName, boolean>;
  scroll: number;
  /** Runs that had not ended, by task: they go on while the page is away. */
  readonly runs: Map<string, string>;
}

const SECTIONS: readonly SectionName[] = ['board', 'graph', 'gantt', 'critical'];

/** Read what was kept; `open` are the sections that are open where the person has not said. */
export function readState(data: unknown, open: readonly SectionName[]): IBoardState {
  const kept = record(data);
  const sections = record(kept.sections);
  return {
    filter: readFilter(kept.filter),
    folded: new Map(Object.entries(record(kept.folded)).map(([epic, folded]) => [epic, folded === true])),
    sections: new Map(
      SECTIONS.map(name => [name, typeof sections[name] === 'boolean' ? sections[name] === true : open.includes(name)])
    ),
    scroll: number(kept.scroll) ?? 0,
    runs: new Map(Object.entries(record(kept.runs)).map(([task, run]) => [task, text(run)]))
  };
}

/** What is kept of a state. */
export function keptState(state: IBoardState): ReadonlyJSONObject {
  return {
    filter: { ...state.filter },
    folded: Object.fromEntries(state.folded),
    sections: Object.fromEntries(state.sections),
    scroll: Math.round(state.scroll),
    runs: Object.fromEntries(state.runs)
  };
}
