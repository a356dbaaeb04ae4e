import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el } from '../dom';
import type { IReviewFile } from './data';

/** The files of a proposal, by folder, each with what it puts in, takes out, and still wants. */
export function fileTree(
  files: readonly IReviewFile[],
  open: string,
  trans: TranslationBundle,
  choose: (path: string) => void
): HTMLElement {
  const folders = new Map<string, IReviewFile[]>();
  for (const file of files) {
    const folder = file.path.slice(0, file.path.lastIndexOf('/') + 1);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return el(
    'ul',
    { class: 'noo-review-tree' },
    ...[...folders].map(([folder, own]) =>
      el(
        'li',
        {},
        folder === '' ? null : el('span', { class: 'noo-review-folder' }, folder),
        el('ul', {}, ...own.map(file => el('li', {}, fileButton(file, file.path === open, trans, choose))))
      )
    )
  );
}

function fileButton(
  file: IReviewFile,
  isOpen: boolean,
  trans: TranslationBundle,
  choose: (path: string) => void
): HTMLElement {
  const waits = file.pending === 0 ? trans.__('decided') : trans._n('%1 to decide', '%1 to decide', file.pending);
  const node = button('', { class: 'noo-review-file', 'data-action': `open ${file.path}`, title: file.path }, () => choose(file.path));
  if (isOpen) {
    node.setAttribute('aria-current', 'true');
  }
  node.dataset.pending = String(file.pending > 0);
  node.setAttribute('aria-label', `${file.path}: ${[...file.about, waits].join(', ')}`);
  node.append(
    el('span', { class: 'noo-review-file-name' }, file.path.slice(file.path.lastIndexOf('/') + 1)),
    el('span', { class: 'noo-added' }, file.added === 0 ? '' : `+${file.added}`),
    el('span', { class: 'noo-removed' }, file.removed === 0 ? '' : `−${file.removed}`),
    el('span', { class: 'noo-count' }, file.pending === 0 ? '✓' : String(file.pending))
  );
  return node;
}
