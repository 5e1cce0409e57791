/**
 * What happened to a path, the newest first: its versions and all below it, where moves took them, and
 * what they were before a move brought them. A parent is always older than what supersedes it, so one
 * pass from the newest on tells which versions are current.
 */

import { isVaultError, unlessLost } from '../errors.ts';
import { DotSet } from './dot-set.ts';
import type { FolderLog } from './folder-log.ts';
import { allLinks, linksOfPath, type NewestFirst } from './newest-first.ts';
import type { NamedLink, Parent } from './types.ts';
import { isCurrent } from './superseding.ts';
import { compareVersions } from './version-name.ts';

/** Below a directory, up to so many versions are found through the index: beyond, the log is read. */
const INDEXED_VERSIONS = 10_000;

export interface HistoryOptions extends NewestFirst {
  /** Default {@link INDEXED_VERSIONS}. */
  readonly indexed?: number;
}

export interface HistoryStep {
  readonly link: NamedLink;
  /** Whether no known version supersedes it. */
  readonly isCurrent: boolean;
  /** The other paths that it was moved from. */
  readonly from: readonly string[];
}

/**
 * The history of `path`, of a file or of a directory with all below it; of the whole folder where it is
 * `''`. Reads what is taken: of a file its own versions only. `isBefore` as in {@link NewestFirst}.
 * Memory grows with what was superseded and not reached yet. Throws `VAULT_DAMAGED` where the index is
 * wrong.
 */
export async function* history(
  log: FolderLog,
  path: string,
  options: HistoryOptions,
): AsyncGenerator<HistoryStep> {
  const isWithin = (at: string): boolean => path === '' || at === path || at.startsWith(`${path}/`);
  let lost = 0;
  const reading: HistoryOptions = {
    ...options,
    onLost: (error) => {
      lost++;
      options.onLost(error);
    },
  };
  const { isBefore } = options;
  const steps = (isComplete: boolean): Steps =>
    new Steps({ log, isWithin, isComplete, isBefore, hasLost: () => lost > 0 });
  if (path === '') yield* steps(true).of(allLinks(log, reading));
  else if (!(await log.paths.has(path))) yield* steps(false).of(linksOfPath(log, path, reading));
  else {
    const below = await linksBelow(log, path, reading);
    if (below === undefined) yield* steps(true).of(allLinks(log, reading));
    else yield* steps(false).of(below.toSorted((a, b) => compareVersions(b, a)));
  }
}

/** One version as {@link history} tells it, by itself. */
export async function historyStep(log: FolderLog, link: NamedLink): Promise<HistoryStep> {
  const moved = (await knownParents(log, link)).filter(({ path }) => path !== link.path);
  return { link, isCurrent: await isCurrent(log, link), from: pathsOf(moved) };
}

function pathsOf(links: readonly NamedLink[]): string[] {
  return [...new Set(links.map(({ path }) => path))];
}

interface StepsParts {
  readonly log: FolderLog;
  readonly isWithin: (path: string) => boolean;
  /** Whether every link of the folder comes by, or only those within and what superseded them. */
  readonly isComplete: boolean;
  readonly isBefore: (link: NamedLink) => boolean;
  /** Whether links that should have come by could not be read. */
  readonly hasLost: () => boolean;
}

class Steps {
  readonly #parts: StepsParts;
  readonly #superseded = new DotSet();
  /** Superseded by what was told, from another path: told when it comes by. */
  readonly #followed = new DotSet();
  /** The same where it will not come by, the newest last. */
  readonly #ahead: NamedLink[] = [];
  /** Told though they are not within. */
  readonly #elsewhere = new DotSet();

  constructor(parts: StepsParts) {
    this.#parts = parts;
  }

  /** `links`: newest first. */
  async *of(links: AsyncIterable<NamedLink> | Iterable<NamedLink>): AsyncGenerator<HistoryStep> {
    for await (const link of links) {
      for (let next = this.#ahead.at(-1); next; next = this.#ahead.at(-1)) {
        if (compareVersions(next, link) < 0) break;
        this.#ahead.pop();
        yield* this.#take(next, true);
      }
      yield* this.#take(link, this.#followed.delete(link.dot));
    }
    for (let next = this.#ahead.pop(); next; next = this.#ahead.pop())
      yield* this.#take(next, true);
  }

  async *#take(link: NamedLink, isFollowed: boolean): AsyncGenerator<HistoryStep> {
    const { log, isComplete, isBefore } = this.#parts;
    const isWithin = this.#parts.isWithin(link.path);
    if (!isWithin && this.#elsewhere.has(link.dot)) return;
    const isSuperseded = this.#superseded.delete(link.dot);
    for (const parent of link.parents) this.#superseded.add(parent);
    const parents = await knownParents(log, link);
    const moved = parents.filter((parent) => parent.path !== link.path);
    if (!isWithin && !isFollowed && !moved.some(({ path }) => this.#parts.isWithin(path))) return;
    if (!isWithin) this.#elsewhere.add(link.dot);
    for (const parent of parents) {
      if (this.#parts.isWithin(parent.path)) continue;
      if (isComplete) this.#followed.add(parent.dot);
      else if (!isBefore(parent)) this.#insert(parent);
    }
    yield {
      link,
      isCurrent: !isSuperseded && (this.#isSure(isWithin) || (await isCurrent(log, link))),
      from: pathsOf(moved),
    };
  }

  /** Whether all that may supersede a link came by before it. */
  #isSure(isWithin: boolean): boolean {
    const { hasLost, isComplete } = this.#parts;
    return !hasLost() && (isWithin || isComplete);
  }

  #insert(link: NamedLink): void {
    let at = this.#ahead.length;
    while (at > 0) {
      const order = compareVersions(this.#ahead[at - 1] ?? link, link);
      if (order === 0) return;
      if (order < 0) break;
      at--;
    }
    this.#ahead.splice(at, 0, link);
  }
}

/**
 * Every link of `path` and below, and those elsewhere that superseded one; undefined where they are too
 * many to hold.
 */
async function linksBelow(
  log: FolderLog,
  path: string,
  options: HistoryOptions,
): Promise<NamedLink[] | undefined> {
  const { isBefore, onLost, indexed = INDEXED_VERSIONS } = options;
  const found = new Map<string, NamedLink>();
  const take = (links: Iterable<NamedLink>): void => {
    for (const link of links) {
      const { log: id, seq, index } = link.dot;
      if (!isBefore(link)) found.set(`${id}:${seq}:${index}`, link);
    }
  };
  for await (const link of linksOfPath(log, path, options)) take([link]);
  const open = [path];
  let known = 0;
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    known += await log.paths.count(directory);
    if (known > indexed) return undefined;
    const listed = await log.linksIn(directory);
    for (const { error } of listed?.unread ?? []) onLost(error);
    for (const [name, links] of listed?.paths ?? []) {
      take(links);
      if (await log.paths.has(name)) open.push(name);
    }
  }
  return [...found.values()];
}

/** The link of a version, undefined where it is lost or where no version has that name. */
async function linkIfThere(log: FolderLog, name: Parent): Promise<NamedLink | undefined> {
  try {
    return await log.link(name).catch(unlessLost);
  } catch (error) {
    if (isVaultError(error, 'VAULT_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** The versions that `link` supersedes, but for those that cannot be read. */
async function knownParents(log: FolderLog, { parents }: NamedLink): Promise<NamedLink[]> {
  const known: NamedLink[] = [];
  for (const parent of parents) {
    const link = await linkIfThere(log, parent);
    if (link !== undefined) known.push(link);
  }
  return known;
}
