import type { TranslationBundle } from '@jupyterlab/translation';

/** The name of a hunk's state. */
export function stateWords(state: string, trans: TranslationBundle): string {
  switch (state) {
    case 'pending':
      return trans.__('to decide');
    case 'accepted':
      return trans.__('accepted');
    case 'edited':
      return trans.__('accepted, edited');
    case 'rejected':
      return trans.__('rejected');
    case 'undone':
      return trans.__('undone');
    default:
      return state;
  }
}

/** The name of a proposal's status. */
export function statusWords(status: string, trans: TranslationBundle): string {
  switch (status) {
    case 'open':
      return trans.__('open');
    case 'partial':
      return trans.__('partly accepted');
    default:
      return stateWords(status, trans);
  }
}
