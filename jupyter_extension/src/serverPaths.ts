import type { INootropic } from './tokens';

/** Make the function that turns a file of a workspace into its path below the server's root (null: it lies outside). */
export async function serverPaths(client: INootropic, folder: string): Promise<(file: string) => string | null> {
  const probe = '_';
  const seen = await client.place(folder === '' ? probe : `${folder}/${probe}`);
  if (seen === null) {
    return () => null;
  }
  // How the workspace calls the folder, and how the server does: the longer of the two tells which root lies deeper.
  const inside = seen === probe ? '' : seen.slice(0, -probe.length - 1);
  if (inside === '' || folder === inside || folder.endsWith(`/${inside}`)) {
    const root = inside === '' ? folder : folder.slice(0, folder.length - inside.length).replace(/\/$/, '');
    return file => (root === '' ? file : `${root}/${file}`);
  }
  const above = folder === '' ? inside : inside.slice(0, inside.length - folder.length).replace(/\/$/, '');
  return file => (file.startsWith(`${above}/`) ? file.slice(above.length + 1) : null);
}
