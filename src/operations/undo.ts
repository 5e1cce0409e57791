/** `undo`: takes back this node's newest change that is not undone yet, as new versions on top. */

import { VaultError } from '../errors.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { NamedLink, Parent } from '../log/types.ts';
import type { ChangeBackOptions, UndoResult } from './change-options.ts';
import type { OperationContext } from './operation.ts';
import type { WantedPath, WantedState } from './apply-run.ts';
import { ChangeBack, type PresentState } from './change-back.ts';
import { pathInFolder } from './path-in-folder.ts';
import type { Rehearsal } from './rehearsal.ts';
import { changingFolder, folderOfPaths, withIndex, type Session } from './session.ts';
import { timeText } from './time-text.ts';
import {
  BEFORE_UNDO,
  isSame,
  newestChange,
  type OwnChange,
  type PathEffect,
} from './undo-history.ts';

/**
 * Records the present state, so that edits not recorded yet are the newest change, and takes that change
 * back; with `paths`, as far as it lies at or below them. What was changed since by others is left.
 */
export async function undo(
  session: Session,
  options: ChangeBackOptions,
  context: OperationContext,
): Promise<UndoResult> {
  const listed = folderOfPaths(session, options);
  return changingFolder(session, listed, (folder) =>
    withIndex(
      folder,
      () => new Undo(session, folder, options, context).run(),
      (message) => context.emit({ type: 'warning', message }),
    ),
  );
}

class Undo {
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #options: ChangeBackOptions;
  readonly #context: OperationContext;
  readonly #told = new Set<string>();
  #time = '';

  constructor(
    session: Session,
    folder: OpenFolder,
    options: ChangeBackOptions,
    context: OperationContext,
  ) {
    this.#session = session;
    this.#folder = folder;
    this.#options = options;
    this.#context = context;
  }

  async run(): Promise<UndoResult> {
    const run = new ChangeBack({
      session: this.#session,
      folder: this.#folder,
      options: this.#options,
      context: this.#context,
      name: 'undo',
      snapshot: { message: BEFORE_UNDO, isAlwaysTaken: true },
    });
    const result = await run.run((present) => this.#wanted(present));
    return { ...result, skipped: result.skipped + this.#told.size, time: this.#time };
  }

  async *#wanted({ rehearsal, since }: PresentState): AsyncGenerator<WantedPath> {
    const { log } = this.#folder;
    const now = this.#session.environment.clock.wallMs() * 1000;
    const unwritten = rehearsal.links(now);
    const linkOf = (name: Parent): Promise<NamedLink> => {
      const link = rehearsal.isUnwritten(name) ? unwritten[name.seq] : undefined;
      return link === undefined ? log.link(name) : Promise.resolve(link);
    };
    const change = await newestChange(
      { log, linkOf, unwritten, since },
      this.#selection(),
      (path) => rehearsal.entryAt(path),
    );
    if (change === undefined) {
      throw new VaultError('VAULT_NOT_FOUND', 'there is no change of this node left to undo', {
        hint: 'to go back to any moment: vault revert --at WHEN',
      });
    }
    this.#time = timeText(change.time);
    yield* this.#statesBefore(change, rehearsal);
  }

  async *#statesBefore({ effects }: OwnChange, rehearsal: Rehearsal): AsyncGenerator<WantedPath> {
    const made = new Set<string>();
    for (const path of [...effects.keys()].toSorted()) {
      const { before, after } = effects.get(path) as PathEffect;
      if (!isSame(await rehearsal.entryAt(path), after)) {
        this.#tellChanged(path);
        continue;
      }
      if (before !== undefined) yield* this.#parents(path, effects, rehearsal, made);
      yield { path, wanted: await this.#wantedState(before) };
    }
  }

  async #wantedState(before: PathEffect['before']): Promise<WantedState> {
    if (before === undefined) return { kind: 'absent' };
    const { kind, digest } = before;
    if (kind === 'directory') return { kind };
    if (kind === 'deletion') return { kind: 'absent' };
    return { kind, digest, body: await this.#folder.log.body(before) };
  }

  /** Directories that lead to a path and that neither are there nor come back by themselves. */
  async *#parents(
    path: string,
    effects: OwnChange['effects'],
    rehearsal: Rehearsal,
    made: Set<string>,
  ): AsyncGenerator<WantedPath> {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at);
      if (made.has(parent) || effects.has(parent)) continue;
      made.add(parent);
      if ((await rehearsal.entryAt(parent)) !== undefined) continue;
      yield { path: parent, wanted: { kind: 'directory' } };
    }
  }

  #tellChanged(path: string): void {
    if (this.#told.has(path)) return;
    this.#told.add(path);
    const message = 'left as it is: it was changed since';
    this.#context.emit({ type: 'warning', path, message });
  }

  #selection(): (path: string) => boolean {
    const { paths, cwd } = this.#options;
    const meant = paths.map((typed) => pathInFolder(this.#session, this.#folder, typed, cwd));
    if (meant.length === 0 || meant.includes('')) return () => true;
    return (path) => meant.some((one) => path === one || path.startsWith(`${one}/`));
  }
}
