/**
 * What `revert` and `undo` have in common: the present state is recorded, and named by a snapshot; then
 * paths are brought back to states that are stored, as new versions on top. A rehearsal tells the same
 * and changes nothing.
 */

import { toHex } from '../bytes.ts';
import { systemCode, VaultError } from '../errors.ts';
import { directoryOf } from '../folder-path.ts';
import { differenceOf, HOLDS_UNRECORDED } from '../folder/replace-name.ts';
import type { ValueSource } from '../folder/value-source.ts';
import type { SeenEntry, SeenNames } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { ChangeBackOptions, ChangeBackResult } from './change-options.ts';
import type { OperationContext } from './operation.ts';
import { ApplyRun, isLate, type WantedPath } from './apply-run.ts';
import { checkPresence } from './content-presence.ts';
import { valueSource } from './look.ts';
import { intoFolder, recordWorkingCopy } from './record-working-copy.ts';
import { recoverApply } from './recover-apply.ts';
import { Rehearsal } from './rehearsal.ts';
import { lastSnapshot, recordSnapshot } from './snapshot.ts';
import { throwIfFull } from './restore-run.ts';
import type { Session } from './session.ts';
import { asLoss } from './tree-side.ts';
import { TOGETHER_US } from './undo-history.ts';

/** What is there now. */
export interface PresentState {
  /** Its rows are those recorded, and in a dry run with what would be recorded. */
  readonly rehearsal: Rehearsal;
  /** Entries of this node's log from this one on were recorded just now. */
  readonly since: number;
}

/** Told what is there now, gives what is to be: those above before those below. Asked twice. */
export type Plan = (present: PresentState) => AsyncGenerator<WantedPath>;

export interface ChangeBackParts {
  readonly session: Session;
  readonly folder: OpenFolder;
  readonly options: ChangeBackOptions;
  readonly context: OperationContext;
  readonly name: 'revert' | 'undo';
  /** Of the state before. Unless always taken, one that holds that state already serves. */
  readonly snapshot: { readonly message: string; readonly isAlwaysTaken: boolean };
}

type Counts = { -readonly [K in keyof ChangeBackResult]: ChangeBackResult[K] };

/** Records the present state, makes the plan, checks that all of it can be given, and carries it out. */
export class ChangeBack {
  readonly counts: Counts;
  readonly #parts: ChangeBackParts;
  readonly #started: number;
  #begunMs: number | undefined;

  constructor(parts: ChangeBackParts) {
    this.#parts = parts;
    this.#started = parts.session.environment.clock.monotonicMs();
    this.counts = {
      folder: parts.folder.id,
      before: null,
      recorded: 0,
      added: 0,
      changed: 0,
      removed: 0,
      skipped: 0,
      damaged: 0,
      errors: 0,
      seconds: 0,
    };
  }

  /**
   * Throws `VAULT_REFUSED` where recording does, and `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT` where
   * a content that is wanted cannot be given: then nothing was overwritten.
   */
  async run(plan: Plan): Promise<ChangeBackResult> {
    const { session, folder, options, context } = this.#parts;
    if (folder.state.path === undefined) {
      throw new VaultError('VAULT_USAGE', `the folder ${folder.name} has no working copy here`);
    }
    try {
      const present = await this.#record();
      await this.#checkAll(plan(present));
      if (options.dryRun === true) await this.#rehearse(plan(present), present.rehearsal);
      else await this.#apply(plan(present));
    } catch (error) {
      throwIfFull(error, folder.state.path);
      throw error;
    }
    const { clock } = session.environment;
    context.signal.throwIfAborted();
    return { ...this.counts, seconds: (clock.monotonicMs() - this.#started) / 1000 };
  }

  async #record(): Promise<PresentState> {
    const { session, folder, options, context, name } = this.#parts;
    const rehearsal = new Rehearsal(folder);
    const since = folder.log.clock.get(folder.log.own) ?? 0;
    const recording = { phase: `${name} ${folder.name}`, yes: options.yes === true };
    if (options.dryRun === true) {
      await recordWorkingCopy(session, folder, rehearsal, recording, context);
      this.counts.recorded = rehearsal.versions.length;
      return { rehearsal, since };
    }
    await recoverApply(session, folder, context);
    const place = intoFolder(folder);
    const counted = {
      ...place,
      stage: (versions: Parameters<typeof place.stage>[0]) => {
        this.counts.recorded += versions.length;
        return place.stage(versions);
      },
    };
    await recordWorkingCopy(session, folder, counted, recording, context);
    return { rehearsal, since };
  }

  /** Every content, before the first path is touched. */
  async #checkAll(wanted: AsyncGenerator<WantedPath>): Promise<void> {
    const { folder, context } = this.#parts;
    const values: ValueSource = await valueSource(folder);
    let first: VaultError | undefined;
    for await (const { path, wanted: state } of wanted) {
      context.signal.throwIfAborted();
      if (!('body' in state) || state.body.manifest === undefined) continue;
      try {
        await checkPresence(state.body.manifest, folder.store, values);
      } catch (error) {
        const loss = asLoss(error);
        first ??= loss;
        this.counts.damaged++;
        context.emit({ type: 'warning', path, message: loss.message });
      }
    }
    if (first === undefined) return;
    throw new VaultError(
      first.code,
      `${this.counts.damaged} files cannot be given: nothing was changed`,
      {
        cause: first,
        hint: 'name the paths that are whole, or run vault verify --read to see what is damaged',
      },
    );
  }

