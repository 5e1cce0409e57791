/**
 * Hints of a watch → when to look where. A save is looked at once it is quiet for a moment; what is written
 * again and again is looked at less and less often, but never left for long. Pure: times are handed in, in
 * milliseconds of a clock that never goes back.
 */

import { join } from '../folder-path.ts';

/** What to look at now. */
export interface DueLook {
  /** Undefined: everything. */
  readonly directories: readonly string[] | undefined;
  /** Whether a path there is still being written, and is to be left for later. */
  readonly isBusy: (path: string) => boolean;
}

/** Quiet for so long, a save is over: one alone, and one of many writes. */
const QUIET_MS = 20;
const QUIET_IN_BURST_MS = 100;
/** Writes that go on for longer are a burst. */
const BURST_MS = 100;
/** Nothing for so long: what comes next has nothing to do with what was before. */
export const RESTED_MS = 2_000;
/** What never rests is looked at after so long at first, and then each time after twice as long. */
const BUSY_MS = 2_000;
const MOST_BUSY_MS = 300_000;
/** Between two looks at something in one burst, at first. */
const PAUSE_MS = 100;
/** More names in one directory count as all of it, and more directories as everything. */
const MOST_NAMES = 128;
const MOST_DIRECTORIES = 2_048;
/** Stands for everything in a directory. */
const ANY = '';

/** What is known of one name that was hinted at not long ago. */
interface Spot {
  /** Since when it has been written without a rest, and when it was last. */
  readonly startMs: number;
  lastMs: number;
  /** The first hint that no look covers; undefined where all are covered. */
  openMs: number | undefined;
  lookedMs: number | undefined;
  pauseMs: number;
}

export class LookSchedule {
  readonly #directories = new Map<string, Map<string, Spot>>();
  /** Looks asked for at a time, whatever the hints are. */
  readonly #again = new Map<string, number>();
  #everything: Spot | undefined;
  /** Nothing is due before. */
  #nextMs = Infinity;

