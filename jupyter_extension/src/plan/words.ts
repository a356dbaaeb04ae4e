import type { TranslationBundle } from '@jupyterlab/translation';

import type { IHow } from './data';

/** Who does a task, in a word or two. */
export function howWords(how: IHow, trans: TranslationBundle): string {
  switch (how.kind) {
    case 'recipe':
      return how.recipe ? trans.__('recipe %1', how.recipe) : trans.__('recipe');
    case 'model':
      return trans.__('model edit');
    case 'person':
      return trans.__('by a person');
    default:
      return trans.__('nobody yet');
  }
}

/** The name of a task's status. */
export function statusWords(status: string, trans: TranslationBundle): string {
  switch (status) {
    case 'pending':
      return trans.__('waiting');
    case 'ready':
      return trans.__('ready');
    case 'running':
      return trans.__('running');
    case 'review':
      return trans.__('in review');
    case 'done':
      return trans.__('done');
    case 'failed':
      return trans.__('failed');
    case 'blocked':
      return trans.__('blocked');
    case 'superseded':
      return trans.__('superseded');
    case 'cancelled':
      return trans.__('cancelled');
    case 'deferred':
      return trans.__('deferred');
    default:
      return status;
  }
}

/** The name of a board column. */
export function columnWords(title: string, trans: TranslationBundle): string {
  switch (title) {
    case 'Ready':
      return trans.__('Ready');
    case 'Waiting':
      return trans.__('Waiting');
    case 'In review':
      return trans.__('In review');
    case 'Done':
      return trans.__('Done');
    case 'Not possible yet':
      return trans.__('Not possible yet');
    case 'Deferred':
      return trans.__('Deferred');
    case 'Dropped':
      return trans.__('Dropped');
    default:
      return title;
  }
}

/** A number of hours, as short as it can be. */
export function hoursWords(hours: number, trans: TranslationBundle): string {
  return trans.__('%1 h', String(Math.round(hours * 10) / 10));
}
