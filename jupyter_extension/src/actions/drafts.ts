import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IDraft } from '../tokens';
import type { IPlace } from './places';

/** What can be done with a place. */
export type Action = 'fix' | 'explain' | 'refactor' | 'tests';

/** So much of a traceback is sent: its end says what went wrong. */
const MOST_ERROR = 4000;

/**
 * Write out what an action asks for.
 *
 * @param file - the document as its workspace names it; null when it lies outside, and then only its text is sent
 */
export function draftOf(action: Action, place: IPlace, file: string | null, trans: TranslationBundle): IDraft {
  const folder = PathExt.dirname(place.path);
  const code = fenced(place.code, place.language);
  const where = file ?? PathExt.basename(place.path);
  if (action === 'explain') {
    const message = [trans.__('Explain this code from %1:', where), '', code].join('\n');
    return { verb: 'chat', args: { message }, text: message, folder };
  }
  const ask = {
    fix: trans.__('Fix the error that this code raises.'),
    refactor: trans.__('Refactor this code: clearer, with the same behaviour.'),
    tests: trans.__('Write tests for this code, in a test file of their own.')
  }[action];
  const error = place.error === '' ? [] : ['', fenced(place.error.slice(-MOST_ERROR), '')];
  const instruct = [ask, '', code, ...(action === 'fix' ? error : [])].join('\n');
  // Tests go into a file of their own: the place that is tested is not the one to change.
  const target =
    file === null || action === 'tests'
      ? {}
      : { file: [file], ...(place.cell !== '' && file.endsWith('.ipynb') ? { cell: place.cell } : {}) };
  return { verb: 'code', args: { instruct, ...target }, text: instruct, folder };
}

/** The text between fences that are longer than any within it. */
function fenced(code: string, language: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(match => match[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${code.replace(/\n+$/, '')}\n${fence}`;
}
