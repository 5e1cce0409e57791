/** Which path of a folder a user means. */

import { VaultError } from '../errors.ts';
import { isInside, realPathOfMissing } from '../home/folder-set.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { Session } from './session.ts';

/** The path within the folder that a user means; `''` is the root. Throws `VAULT_PATH_UNSAFE` for one outside. */
export function pathInFolder(
  session: Session,
  folder: OpenFolder,
  typed: string,
  cwd: string,
): string {
  const root = folder.state.path;
  // Without a working copy this disk has nothing to say of what names mean.
  if (root === undefined) return withoutLinks('', typed).slice(1);
  const { fileSystem } = session.environment;
  const here = realPathOfMissing(fileSystem, cwd);
  const base = isInside(here, root) ? here : root;
  // Only the directories before the last name are resolved: a symlink itself is what is meant.
  const slash = typed.lastIndexOf('/');
  const name = typed.slice(slash + 1);
  const parent = slash < 0 ? '' : typed.slice(0, slash + 1);
  const directory = parent.startsWith('/')
    ? realPathOfMissing(fileSystem, parent)
    : realPathOfMissing(fileSystem, `${base}/${parent}`);
  const absolute =
    name === '' || name === '.' || name === '..'
      ? realPathOfMissing(fileSystem, `${directory}/${name}`)
      : `${directory === '/' ? '' : directory}/${name}`;
  const meant = isInside(absolute, root) ? absolute : withoutLinks(base, typed);
  if (meant === root) return '';
  if (!isInside(meant, root)) {
    throw new VaultError(
      'VAULT_PATH_UNSAFE',
      `${JSON.stringify(typed)} lies outside of the folder`,
    );
  }
  return folder.aliases.toPath(meant.slice(root.length + 1));
}

/** The path as its names say: in the past there were directories where now a symlink leads elsewhere. */
function withoutLinks(base: string, typed: string): string {
  const names: string[] = [];
  for (const name of (typed.startsWith('/') ? typed : `${base}/${typed}`).split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

/** Where a moment shows nothing at a path. */
export function noSuchPath(path: string): VaultError {
  return new VaultError('VAULT_NOT_FOUND', `there is nothing at ${JSON.stringify(path)} then`, {
    hint: 'when there was: vault log PATH; what there is: vault ls --at WHEN',
  });
}
