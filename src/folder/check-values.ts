/** Worker task: opens sealed values and recomputes their ids, to find out which are damaged. */

import { isVaultError } from '../errors.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { contentCodec } from './content-codec.ts';

export interface CheckValuesInput {
  readonly secrets: string;
  /** Values one after another. */
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
}

/** For each value, undefined where it is sound, else what is wrong with it. */
export async function checkValues(
  input: CheckValuesInput,
  context: TaskContext,
): Promise<(string | undefined)[]> {
  const codec = await contentCodec(context.settings.get(input.secrets));
  let at = 0;
  return Array.from(input.lengths, (length) => {
    const value = input.bytes.subarray(at, at + length);
    at += length;
    try {
      codec.check(value);
      return undefined;
    } catch (error) {
      if (!isVaultError(error)) throw error;
      return error.message;
    }
  });
}
