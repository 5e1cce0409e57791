/** `revert`: paths of the working copy as they were at a moment, as new versions on top. */

import { TreeView, type Moment } from '../log/tree-view.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { ChangeBackResult, RevertOptions } from './change-options.ts';
import type { OperationContext } from './operation.ts';
import type { WantedPath } from './apply-run.ts';
import { ChangeBack } from './change-back.ts';
import { valueSource } from './look.ts';
import { momentOf } from './moment.ts';
import { noSuchPath, pathInFolder } from './path-in-folder.ts';
import type { Rehearsal } from './rehearsal.ts';
import { changingFolder, folderOfPaths, withIndex, type Session } from './session.ts';
import {
  differencesAt,
  differencesBelow,
  type ComparedSides,
  type Difference,
} from './tree-difference.ts';
import { MomentSide, WorkingCopySide } from './tree-side.ts';

/**
 * Brings paths, or the whole working copy, to what they were at `at`. The present state is recorded
 * first. A path that changes meanwhile is left as it is; throws as {@link ChangeBack.run} does.
 */
export async function revert(
  session: Session,
  options: RevertOptions,
  context: OperationContext,
): Promise<ChangeBackResult> {
  const listed = folderOfPaths(session, options);
  return changingFolder(session, listed, (folder) =>
    withIndex(
      folder,
      async () => {
        const moment = await momentOf(folder.log, options.at, session.environment.clock);
        const snapshot = { message: 'before revert', isAlwaysTaken: false };
        const run = new ChangeBack({ session, folder, options, context, name: 'revert', snapshot });
        const plan = new RevertPlan(session, folder, options, context, moment);
        const result = await run.run(({ rehearsal }) => plan.wanted(rehearsal));
        return { ...result, damaged: result.damaged + plan.untold };
      },
      (message) => context.emit({ type: 'warning', message }),
    ),
  );
}

class RevertPlan {
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #options: RevertOptions;
  readonly #context: OperationContext;
  readonly #moment: Moment;
  readonly #told = new Set<string>();

  constructor(
    session: Session,
    folder: OpenFolder,
    options: RevertOptions,
    context: OperationContext,
    moment: Moment,
  ) {
    this.#session = session;
    this.#folder = folder;
    this.#options = options;
    this.#context = context;
    this.#moment = moment;
  }

  /** Names of which nobody can tell what they were: they are left as they are. */
  get untold(): number {
    return this.#told.size;
  }

  async *wanted(present: Rehearsal): AsyncGenerator<WantedPath> {
    const { fileSystem } = this.#session.environment;
    const folder = this.#folder;
    const values = await valueSource(folder);
    const view = await TreeView.open(folder.log, this.#moment);
    const sides: ComparedSides = {
      before: new WorkingCopySide(folder, present, values, fileSystem),
      after: new MomentSide(folder, view, values),
      signal: this.#context.signal,
      onDamage: (path, { message }) => this.#tell(path, message),
    };
    // What is not there then may only not be told any more.
    const isWhole = view.lostEntries.length === 0;
    for (const { message } of view.lostEntries) this.#tell('', message);
    const { paths, cwd } = this.#options;
    const wanted = paths.map((typed) => pathInFolder(this.#session, folder, typed, cwd));
    for (const path of wanted.length === 0 ? [''] : wanted) {
      const found = path === '' ? differencesBelow(sides, '') : await differencesAt(sides, path);
      if (found === undefined) throw noSuchPath(path);
      if (path !== '') yield* this.#parents(path, sides);
      for await (const difference of found) {
        if (difference.after === undefined && !isWhole) continue;
        const one = await this.#stateOf(difference, sides);
        if (one !== undefined) yield one;
      }
    }
  }

  /** Directories that lead to a path which was there, where they are gone. */
  async *#parents(path: string, sides: ComparedSides): AsyncGenerator<WantedPath> {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at);
      const directory = parent.slice(0, Math.max(0, parent.lastIndexOf('/')));
      const find = async (side: ComparedSides['before']): Promise<string | undefined> =>
        (await side.list(directory)).entries.find((entry) => entry.path === parent)?.kind;
      const [now, then] = [await find(sides.before), await find(sides.after)];
      if (now === undefined && then === 'directory') {
        yield { path: parent, wanted: { kind: 'directory' } };
      }
    }
  }

  async #stateOf(
    { path, before, after }: Difference,
    sides: ComparedSides,
  ): Promise<WantedPath | undefined> {
    if (before?.isCopy === true || after?.isCopy === true) return undefined;
    if (after === undefined) return { path, wanted: { kind: 'absent' } };
    if (after.kind === 'directory') return { path, wanted: { kind: 'directory' } };
    const body = await sides.after.body(after);
    return { path, wanted: { kind: after.kind, body, digest: after.digest } };
  }

  #tell(path: string, message: string): void {
    const key = `${path}: ${message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#context.emit({ type: 'warning', path, message });
  }
}
