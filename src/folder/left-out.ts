/** Working copy → what a scan leaves out of it, and why. Looks at nothing below a name that is left out. */

import { systemCode } from '../errors.ts';
import { join } from '../folder-path.ts';
import type { DirectoryEntry, FileKind, FileSystem } from '../system/file-system.ts';
import { directoryFilter, type WhyOut } from './directory-filter.ts';
import type { Excludes } from './excludes.ts';
import { IgnoreMatcher, type IgnoreRules } from './ignore-rules.ts';
import { isOneOf, isTemporaryName, type DirectoryIdentity } from './look.ts';

export interface LeftOut {
  /** Relative to the root. */
  readonly path: string;
  readonly kind: FileKind;
  readonly why: WhyOut;
}

/**
 * What is left out, directories before what is in them, in order of names. What cannot be listed or
 * looked at is passed over: a scan reports it. `neverEnter`: directories that are as if not there.
 */
export function* leftOut(
  fileSystem: FileSystem,
  root: string,
  excludes: Excludes,
  neverEnter: readonly DirectoryIdentity[],
): Generator<LeftOut> {
  const { device } = fileSystem.stat(root);
  const input = { fileSystem, excludes, device, matcher: new IgnoreMatcher() };
  const open: { path: string; rules: IgnoreRules }[] = [
    { path: '', rules: { given: excludes.patterns, files: [] } },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path } = next;
    const absolute = path === '' ? root : `${root}/${path}`;
    const names = orNothing<DirectoryEntry[]>([], () => fileSystem.list(absolute));
    const filter = directoryFilter(input, { path, absolute, names }, next.rules);
    if ('problem' in filter) continue;
    const below: typeof open = [];
    for (const { name, kind } of names.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = `${absolute}/${name}`;
      if (isTemporaryName(name)) continue;
      const why = filter.whyOut(name, kind) ?? tooLarge(input, child, kind);
      if (why !== undefined) yield { path: join(path, name), kind, why };
      else if (kind === 'directory') {
        const stat = fileSystem.statIfPresent(child);
        if (stat === undefined || isOneOf(neverEnter, stat)) continue;
        below.push({ path: join(path, name), rules: filter.rules });
      }
    }
    open.push(...below.toReversed());
  }
}

function tooLarge(
  { fileSystem, excludes }: { fileSystem: FileSystem; excludes: Excludes },
  path: string,
  kind: FileKind,
): WhyOut | undefined {
  if (kind !== 'file' || excludes.largerThan === undefined) return undefined;
  const bytes = orNothing(0, () => fileSystem.stat(path).size);
  return bytes > excludes.largerThan ? { by: 'size', bytes } : undefined;
}

function orNothing<T>(nothing: T, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return nothing;
  }
}
