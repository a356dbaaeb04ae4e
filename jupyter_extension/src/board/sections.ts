import type { TranslationBundle } from '@jupyterlab/translation';

import { el } from '../dom';
import type { IPlan, ITask } from '../plan/data';
import { graph } from '../plan/graph';
import { criticalPaths } from './critical';
import { gantt } from './gantt';
import type { SectionName } from './state';

/** Drawings are for eyes: more boxes or bars than this tell nothing. */
const MOST_DRAWN = 300;

/** What the sections are made of. */
export interface ISectionsOptions {
  readonly plan: IPlan;
  /** The tasks that the filters leave. */
  readonly tasks: readonly ITask[];
  readonly trans: TranslationBundle;
  /** Which sections are open. */
  readonly open: ReadonlyMap<SectionName, boolean>;
  readonly board: () => HTMLElement;
  /** From a box or a bar to the card. */
  readonly show: (task: string) => void;
  readonly toggled: (name: SectionName, open: boolean) => void;
}

/** The board and what is drawn below it, each in a part that can be folded; what is folded is not made. */
export function sections(options: ISectionsOptions): readonly HTMLElement[] {
  const { plan, tasks, trans, board, show } = options;
  const drawn = (make: () => HTMLElement): HTMLElement =>
    tasks.length <= MOST_DRAWN
      ? make()
      : el(
          'p',
          { class: 'noo-facts' },
          trans.__('%1 tasks are too many to draw: filter them to %2 or less.', tasks.length, MOST_DRAWN)
        );
  const made = [section('board', trans.__('Board'), board, options)];
  if (plan.tasks.some(task => task.dependsOn.length > 0)) {
    made.push(section('graph', trans.__('Dependencies'), () => drawn(() => graph(tasks, trans, show)), options));
  }
  if (plan.tasks.some(task => task.ends !== null)) {
    made.push(section('gantt', trans.__('Schedule'), () => drawn(() => gantt(tasks, trans, show)), options));
  }
  if (plan.critical.length > 0) {
    const title = trans._n('Critical path', 'Critical paths', plan.critical.length);
    made.push(section('critical', title, () => criticalPaths(plan.critical, trans), options));
  }
  return made;
}

function section(name: SectionName, title: string, make: () => HTMLElement, options: ISectionsOptions): HTMLElement {
  const open = options.open.get(name) === true;
  const node = el(
    'details',
    { class: 'noo-section', 'data-section': name, open: open ? '' : undefined },
    el('summary', { class: 'noo-section-title' }, title),
    open ? make() : null
  );
  node.addEventListener('toggle', () => {
    if (node.open !== (options.open.get(name) === true)) {
      options.toggled(name, node.open);
    }
  });
  return node;
}
