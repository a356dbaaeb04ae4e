import type { TranslationBundle } from '@jupyterlab/translation';

import { notice } from './dom';
import type { IEventStream } from './tokens';

/** Why nothing can be asked of the server, and what to do, in words. */
export interface IAway {
  readonly title: string;
  readonly text: string;
}

/** Why nothing can be asked of the server now; null while it can, as far as is known. */
export function away(stream: IEventStream | null, trans: TranslationBundle): IAway | null {
  switch (stream?.state) {
    case 'offline':
      return {
        title: trans.__('The Jupyter server does not answer'),
        text: trans.__('The connection is tried again by itself; if the server was stopped, start it again.')
      };
    case 'refused':
      return {
        title: trans.__('The Jupyter server does not let this page in'),
        text: trans.__(
          'Its token or your login is another one now. Open the address that the server printed, or log in in another tab and come back here.'
        )
      };
    default:
      return null;
  }
}

/** A line for a panel that goes on showing what it has: the server is away, or news do not come through. */
export function awayNotice(stream: IEventStream | null, trans: TranslationBundle): HTMLElement | null {
  const found = away(stream, trans);
  if (found !== null) {
    return notice('info', `${found.title}. ${trans.__('What is shown is as it was told last.')} ${found.text}`);
  }
  return stream?.state === 'unheard'
    ? notice('info', trans.__('News do not come through: what happens elsewhere is not seen at once.'))
    : null;
}
