/** Asks before so much is recorded as deleted that nobody can have meant it, or from the wrong place. */

import { VaultError } from '../errors.ts';
import { isSameRoot, rootIdentity } from '../folder/root-identity.ts';
import type { Survey } from '../folder/survey.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { OperationContext } from './operation.ts';
import { isMassDeletion } from './mass-deletion.ts';
import type { Session } from './session.ts';

export interface GuardedRoot {
  readonly path: string;
  /** Its identity when it was last recorded; undefined where that is not known. */
  readonly identity: string | undefined;
}

/** What to say of what is gone; undefined where it can be recorded without a question. */
export function doubtOf(
  { known, isEmptied }: Survey,
  gone: number,
  isSwapped: boolean,
): string | undefined {
  if (gone > 0 && isSwapped) {
    return `another directory stands there than was recorded, and ${gone} of ${known} recorded files are not in it`;
  }
  return isMassDeletion({ gone, known, isEmptied })
    ? `${gone} of ${known} recorded files are gone`
    : undefined;
}

/** Whether another directory stands at the root than was recorded. */
export function isRootSwapped({ environment }: Session, { state }: OpenFolder): boolean {
  const root = environment.fileSystem.statIfPresent(state.path ?? '');
  return root !== undefined && state.root !== undefined && !isSameRoot(state.root, root);
}

/** Whether the directory at the root is surely the one that was recorded. */
export function isRootKnown({ environment }: Session, { state }: OpenFolder): boolean {
  const root = environment.fileSystem.statIfPresent(state.path ?? '');
  return root !== undefined && state.root !== undefined && isSameRoot(state.root, root);
}

export class DeletionGuard {
  readonly #fileSystem: Pick<FileSystem, 'statIfPresent'>;
  readonly #root: GuardedRoot;
  readonly #context: OperationContext;
  /** Identity of the root when the scan began. */
  readonly identity: string;
  readonly #isSwapped: boolean;
  #isConfirmed: boolean;

  /** To be made before the scan. `yes`: go on without asking. */
  constructor(
    fileSystem: Pick<FileSystem, 'statIfPresent'>,
    root: GuardedRoot,
    yes: boolean,
    context: OperationContext,
  ) {
    const stat = fileSystem.statIfPresent(root.path);
    this.#fileSystem = fileSystem;
    this.#root = root;
    // Where nothing is there at all the scan says so.
    this.identity = stat === undefined ? '' : rootIdentity(stat);
    this.#isSwapped =
      root.identity !== undefined && stat !== undefined && !isSameRoot(root.identity, stat);
    this.#isConfirmed = yes;
    this.#context = context;
  }

  /** Whether there is doubt already before anybody looks for what was moved. */
  isDoubtful(survey: Survey): boolean {
    return doubtOf(survey, survey.gone, this.#isSwapped) !== undefined;
  }

  /**
   * Asks where there is doubt, once. `countGone` says how much of what the survey missed was not moved.
   * Throws `VAULT_REFUSED` unless the answer is yes, and where the root was swapped meanwhile.
   */
  async check(survey: Survey, countGone: () => Promise<number>): Promise<void> {
    const at = JSON.stringify(this.#root.path);
    const gone = await countGone();
    const root = this.#fileSystem.statIfPresent(this.#root.path);
    if (root === undefined || !isSameRoot(this.identity, root)) {
      throw new VaultError('VAULT_REFUSED', `${at} became another directory while it was scanned`, {
        hint: 'was its drive mounted or unmounted? nothing was recorded as deleted',
      });
    }
    const doubt = this.#isConfirmed ? undefined : doubtOf(survey, gone, this.#isSwapped);
    if (doubt === undefined) return;
    const text = `${at}: ${doubt}: record them as deleted?`;
    if ((await this.#context.confirm({ kind: 'confirm', text })) !== true) {
      throw new VaultError('VAULT_REFUSED', `${at}: ${doubt}`, {
        hint: 'if they were meant to be deleted, go on with --yes; else check whether the disk is mounted',
      });
    }
    this.#isConfirmed = true;
  }
}
