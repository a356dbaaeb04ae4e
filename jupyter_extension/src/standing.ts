import type { TranslationBundle } from '@jupyterlab/translation';

import { record, text } from './json';
import type { INootropic } from './tokens';

/** Which model would answer, where that is, and what was spent today. */
export interface IStanding {
  /** Empty where none is ready. */
  readonly model: string;
  /** Whether it is on this machine; null where there is none. */
  readonly local: boolean | null;
  /** Why there is none, and what to do. */
  readonly missing: string;
  readonly today: string;
}

/** Look it up in the workspace of a folder; no model is loaded or asked. */
export async function standing(client: INootropic, folder: string): Promise<IStanding> {
  const model = record((await client.call('status', {}, { folder })).result.model);
  const total = record((await client.call('cost', {}, { folder })).result.total);
  const isReady = model.ready === true;
  return {
    model: isReady ? text(model.name) : '',
    local: isReady && typeof model.local === 'boolean' ? model.local : null,
    missing: isReady ? '' : [text(model.why), text(model.next)].join(' ').trim(),
    today: text(total.cost)
  };
}

/** Whether a model is on this machine. */
export function place(local: boolean, trans: TranslationBundle): string {
  return local ? trans.__('local') : trans.__('cloud');
}