  async #apply(wanted: AsyncGenerator<WantedPath>): Promise<void> {
    const { folder, context } = this.#parts;
    let run: ApplyRun | undefined;
    try {
      for await (const one of wanted) {
        run ??= this.#begin();
        await run.add(one);
      }
      await run?.finish();
      await this.#nameEnd();
    } finally {
      const isLeft = run?.close() === true;
      if (isLeft) {
        context.emit({
          type: 'warning',
          message: 'displaced files were left aside: the next snapshot or revert takes them up',
        });
      }
    }
    if (run === undefined) this.counts.before = await lastState(folder);
  }

  #begin(): ApplyRun {
    const { session, folder, context } = this.#parts;
    return new ApplyRun(session, folder, context.signal, {
      onBegin: async () => {
        this.counts.before = await this.#nameState();
        this.#begunMs = session.environment.clock.monotonicMs();
      },
      onApplied: (path, before) => this.#tell(path, before),
      onNotApplied: (path, result) => {
        if (result.status === 'damaged') this.#failed('damaged', path, result.message);
        else if (result.status === 'refused')
          this.#failed('skipped', path, `left as it is: ${result.why}`);
        else this.#failed('errors', path, `cannot be changed: ${result.code}`);
      },
      onEdit: (path) => {
        this.counts.recorded++;
        context.emit({
          type: 'warning',
          path,
          message: 'was edited meanwhile: that is recorded, too',
        });
      },
    });
  }

  /** In the order in which a run changes them. */
  async #rehearse(wanted: AsyncGenerator<WantedPath>, rehearsal: Rehearsal): Promise<void> {
    const late: WantedPath[] = [];
    const kept = new Set<string>();
    for await (const one of wanted) {
      const before = await rehearsal.entryAt(one.path);
      if (isLate(one, before)) late.push(one);
      else this.#rehearseOne(one, before, undefined, kept);
    }
    for (const one of late.toReversed()) {
      const rows = await rehearsal.seen(this.#parts.folder.aliases.toLocal(one.path));
      this.#rehearseOne(
        one,
        await rehearsal.entryAt(one.path),
        rows ?? new Map<string, SeenEntry>(),
        kept,
      );
    }
  }

  /** `rows`: of a directory that is to go. `kept`: directories in which something is left. */
  #rehearseOne(
    one: WantedPath,
    before: SeenEntry | undefined,
    rows: SeenNames | undefined,
    kept: Set<string>,
  ): void {
    const { session, folder } = this.#parts;
    const { fileSystem } = session.environment;
    const { path } = one;
    const at = `${folder.state.path ?? ''}/${folder.aliases.toLocal(path)}`;
    const failed = (count: 'skipped' | 'errors', message: string): void => {
      kept.add(directoryOf(path));
      this.#failed(count, path, message);
    };
    try {
      const there = fileSystem.statIfPresent(at);
      const isThere = one.wanted.kind === 'directory' && there?.kind === 'directory';
      const why = isThere ? undefined : differenceOf(before, there);
      const isHeld =
        rows !== undefined &&
        why === undefined &&
        (kept.has(path) || fileSystem.list(at).some(({ name }) => !rows.has(name)));
      if (why !== undefined) failed('skipped', `left as it is: ${why}`);
      else if (isHeld) failed('skipped', `left as it is: ${HOLDS_UNRECORDED}`);
      else this.#tell(one, before);
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      failed('errors', `cannot be changed: ${code}`);
    }
  }

  #tell({ path, wanted }: WantedPath, before: SeenEntry | undefined): void {
    const change =
      wanted.kind === 'absent' ? 'removed' : before === undefined ? 'added' : 'changed';
    this.counts[change]++;
    const kind = wanted.kind === 'absent' ? before?.kind : wanted.kind;
    this.#parts.context.emit({ type: 'item', item: { type: 'change', change, path, kind } });
  }

  #failed(count: 'damaged' | 'skipped' | 'errors', path: string, message: string): void {
    this.counts[count]++;
    this.#parts.context.emit({ type: 'warning', path, message });
  }

  /** Where it took long, so that what it wrote is known to be one change. */
  async #nameEnd(): Promise<void> {
    const { session, folder, name } = this.#parts;
    const ms = session.environment.clock.monotonicMs() - (this.#begunMs ?? Infinity);
    if (ms * 1000 < TOGETHER_US) return;
    await recordSnapshot(session, folder, { message: `after ${name}` });
  }

  /** The snapshot that holds the state before: the last one, where nothing was recorded since. */
  async #nameState(): Promise<string> {
    const { session, folder, snapshot } = this.#parts;
    const last = snapshot.isAlwaysTaken ? null : await lastState(folder);
    return last ?? recordSnapshot(session, folder, { message: snapshot.message });
  }
}

/** The last snapshot, where nothing was recorded since. */
async function lastState(folder: OpenFolder): Promise<string | null> {
  const last = await lastSnapshot(folder);
  const { own, clock } = folder.log;
  // The snapshot itself is the one entry that its clock does not cover.
  const isNewest = (last?.clock.get(own) ?? 0) + 1 === clock.get(own);
  return last !== undefined && isNewest ? toHex(last.id) : null;
}
