/** Differences as they are told: what kind of change each is, and its patch. */

import type { VaultError } from '../errors.ts';
import type { Body } from '../log/types.ts';
import { versionId } from '../log/version-name.ts';
import type { DiffCounts } from './look-options.ts';
import type { Item } from './operation.ts';
import { filePatch, isBinary, type PatchSide } from './file-patch.ts';
import type { ComparedSides, Difference } from './tree-difference.ts';
import { asLoss, type SideEntry, type TreeSide } from './tree-side.ts';

/** A file above this is not compared line by line: what a patch holds in memory of each side. */
const MOST_BYTES = 8 * 1024 * 1024;

type Change = keyof DiffCounts;

interface Half {
  readonly entry: SideEntry;
  /** Undefined for a directory, and where it is lost. */
  readonly body: Body | undefined;
}

export class DifferenceItems {
  readonly counts: { -readonly [K in Change]: number } = {
    added: 0,
    changed: 0,
    removed: 0,
    renamed: 0,
    mode: 0,
    kind: 0,
  };
  readonly #sides: ComparedSides;
  readonly #withPatch: boolean;
  readonly #onDamage: (path: string, error: VaultError) => void;

  constructor(
    sides: ComparedSides,
    withPatch: boolean,
    onDamage: (path: string, error: VaultError) => void,
  ) {
    this.#sides = sides;
    this.#withPatch = withPatch;
    this.#onDamage = onDamage;
  }

  /** The item of a difference; `source`: the removed path that it was moved from. */
  async of(difference: Difference, source: Difference | undefined): Promise<Item> {
    const before = await this.#half(this.#sides.before, (source ?? difference).before);
    const after = await this.#half(this.#sides.after, difference.after);
    const change = source === undefined ? changeOf(before, after) : 'renamed';
    this.counts[change]++;
    const { path } = difference;
    const present = after ?? before;
    return {
      type: 'difference',
      change,
      path,
      kind: present?.entry.kind,
      ...(change === 'kind' ? { kindBefore: before?.entry.kind } : {}),
      ...(source === undefined ? {} : { from: source.path }),
      ...factsOf(before, this.#sides.before, 'Before'),
      ...factsOf(after, this.#sides.after, ''),
      ...(this.#withPatch ? await this.#patch(before, after) : {}),
    };
  }

  async #half(side: TreeSide, entry: SideEntry | undefined): Promise<Half | undefined> {
    if (entry === undefined) return undefined;
    if (entry.kind === 'directory') return { entry, body: undefined };
    try {
      return { entry, body: await side.body(entry) };
    } catch (error) {
      this.#onDamage(entry.path, asLoss(error));
      return { entry, body: undefined };
    }
  }

  async #patch(
    before: Half | undefined,
    after: Half | undefined,
  ): Promise<Record<string, unknown>> {
    try {
      const old = await patchSide(this.#sides.before, before);
      const now = await patchSide(this.#sides.after, after);
      if (old === undefined && now === undefined) return {};
      const sides = [old, now].filter((side) => side !== undefined);
      const isLarge = sides.some(({ content }) => content === undefined);
      const binary =
        isLarge || sides.some(({ content }) => content !== undefined && isBinary(content));
      return { patch: filePatch(old, now), binary };
    } catch (error) {
      this.#onDamage((after ?? before)?.entry.path ?? '', asLoss(error));
      return {};
    }
  }
}

function changeOf(before: Half | undefined, after: Half | undefined): Change {
  if (before === undefined) return 'added';
  if (after === undefined) return 'removed';
  if (before.entry.kind !== after.entry.kind) return 'kind';
  const [old, now] = [before.body, after.body];
  if (old?.manifest === undefined || now?.manifest === undefined) return 'changed';
  return sameBytes(old.manifest, now.manifest) ? 'mode' : 'changed';
}

function sameBytes(a: NonNullable<Body['manifest']>, b: NonNullable<Body['manifest']>): boolean {
  if (a.size !== b.size || a.depth !== b.depth) return false;
  return Buffer.compare(a.root ?? new Uint8Array(0), b.root ?? new Uint8Array(0)) === 0;
}

function factsOf(
  half: Half | undefined,
  side: TreeSide,
  ending: 'Before' | '',
): Record<string, unknown> {
  if (half === undefined) return {};
  const { entry, body } = half;
  const isWritten = entry.version !== undefined && side.isWritten(entry.version);
  const facts: Record<string, unknown> = {
    [`version${ending}`]: isWritten && entry.version ? versionId(entry.version) : null,
  };
  if (body?.manifest !== undefined) facts[`size${ending}`] = body.manifest.size;
  if (body?.manifest !== undefined) facts[`executable${ending}`] = body.executable;
  if (body?.symlink !== undefined) facts[`target${ending}`] = body.symlink;
  return facts;
}

/** A directory has no patch: git keeps none. */
async function patchSide(side: TreeSide, half: Half | undefined): Promise<PatchSide | undefined> {
  if (half?.body === undefined) return undefined;
  const { entry, body } = half;
  const content = await side.content(entry, MOST_BYTES);
  const kind = body.symlink === undefined ? 'file' : 'symlink';
  return { path: entry.path, kind, executable: body.executable, content };
}
