/** The working copy of a machine, as a user sees it. */

import { STAGING_NAME } from '../../src/folder/staging-area.ts';
import type { FileSystem } from '../../src/system/file-system.ts';

/** `D`, `L` and the target, or `F` and the text: what lies at a path. */
export type State = string;
export type Tree = ReadonlyMap<string, State>;

/** vault's own directory inside a working copy. */
const OWN = '.vault';

export function readTree(fileSystem: FileSystem, root: string): Tree {
  const found = new Map<string, State>();
  const walk = (directory: string, prefix: string): void => {
    const entries = fileSystem.list(directory).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, kind } of entries) {
      if (prefix === '' && name.startsWith(OWN)) continue;
      const at = `${directory}/${name}`;
      const path = `${prefix}${name}`;
      if (kind === 'directory') {
        found.set(path, 'D');
        walk(at, `${path}/`);
      } else if (kind === 'symlink') found.set(path, `L${fileSystem.readSymlink(at)}`);
      else found.set(path, `F${Buffer.from(fileSystem.readFile(at)).toString('latin1')}`);
    }
  };
  walk(root, '');
  return found;
}

/** Every path whose state differs, with both. */
export function differences(
  before: Tree,
  after: Tree,
): Map<string, { readonly before: State | undefined; readonly after: State | undefined }> {
  const found = new Map<string, { before: State | undefined; after: State | undefined }>();
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const one = { before: before.get(path), after: after.get(path) };
    if (one.before !== one.after) found.set(path, one);
  }
  return found;
}

/** For people: long contents shortened. */
export function stateText(state: State | undefined): string {
  if (state === undefined) return 'nothing';
  return JSON.stringify(state.length > 40 ? `${state.slice(0, 30)}… ${state.length}` : state);
}

/** What lies aside in vault's own directory, one after another: paths of the folder with their states. */
export function* readAside(fileSystem: FileSystem, root: string): Generator<Map<string, State>> {
  const area = `${root}/${STAGING_NAME}/old`;
  if (fileSystem.statIfPresent(area) === undefined) return;
  for (const [name, state] of readTree(fileSystem, area)) {
    const place = `${area}/${name}.path`;
    if (fileSystem.statIfPresent(place)?.kind !== 'symlink') continue;
    yield new Map([[fileSystem.readSymlink(place), state]]);
  }
}
