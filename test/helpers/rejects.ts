import assert from 'node:assert/strict';
import { isVaultError, type ErrorCode, type VaultError } from '../../src/errors.ts';

/** Asserts that `run` throws or rejects with a `VaultError` of this code, and gives it back. */
export async function rejects(code: ErrorCode, run: () => unknown): Promise<VaultError> {
  try {
    await run();
  } catch (error) {
    if (isVaultError(error, code)) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `expected ${code}, got no error` });
}
