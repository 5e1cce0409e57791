/** What the users of one node did, and which of their contents vault may never lose. */

import type { State } from './working-tree.ts';

interface Change {
  readonly before: State | undefined;
  readonly after: State | undefined;
}

type Changes = ReadonlyMap<string, Change>;

/** Paths that were touched while something ran, with the states they had. */
export type Touched = Map<string, readonly (State | undefined)[]>;

export class UserModel {
  /** Contents that stood still while everything was recorded: to be readable for ever. */
  readonly kept = new Set<State>();
  /** As {@link kept} was when a copy of the machine was made. */
  #keptByCopy: ReadonlySet<State> = new Set();
  /** What vault brought here: found again after a crash, it may be taken for what a user did. */
  readonly #brought = new Set<string>();
  #hadMishap = false;
  /** Directories that were given another name while vault worked in them: it may have gone on there. */
  readonly #moved = new Set<string>();
  /** The names that they had: what vault thinks that it put below them is gone. */
  readonly #left = new Set<string>();
  /** Each path with each state that somebody gave it on this node: nothing else may be recorded. */
  readonly #given = new Set<string>();
  /** What a user wrote last at each path, and was not recorded for sure. */
  readonly #standing = new Map<string, State>();
  readonly #scans = new Set<Touched>();

  /** How many edits were made. */
  edits = 0;

  did(changes: Changes): void {
    this.edits++;
    this.#note(changes);
    if (this.#scans.size > 0) this.#noteMoved(changes);
    for (const [path, { before, after }] of changes) {
      if (after === undefined || after === 'D') this.#standing.delete(path);
      else this.#standing.set(path, after);
      for (const touched of this.#scans) {
        touched.set(path, [...(touched.get(path) ?? []), before, after]);
      }
    }
  }

  /**
   * Somebody wrote to a file that has no name any more. Where it was vault that had just moved it aside,
   * `isOurs`, that is kept by the run that moved it; a user may have removed it as well.
   */
  didAside(path: string, state: State, isOurs: boolean): void {
    this.#given.add(key(path, state));
    if (isOurs) this.#standing.set(`${path}\n`, state);
  }

  /** vault brought the working copy from one state to another. */
  brought(changes: Changes): void {
    for (const [path, { after }] of changes) this.#brought.add(key(path, after));
  }

  /** Something failed: what vault had changed and not noted is found as if a user had changed it. */
  mishap(): void {
    this.#hadMishap = true;
  }

  /** A power cut brought this back: what lies aside may be recorded. */
  found(states: ReadonlyMap<string, State>): void {
    for (const [path, state] of states) this.#given.add(key(path, state));
  }

  /** A copy of the whole machine was made. */
  copied(): void {
    this.#keptByCopy = new Set(this.kept);
  }

  /** The machine is as it was when it was copied: what was written since went with it, unless others have it. */
  restored(tree: ReadonlyMap<string, State>): void {
    this.#hadMishap = true;
    for (const state of this.kept) if (!this.#keptByCopy.has(state)) this.kept.delete(state);
    this.#standing.clear();
    this.#scans.clear();
    for (const [path, state] of tree) this.#given.add(key(path, state));
  }

  /** A power cut took back, or tore, what was not synced. What vault had brought was. */
  lost(changes: Changes, tree: ReadonlyMap<string, State>): void {
    this.#note(new Map([...changes].filter(([path, change]) => !this.#isTornOfOurs(path, change))));
    for (const [path, state] of this.#standing) {
      if (tree.get(path) !== state) this.#standing.delete(path);
    }
    this.#scans.clear();
  }

  /** vault was told to change this; what was touched meanwhile it may have taken back. */
  changedBack(changes: Changes, touched: Touched): void {
    this.#note(changes);
    for (const [path, states] of touched) {
      for (const state of states) this.#given.add(key(path, state));
    }
  }

  /** An operation begins that records everything; answers what {@link endScan} is to be given. */
  beginScan(): Touched {
    const touched: Touched = new Map();
    this.#scans.add(touched);
    return touched;
  }

  /** It ended well: what was not touched meanwhile is kept. */
  endScan(touched: Touched): void {
    this.#scans.delete(touched);
    for (const [path, state] of this.#standing) {
      if (touched.has(path)) continue;
      this.kept.add(state);
      this.#standing.delete(path);
    }
  }

  /** It failed. */
  dropScan(touched: Touched): void {
    this.#scans.delete(touched);
  }

  /** Whether somebody made this of the path; undefined: made it go. */
  explains(path: string, state: State | undefined): boolean {
    const one = key(path, state);
    if (this.#given.has(one)) return true;
    if (state === undefined && isBelow(path, this.#left)) return true;
    return (this.#hadMishap || isBelow(path, this.#moved)) && this.#brought.has(one);
  }

  /** Paths that somebody made go. */
  *gone(): Iterable<string> {
    for (const one of this.#given) if (one.endsWith('\n-')) yield one.slice(0, -2);
  }

  /** Whether nobody gave the path the content that is torn now, nor anything what is left of it. */
  #isTornOfOurs(path: string, { before, after }: Change): boolean {
    if (before === undefined || after?.startsWith('F') !== true) return false;
    if (this.#given.has(key(path, before))) return false;
    return ![...this.#given, ...this.#brought].some((one) => one.endsWith(`\n${after}`));
  }

  #noteMoved(changes: Changes): void {
    const all = [...changes];
    const left = all.filter(([, { before, after }]) => before === 'D' && after !== 'D');
    const moved = all.filter(([, { before, after }]) => before !== 'D' && after === 'D');
    if (left.length === 0 || moved.length === 0) return;
    for (const [path] of left) this.#left.add(path);
    for (const [path] of moved) this.#moved.add(path);
  }

  #note(changes: Changes): void {
    for (const [path, { after }] of changes) this.#given.add(key(path, after));
  }
}

function isBelow(path: string, directories: ReadonlySet<string>): boolean {
  return [...directories].some((directory) => path.startsWith(`${directory}/`));
}

function key(path: string, state: State | undefined): string {
  return `${path}\n${state ?? '-'}`;
}
