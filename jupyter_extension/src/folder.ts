import { PathExt } from '@jupyterlab/coreutils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

/** Tells in which folder (below the server's root) something is rendered. */
export type FolderOf = (resolver: IRenderMime.IResolver | null) => string;

/**
 * Make the function that finds the folder of the document in which something is rendered.
 *
 * JupyterLab's own resolver knows the document's path, though the interface does not name it.
 *
 * @param localPath - takes the drive's prefix off a path
 */
export function folderFinder(localPath: (path: string) => string): FolderOf {
  return resolver => {
    const path: unknown = resolver && 'path' in resolver ? resolver.path : '';
    return typeof path === 'string' && path !== '' ? PathExt.dirname(localPath(path)) : '';
  };
}