  /** Takes a hint; without a name it is for all that is in the directory. */
  note(directory: string, name: string | undefined, nowMs: number): void {
    if (this.#everything?.openMs !== undefined) return this.noteAll(nowMs);
    let spots = this.#directories.get(directory);
    if (spots === undefined) {
      if (this.#directories.size >= MOST_DIRECTORIES) this.#forgetRested(nowMs);
      if (this.#directories.size >= MOST_DIRECTORIES) return this.noteAll(nowMs);
      spots = new Map();
      this.#directories.set(directory, spots);
    }
    if (name !== undefined && spots.size >= MOST_NAMES && !spots.has(name)) {
      const oldest = Math.min(...Array.from(spots.values(), ({ openMs }) => openMs ?? nowMs));
      spots.clear();
      spots.set(ANY, newSpot(oldest));
    }
    const key = name === undefined || spots.has(ANY) ? ANY : name;
    const spot = noted(spots.get(key), nowMs);
    spots.set(key, spot);
    this.#nextMs = Math.min(this.#nextMs, dueMs(spot));
  }

  /** Takes the hint that anything may have changed. */
  noteAll(nowMs: number): void {
    this.#directories.clear();
    this.#again.clear();
    this.#everything = noted(this.#everything, nowMs);
    this.#nextMs = dueMs(this.#everything);
  }

  /** Has a directory looked at at a time, whatever the hints are. */
  lookAgain(directory: string, atMs: number): void {
    this.#again.set(directory, Math.min(atMs, this.#again.get(directory) ?? Infinity));
    this.#nextMs = Math.min(this.#nextMs, atMs);
  }

  /** When something may be due; undefined while nothing is awaited. */
  get nextMs(): number | undefined {
    return this.#nextMs === Infinity ? undefined : this.#nextMs;
  }

  /** What is due, which counts as looked at from now on; undefined where nothing is. */
  take(nowMs: number): DueLook | undefined {
    this.#forgetRested(nowMs);
    const all = this.#everything;
    const due = new Set<string>();
    let isAll = false;
    if (all?.openMs !== undefined && dueMs(all) <= nowMs) {
      looked(all, nowMs);
      isAll = true;
    }
    for (const [directory, atMs] of this.#again) {
      if (atMs > nowMs) continue;
      this.#again.delete(directory);
      due.add(directory);
    }
    const isDue = (spot: Spot): boolean => spot.openMs !== undefined && dueMs(spot) <= nowMs;
    for (const [directory, spots] of this.#directories) {
      for (const spot of spots.values()) {
        if (!isDue(spot)) continue;
        looked(spot, nowMs);
        due.add(directory);
      }
    }
    this.#findNext();
    if (due.size === 0 && !isAll) return undefined;
    const busy = this.#busyIn(isAll ? undefined : due);
    return { directories: isAll ? undefined : [...due], isBusy: (path) => busy.has(path) };
  }

  /** Begins anew: everything was looked at. */
  lookedAtAll(): void {
    this.#directories.clear();
    this.#again.clear();
    this.#everything = undefined;
    this.#nextMs = Infinity;
  }

  #busyIn(directories: ReadonlySet<string> | undefined): ReadonlySet<string> {
    const busy = new Set<string>();
    for (const [directory, spots] of this.#directories) {
      if (directories?.has(directory) === false) continue;
      for (const [name, { openMs }] of spots) {
        if (openMs !== undefined && name !== ANY) busy.add(join(directory, name));
      }
    }
    return busy;
  }

  #forgetRested(nowMs: number): void {
    const isRested = ({ openMs, lastMs }: Spot): boolean =>
      openMs === undefined && nowMs - lastMs >= RESTED_MS;
    for (const [directory, spots] of this.#directories) {
      for (const [name, spot] of spots) if (isRested(spot)) spots.delete(name);
      if (spots.size === 0) this.#directories.delete(directory);
    }
    if (this.#everything !== undefined && isRested(this.#everything)) this.#everything = undefined;
  }

  #findNext(): void {
    this.#nextMs = Math.min(Infinity, ...this.#again.values());
    const spots = [...this.#directories.values()].flatMap((names) => [...names.values()]);
    for (const spot of this.#everything === undefined ? spots : [...spots, this.#everything]) {
      if (spot.openMs !== undefined) this.#nextMs = Math.min(this.#nextMs, dueMs(spot));
    }
  }
}

function newSpot(nowMs: number): Spot {
  return {
    startMs: nowMs,
    lastMs: nowMs,
    openMs: nowMs,
    lookedMs: undefined,
    pauseMs: PAUSE_MS,
  };
}

function noted(spot: Spot | undefined, nowMs: number): Spot {
  if (spot === undefined || nowMs - spot.lastMs >= RESTED_MS) {
    return spot?.openMs === undefined ? newSpot(nowMs) : { ...newSpot(nowMs), openMs: spot.openMs };
  }
  spot.lastMs = nowMs;
  spot.openMs ??= nowMs;
  return spot;
}

function looked(spot: Spot, nowMs: number): void {
  spot.openMs = undefined;
  if (spot.lookedMs !== undefined) spot.pauseMs = Math.min(spot.pauseMs * 2, MOST_BUSY_MS);
  spot.lookedMs = nowMs;
}

/** When to look at a name with hints that no look covers. */
function dueMs({ startMs, lastMs, openMs = lastMs, lookedMs, pauseMs }: Spot): number {
  const quiet = lastMs - startMs < BURST_MS ? QUIET_MS : QUIET_IN_BURST_MS;
  if (lookedMs === undefined) return Math.min(lastMs + quiet, openMs + BUSY_MS);
  const isQuiet = Math.max(lastMs + quiet, lookedMs + pauseMs);
  const isLate = lookedMs + Math.max(BUSY_MS, pauseMs);
  return Math.min(isQuiet, lastMs + RESTED_MS, Math.max(isLate, openMs));
}
