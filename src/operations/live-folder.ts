/**
 * One folder kept live: what changes in its working copy is recorded soon after, what comes from others is
 * shown, and now and then everything is looked at, because hints may be lost.
 */

import { deferred } from '../async.ts';
import { isVaultError } from '../errors.ts';
import { directoryOf } from '../folder-path.ts';
import { HeldDeletions } from '../folder/held-deletions.ts';
import { isTemporaryName } from '../folder/look.ts';
import { LookSchedule, type DueLook } from '../folder/look-schedule.ts';
import type { ScanWatcher } from '../folder/scan.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { VectorClock } from '../log/types.ts';
import { randomInteger } from '../system/seeded-random.ts';
import type { TreeWatch, WatchTrouble } from '../system/tree-watch.ts';
import { bringInStep } from './bring-in-step.ts';
import { directoriesSince } from './came-since.ts';
import { isShared } from './edit-parents.ts';
import { failureText } from './failure-text.ts';
import { hintedPlaces } from './hinted-places.ts';
import type { LiveOptions } from './live-types.ts';
import type { OperationContext } from './operation.ts';
import { intoFolder, recordWorkingCopy, type RecordingOptions } from './record-working-copy.ts';
import { recoverApply } from './recover-apply.ts';
import { changingFolder, withIndex, type Session } from './session.ts';

/** Where the watch does not tell all, or something failed, everything is looked at after so long. */
const TROUBLED_MS = 60_000;
/** Looking at everything takes this part of the time at most. */
const REST_TIMES = 20;
/** What has not come yet is looked for again after so many times what the last try took. */
const PATIENCE_TIMES = 4;
const MOST_PATIENCE_MS = 2_000;
/** How long {@link LiveFolder.close} waits for what is under way. */
const CLOSING_MS = 5_000;

export class LiveFolder {
  /** Canonical path of the working copy. */
  readonly root: string;
  readonly #session: Session;
  readonly #listed: ListedFolder;
  readonly #options: LiveOptions;
  readonly #watch: TreeWatch;
  readonly #schedule = new LookSchedule();
  readonly #held = new HeldDeletions();
  readonly #ending = new AbortController();
  readonly #context: OperationContext;
  #running: Promise<void> | undefined;
  #stopTimer: () => void = () => undefined;
  /** When everything is looked at next. */
  #rescanMs = 0;
  #tookMs = 0;
  #hasNews = false;
  /** Before that, news are not looked into again. */
  #newsMs = 0;
  /** Others' versions up to here are shown, or their directories are {@link #behind}. */
  #shown: { readonly clock: VectorClock; readonly membership: unknown } | undefined;
  /** Directories in which something has not come yet, or could not be changed. */
  #behind = new Set<string>();
  #trouble: WatchTrouble | undefined;
  #failure: string | undefined;

