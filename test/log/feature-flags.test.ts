import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isVaultError } from '../../src/errors.ts';
import { MAX_FEATURES } from '../../src/limits.ts';
import { asFeatures, featuresToValue, noFeatures } from '../../src/log/feature-flags.ts';

function invalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

describe('feature flags', () => {
  test('known critical and unknown optional ones are kept', () => {
    const features = { critical: ['merkle'], optional: ['colour', 'z-9'] };
    assert.deepEqual(asFeatures(featuresToValue(features), new Set(['merkle'])), features);
    assert.deepEqual(asFeatures(featuresToValue(noFeatures), new Set()), noFeatures);
  });

  test('an unknown critical one is refused by its name', () => {
    const value = featuresToValue({ critical: ['known', 'new-links'], optional: [] });
    assert.throws(
      () => asFeatures(value, new Set(['known'])),
      (error) =>
        isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED') &&
        error.message.includes('new-links') &&
        error.details?.['feature'] === 'new-links' &&
        error.hint !== undefined,
    );
  });

  test('names out of order, twice, too many or not names are malformed', () => {
    const bad: readonly (readonly string[])[] = [
      ['b', 'a'],
      ['a', 'a'],
      [''],
      ['Upper'],
      ['a b'],
      ['x'.repeat(33)],
      Array.from({ length: MAX_FEATURES + 1 }, (_, at) => `f${String(at).padStart(2, '0')}`),
    ];
    for (const names of bad) {
      assert.throws(() => asFeatures([[], [...names]], new Set()), invalid, names.join());
      assert.throws(() => asFeatures([[...names], []], new Set(names)), invalid, names.join());
    }
    assert.throws(() => asFeatures([[]], new Set()), invalid);
  });
});
