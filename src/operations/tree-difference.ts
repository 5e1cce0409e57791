/** What differs between two sides of a folder, name by name; reads no content. */

import { equalBytes } from '../bytes.ts';
import type { VaultError } from '../errors.ts';
import type { ListedSide, SideEntry, TreeSide } from './tree-side.ts';

/** A path that is not the same on both sides: at least one is there. */
export interface Difference {
  readonly path: string;
  readonly before: SideEntry | undefined;
  readonly after: SideEntry | undefined;
}

export interface ComparedSides {
  readonly before: TreeSide;
  readonly after: TreeSide;
  readonly signal: AbortSignal;
  /** Names on either side that can no longer be told. */
  readonly onDamage: (path: string, error: VaultError) => void;
}

const nothing: ListedSide = { entries: [], damage: [] };

/**
 * Differences below a directory, those above before those below. Two directories never differ by
 * themselves. Names that one side can no longer tell are given to `onDamage`, and are no differences.
 */
export function differencesBelow(
  sides: ComparedSides,
  directory: string,
): AsyncGenerator<Difference> {
  return differencesIn(sides, directory, { isBefore: true, isAfter: true });
}

/** `isBefore`, `isAfter`: on which sides it is a directory; what another one may once have held is not there. */
async function* differencesIn(
  sides: ComparedSides,
  directory: string,
  { isBefore, isAfter }: { readonly isBefore: boolean; readonly isAfter: boolean },
): AsyncGenerator<Difference> {
  sides.signal.throwIfAborted();
  const before = isBefore ? await sides.before.list(directory) : nothing;
  const after = isAfter ? await sides.after.list(directory) : nothing;
  const unknown = new Set<string>();
  let isUntold = false;
  for (const { path, error } of [...before.damage, ...after.damage]) {
    sides.onDamage(path ?? directory, error);
    if (path === undefined) isUntold = true;
    else unknown.add(path);
  }
  const afterByPath = new Map(after.entries.map((entry) => [entry.path, entry]));
  const beforeByPath = new Map(before.entries.map((entry) => [entry.path, entry]));
  const paths = [...new Set([...beforeByPath.keys(), ...afterByPath.keys()])].toSorted();
  for (const path of paths) {
    const [old, now] = [beforeByPath.get(path), afterByPath.get(path)];
    const isKnown = !unknown.has(path) && !(isUntold && (old === undefined || now === undefined));
    if (isKnown && differs(old, now)) yield { path, before: old, after: now };
    yield* belowBoth(sides, path, old, now);
  }
}

/** Differences at a path and below it; undefined where neither side has anything there. */
export async function differencesAt(
  sides: ComparedSides,
  path: string,
): Promise<AsyncGenerator<Difference> | undefined> {
  const directory = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const [before, after] = [await sides.before.list(directory), await sides.after.list(directory)];
  const damage = [...before.damage, ...after.damage].filter((one) => one.path === path);
  for (const { error } of damage) sides.onDamage(path, error);
  const old = before.entries.find((entry) => entry.path === path);
  const now = after.entries.find((entry) => entry.path === path);
  if (old === undefined && now === undefined && damage.length === 0) return undefined;
  return (async function* () {
    if (damage.length === 0 && differs(old, now)) yield { path, before: old, after: now };
    yield* belowBoth(sides, path, old, now);
  })();
}

async function* belowBoth(
  sides: ComparedSides,
  path: string,
  before: SideEntry | undefined,
  after: SideEntry | undefined,
): AsyncGenerator<Difference> {
  const [isBefore, isAfter] = [before?.kind === 'directory', after?.kind === 'directory'];
  if (isBefore || isAfter) yield* differencesIn(sides, path, { isBefore, isAfter });
}

function differs(before: SideEntry | undefined, after: SideEntry | undefined): boolean {
  if (before === undefined || after === undefined) return before !== after;
  return before.kind !== after.kind || !equalBytes(before.digest, after.digest);
}
