/** Asks before so much is recorded as deleted that nobody can have meant it. */

import { VaultError } from '../errors.ts';
import type { Survey } from '../folder/survey.ts';
import type { OperationContext } from './api.ts';
import { isMassDeletion } from './mass-deletion.ts';

export class DeletionGuard {
  readonly #root: string;
  readonly #survey: Survey;
  readonly #context: OperationContext;
  #isConfirmed: boolean;

  /** `yes`: go on without asking. */
  constructor(root: string, survey: Survey, yes: boolean, context: OperationContext) {
    this.#root = root;
    this.#survey = survey;
    this.#isConfirmed = yes;
    this.#context = context;
  }

  /**
   * Asks if so much is gone, once. `countGone` says how much of what the survey missed was not moved.
   * Throws `VAULT_REFUSED` unless the answer is yes.
   */
  async check(countGone: () => Promise<number>): Promise<void> {
    const { known, isEmptied } = this.#survey;
    if (this.#isConfirmed) return;
    const gone = await countGone();
    if (!isMassDeletion({ gone, known, isEmptied })) return;
    const what = `${gone} of ${known} recorded files are gone from ${JSON.stringify(this.#root)}`;
    const text = `${what}: record them as deleted?`;
    if ((await this.#context.confirm({ kind: 'confirm', text })) !== true) {
      // Nothing is recorded: names that are new would make the next run take it for a change.
      throw new VaultError('VAULT_REFUSED', what, {
        hint: 'if they were meant to be deleted, go on with --yes; else check whether the disk is mounted',
      });
    }
    this.#isConfirmed = true;
  }
}
