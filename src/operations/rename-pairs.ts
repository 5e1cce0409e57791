/** Which of the paths that are gone came back under another name. */

import { asBuffer } from '../bytes.ts';
import { lastName } from '../folder-path.ts';
import type { Dot, Parent } from '../log/types.ts';
import type { Difference } from './tree-difference.ts';

/** How many versions of a path are followed back in search of the one it was moved from. */
const MOST_STEPS = 64;

/**
 * For each added path that was moved, the removed one it came from: first what the log says, then equal
 * contents, each removed path once. Empty files prove nothing by being equal.
 */
export async function renamePairs(
  differences: readonly Difference[],
  parentsOf: (version: Parent) => Promise<readonly Parent[]>,
  isEmpty: (digest: Uint8Array) => boolean,
): Promise<Map<Difference, Difference>> {
  const removed = differences.filter(
    ({ before, after }) =>
      after === undefined && before !== undefined && before.kind !== 'directory',
  );
  const added = differences.filter(
    ({ before, after }) =>
      before === undefined && after !== undefined && after.kind !== 'directory',
  );
  const pairs = new Map<Difference, Difference>();
  if (removed.length === 0 || added.length === 0) return pairs;
  const byVersion = new Map(
    removed.flatMap((one) => (one.before?.version ? [[dotKey(one.before.version), one]] : [])),
  );
  const taken = new Set<Difference>();
  for (const one of added) {
    const from = await recordedSource(one, byVersion, parentsOf);
    if (from === undefined || taken.has(from)) continue;
    pairs.set(one, from);
    taken.add(from);
  }
  const byContent = new Map<string, Difference[]>();
  for (const one of removed) {
    if (taken.has(one)) continue;
    const key = contentKey(one.before);
    const known = byContent.get(key);
    if (known === undefined) byContent.set(key, [one]);
    else known.push(one);
  }
  for (const one of added) {
    if (pairs.has(one)) continue;
    const candidates = byContent.get(contentKey(one.after));
    const name = lastName(one.path);
    const same = candidates?.findIndex(({ path }) => lastName(path) === name) ?? -1;
    if (candidates === undefined || one.after === undefined || isEmpty(one.after.digest)) continue;
    const [from] = candidates.splice(Math.max(0, same), 1);
    if (from !== undefined) pairs.set(one, from);
  }
  return pairs;
}

async function recordedSource(
  { path, after }: Difference,
  byVersion: ReadonlyMap<string, Difference>,
  parentsOf: (version: Parent) => Promise<readonly Parent[]>,
): Promise<Difference | undefined> {
  let open: readonly Parent[] = after?.version === undefined ? [] : [after.version];
  for (let step = 0; step < MOST_STEPS && open.length > 0; step++) {
    const next: Parent[] = [];
    for (const name of open) {
      const from = byVersion.get(dotKey(name));
      if (from !== undefined && from.path !== path) return from;
      next.push(...(await parentsOf(name)));
    }
    open = next;
  }
  return undefined;
}

function contentKey(entry: Difference['before']): string {
  return `${entry?.kind ?? ''} ${asBuffer(entry?.digest ?? new Uint8Array(0)).toString('hex')}`;
}

function dotKey({ log, seq, index }: Dot): string {
  return `${log}:${seq}:${index}`;
}