  constructor(session: Session, listed: ListedFolder, options: LiveOptions) {
    this.#session = session;
    this.#listed = listed;
    this.#options = options;
    this.root = listed.state.path ?? '';
    const { signal } = this.#ending;
    this.#context = {
      signal,
      emit: (event) => options.onEvent?.(listed.id, event),
      confirm: () => Promise.resolve(undefined),
    };
    this.#watch = session.environment.watch(this.root, {
      onHint: (directory, name) => {
        if (name !== undefined && isTemporaryName(name)) return;
        this.#noted(() => this.#schedule.note(directory, name, this.#nowMs()));
      },
      onOverflow: () => this.#noted(() => this.#schedule.noteAll(this.#nowMs())),
      onTrouble: (trouble) => {
        this.#trouble = trouble;
        this.#told();
      },
    });
  }

  /** Looks at everything, and from then on where it is told to. */
  start(): void {
    this.#rescanMs = this.#nowMs();
    this.#go();
  }

  /** Something came from others. */
  news(): void {
    this.#hasNews = true;
    this.#go();
  }

  get problems(): readonly string[] {
    const trouble = this.#trouble && `${this.#trouble.message} (${this.#trouble.remedy})`;
    return [this.#failure, trouble].filter((text) => text !== undefined);
  }

  get isQuiet(): boolean {
    return this.#running === undefined && this.#schedule.nextMs === undefined && !this.#hasNews;
  }

  /** Ends what is under way, and waits for it for some seconds at most. Idempotent. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#stopTimer();
    const late = deferred<void>();
    const cancel = this.#session.environment.clock.timer(CLOSING_MS, () => late.resolve());
    await Promise.race([this.#running, late.promise]);
    cancel();
    await this.#watch.close();
    this.#session.folders.troubles.delete(this.#listed.id);
  }

  #nowMs(): number {
    return this.#session.environment.clock.monotonicMs();
  }

  #noted(note: () => void): void {
    note();
    if (this.#running === undefined) this.#wait();
  }

  /** Does what is due, unless that is being done; then waits for the next. */
  #go(): void {
    if (this.#running !== undefined || this.#ending.signal.aborted) return;
    this.#stopTimer();
    this.#running = this.#turns().finally(() => {
      this.#running = undefined;
      this.#wait();
    });
  }

  #wait(): void {
    if (this.#ending.signal.aborted) return;
    this.#stopTimer();
    const isStopped = this.#failure !== undefined;
    const times = [this.#rescanMs, isStopped ? undefined : this.#schedule.nextMs];
    if (this.#hasNews && !isStopped) times.push(this.#newsMs);
    const nextMs = Math.min(...times.filter((ms) => ms !== undefined));
    const { clock } = this.#session.environment;
    this.#stopTimer = clock.timer(Math.max(0, nextMs - this.#nowMs()), () => this.#go());
  }

  async #turns(): Promise<void> {
    for (let isMore = true; isMore && !this.#ending.signal.aborted;) {
      isMore = false;
      if (this.#nowMs() >= this.#rescanMs) {
        isMore = await this.#try((folder) => this.#lookAtAll(folder));
      } else if (this.#failure !== undefined) {
        return;
      } else {
        const look = this.#schedule.take(this.#nowMs());
        if (look !== undefined) isMore = await this.#try((folder) => this.#lookAt(folder, look));
        if (this.#hasNews && this.#nowMs() >= this.#newsMs) {
          isMore = await this.#try((folder) => this.#showNews(folder));
        }
      }
    }
  }

  /** Does one thing with the folder. After a failure nothing more is done until everything is looked at again. */
  async #try(work: (folder: OpenFolder) => Promise<void>): Promise<boolean> {
    const { id } = this.#listed;
    try {
      await changingFolder(this.#session, this.#listed, async (folder) => {
        // It was moved, locked or paused meanwhile: whoever did that says so.
        if (folder.state.path !== this.root || folder.state.paused) {
          this.#rescanMs = this.#nowMs() + TROUBLED_MS;
          return;
        }
        const before = folder.log.clock.get(folder.log.own);
        await withIndex(
          folder,
          () => work(folder),
          (message) => this.#context.emit({ type: 'warning', message }),
        );
        if (folder.log.clock.get(folder.log.own) !== before) this.#options.onRecorded?.(id);
      });
      return true;
    } catch (error) {
      if (this.#ending.signal.aborted) return false;
      const hint = isVaultError(error) && error.hint !== undefined ? ` (${error.hint})` : '';
      this.#failure = `${failureText(error)}${hint}`;
      this.#rescanMs = this.#nowMs() + TROUBLED_MS;
      this.#shown = undefined;
      this.#told();
      return false;
    }
  }

  async #lookAtAll(folder: OpenFolder): Promise<void> {
    const began = this.#nowMs();
    // What is hinted at from now on may come too late for this look.
    this.#schedule.lookedAtAll();
    this.#hasNews = false;
    await this.#inStep(folder, undefined);
    this.#failure = undefined;
    this.#tookMs = this.#nowMs() - began;
    this.#rescanMs = this.#nowMs() + this.#restMs();
    this.#told();
  }

  #restMs(): number {
    const { random } = this.#session.environment;
    const seconds = Number(this.#session.home.setting('rescan'));
    const troubled = this.#trouble === undefined ? Infinity : TROUBLED_MS;
    const ms = Math.max(Math.min(seconds * 1000, troubled), this.#tookMs * REST_TIMES);
    return ms * (0.75 + randomInteger(random, 501) / 1000);
  }

  async #lookAt(folder: OpenFolder, { directories, isBusy }: DueLook): Promise<void> {
    const leaves = { isBusy, isHeld: (gone: string) => this.#held.holds(gone, this.#nowMs()) };
    const options: RecordingOptions = {
      phase: `record ${folder.name}`,
      yes: false,
      leaves,
      watcher: this.#watcher(),
    };
    await recoverApply(this.#session, folder, this.#context);
    const hinted = directories && [...directories, ...this.#held.directories];
    for (const directory of directories ?? []) this.#watch.prefer(directory);
    const places = hinted && (await hintedPlaces(this.#session, folder, hinted));
    if (places?.length === 0) return;
    const where = places === undefined ? {} : { places };
    await this.#holding(() =>
      recordWorkingCopy(
        this.#session,
        folder,
        intoFolder(folder),
        { ...options, ...where },
        this.#context,
      ),
    );
  }

  async #showNews(folder: OpenFolder): Promise<void> {
    const began = this.#nowMs();
    this.#hasNews = false;
    const { log } = folder;
    const isSame = this.#shown?.membership === log.members.membership;
    const since =
      isSame && this.#shown ? await directoriesSince(log, this.#shown.clock) : undefined;
    await this.#inStep(folder, since && new Set([...since, ...this.#behind]));
    const took = this.#nowMs() - began;
    const patience = Math.min(MOST_PATIENCE_MS, took * PATIENCE_TIMES);
    this.#newsMs = this.#nowMs() + (this.#behind.size > 0 ? patience : 0);
  }

  /** Records and brings in step these directories of the folder, or all of it. */
  async #inStep(folder: OpenFolder, directories: ReadonlySet<string> | undefined): Promise<void> {
    if (directories?.size === 0) return;
    const { log } = folder;
    const shown = { clock: log.clock, membership: log.members.membership };
    const leaves = {
      isBusy: () => false,
      isHeld: (gone: string) => this.#held.holds(gone, this.#nowMs()),
    };
    const recording = { leaves, watcher: this.#watcher() };
    const behind = new Set<string>();
    await this.#holding(
      async () => {
        if (directories === undefined && !isShared(log)) {
          await recoverApply(this.#session, folder, this.#context);
          const options = { phase: `record ${folder.name}`, yes: false, ...recording };
          await recordWorkingCopy(
            this.#session,
            folder,
            intoFolder(folder),
            options,
            this.#context,
          );
          return;
        }
        const options = {
          yes: false,
          recording,
          onBehind: (path: string) => behind.add(directoryOf(path)),
          ...(directories === undefined ? {} : { directories }),
        };
        const { skipped, errors } = await bringInStep(
          this.#session,
          folder,
          options,
          this.#context,
        );
        // Which names were in the way is found again.
        if (skipped + errors > 0) for (const one of directories ?? ['']) behind.add(one);
        if (skipped > 0) this.#hasNews = true;
      },
      directories && localPaths(folder, directories),
    );
    this.#shown = shown;
    this.#behind = behind;
  }

  /** Does a look at these directories, or at all in which something gone is held. */
  async #holding<T>(look: () => Promise<T>, directories?: ReadonlySet<string>): Promise<T> {
    this.#held.begin(directories);
    try {
      return await look();
    } finally {
      this.#held.end();
      for (const [directory, ms] of this.#held.due) this.#schedule.lookAgain(directory, ms);
    }
  }

  #watcher(): ScanWatcher {
    return {
      enter: (directory) => this.#watch.enter(directory),
      // It was made by something that recorded it: what is in it is not watched yet.
      pass: (directory) => {
        if (this.#watch.lacks(directory)) this.#schedule.note(directory, undefined, this.#nowMs());
      },
    };
  }

  #told(): void {
    const { id } = this.#listed;
    const { problems } = this;
    const { troubles } = this.#session.folders;
    if (problems.join() === (troubles.get(id) ?? []).join()) return;
    if (problems.length === 0) troubles.delete(id);
    else troubles.set(id, problems);
    this.#options.onProblems?.(id, problems);
  }
}

function localPaths({ aliases }: OpenFolder, paths: Iterable<string>): ReadonlySet<string> {
  return new Set(Array.from(paths, (path) => aliases.toLocal(path)));
}
