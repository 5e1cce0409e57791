/** `diff`: what changed between two moments, or between one and the working copy. */

import { asBuffer } from '../bytes.ts';
import { isVaultError, unlessLost, VaultError } from '../errors.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { contentDigest } from '../log/body.ts';
import { TreeView, type Moment } from '../log/tree-view.ts';
import type { Parent } from '../log/types.ts';
import type { DiffOptions, DiffResult } from './look-options.ts';
import type { OperationContext } from './operation.ts';
import { DifferenceItems } from './difference-item.ts';
import { valueSource } from './look.ts';
import { momentOf } from './moment.ts';
import { pathInFolder } from './path-in-folder.ts';
import { recordWorkingCopy } from './record-working-copy.ts';
import { Rehearsal } from './rehearsal.ts';
import { renamePairs } from './rename-pairs.ts';
import { folderOfPaths, withIndex, type Session } from './session.ts';
import {
  differencesAt,
  differencesBelow,
  type ComparedSides,
  type Difference,
} from './tree-difference.ts';
import { MomentSide, WorkingCopySide, type TreeSide } from './tree-side.ts';

/** Differences that are held until it is known which are moves. With more, none are looked for. */
const HELD = 100_000;

/**
 * An item of type `difference` for each path that differs. Compares `from` with `paths[0]` where that
 * is a moment, else with the working copy as it lies, or with now where there is none. Changes nothing.
 */
export async function diff(
  session: Session,
  options: DiffOptions,
  context: OperationContext,
): Promise<DiffResult> {
  const folder = await session.folders.open(folderOfPaths(session, options));
  const warn = (message: string): void => context.emit({ type: 'warning', message });
  return withIndex(folder, () => new Diff(session, folder, options, context).run(), warn);
}

class Diff {
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #options: DiffOptions;
  readonly #context: OperationContext;
  readonly #damaged = new Set<string>();

  constructor(
    session: Session,
    folder: OpenFolder,
    options: DiffOptions,
    context: OperationContext,
  ) {
    this.#session = session;
    this.#folder = folder;
    this.#options = options;
    this.#context = context;
  }

  async run(): Promise<DiffResult> {
    const { from, paths: words, cwd, patch } = this.#options;
    const start = await this.#moment(from);
    const until = words[0] === undefined ? undefined : await this.#momentOrError(words[0]);
    const isMoment = until !== undefined && !isVaultError(until);
    const typed = isMoment ? words.slice(1) : words;
    const paths = typed.map((path) => pathInFolder(this.#session, this.#folder, path, cwd));
    const sides: ComparedSides = {
      before: await this.#momentSide(start),
      after: isMoment ? await this.#momentSide(until) : await this.#present(paths),
      signal: this.#context.signal,
      onDamage: (path, { message }) => this.#tellDamage(path, message),
    };
    for (const side of [sides.before, sides.after]) {
      for (const { message } of side.lostEntries) this.#tellDamage('', message);
    }
    const items = new DifferenceItems(sides, patch === true, (path, { message }) =>
      this.#tellDamage(path, message),
    );
    for (const [at, path] of (paths.length === 0 ? [''] : paths).entries()) {
      const found = path === '' ? differencesBelow(sides, '') : await differencesAt(sides, path);
      if (found !== undefined) await this.#emit(found, sides, items);
      else throw neither(typed[at] ?? '', at === 0 && isVaultError(until) ? until : undefined);
    }
    return { folder: this.#folder.id, ...items.counts, damaged: this.#damaged.size };
  }

  async #emit(
    found: AsyncGenerator<Difference>,
    sides: ComparedSides,
    items: DifferenceItems,
  ): Promise<void> {
    const tell = async (difference: Difference, source?: Difference): Promise<void> => {
      const item = await items.of(difference, source);
      if (item === undefined) return;
      this.#context.emit({ type: 'item', item });
      await this.#context.ready?.();
    };
    let held: Difference[] | undefined = [];
    for await (const difference of found) {
      if (held !== undefined && held.length >= HELD) {
        for (const one of held) await tell(one);
        held = undefined;
      }
      if (held === undefined) await tell(difference);
      else held.push(difference);
    }
    if (held === undefined) return;
    const pairs = await renamePairs(
      held,
      async (version) => {
        if (!sides.after.isWritten(version)) return [];
        return (await this.#folder.log.link(version).catch(unlessLost))?.parents ?? noParents;
      },
      this.#emptyDigest(),
    );
    const moved = new Set(pairs.values());
    for (const one of held) if (!moved.has(one)) await tell(one, pairs.get(one));
  }

  #moment(text: string): Promise<Moment> {
    return momentOf(this.#folder.log, text, this.#session.environment.clock);
  }

  async #momentOrError(text: string): Promise<Moment | VaultError> {
    try {
      return await this.#moment(text);
    } catch (error) {
      // What is no moment may be a path.
      if (isVaultError(error) && error.code !== 'VAULT_DAMAGED') return error;
      throw error;
    }
  }

  async #momentSide(moment: Moment): Promise<TreeSide> {
    const view = await TreeView.open(this.#folder.log, moment);
    return new MomentSide(this.#folder, view, await valueSource(this.#folder));
  }

  /** Looks at these paths only, or at everything where there is none. */
  async #present(paths: readonly string[]): Promise<TreeSide> {
    const folder = this.#folder;
    if (folder.state.path === undefined) return this.#momentSide(await this.#moment('now'));
    const rehearsal = new Rehearsal(folder);
    const within = paths.length === 0 || paths.includes('') ? {} : { within: paths };
    const options = { phase: `diff ${folder.name}`, yes: true, ...within };
    await recordWorkingCopy(this.#session, folder, rehearsal, options, this.#context);
    const { fileSystem } = this.#session.environment;
    return new WorkingCopySide(folder, rehearsal, await valueSource(folder), fileSystem);
  }

  #emptyDigest(): (digest: Uint8Array) => boolean {
    const facts = { mtimeNs: 0n, symlink: undefined, unstable: false };
    const manifest = { size: 0, depth: 0, root: undefined };
    const empty = [true, false].map((executable) =>
      asBuffer(contentDigest(this.#folder.keys.digestKey, { ...facts, manifest, executable })),
    );
    return (digest) => empty.some((one) => one.equals(digest));
  }

  /** Each path once, although both sides may lack it. */
  #tellDamage(path: string, message: string): void {
    const key = `${path}: ${message}`;
    if (this.#damaged.has(key)) return;
    this.#damaged.add(key);
    this.#context.emit({ type: 'warning', path, message });
  }
}

const noParents: readonly Parent[] = [];

/** A word that could have been a moment failed as one, too. */
function neither(typed: string, asMoment: VaultError | undefined): VaultError {
  if (asMoment !== undefined && asMoment.code !== 'VAULT_NOT_FOUND') return asMoment;
  const also = asMoment === undefined ? '' : ', and it is no snapshot, tag or time';
  return new VaultError(
    'VAULT_NOT_FOUND',
    `there is nothing at ${JSON.stringify(typed)} then or now${also}`,
    { hint: 'list what is there with: vault ls --at WHEN' },
  );
}
