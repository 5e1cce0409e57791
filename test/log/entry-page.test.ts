import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode, type CborValue } from '../../src/codec.ts';
import { isVaultError, VaultError } from '../../src/errors.ts';
import { MAX_PAGE_BYTES } from '../../src/limits.ts';
import { decodePage, encodePage, withoutRecords } from '../../src/log/entry-page.ts';
import { named } from '../helpers/log-samples.ts';

const page = {
  entry: named('entry'),
  records: new Map([
    [0, named('a')],
    [3, new Uint8Array(100).fill(3)],
    [1023, named('c')],
  ]),
};

describe('entry pages', () => {
  test('are read back as they were written', () => {
    assert.deepEqual(decodePage(encodePage(page)), page);
    const empty = { entry: page.entry, records: new Map<number, Uint8Array>() };
    assert.deepEqual(decodePage(encodePage(empty)), empty);
  });

  test('any record can go and the others stay as they are', () => {
    const fewer = withoutRecords(page, new Set([3]));
    assert.deepEqual([...fewer.records.keys()], [0, 1023]);
    assert.deepEqual(decodePage(encodePage(fewer)), fewer);
    assert.equal(page.records.size, 3);
  });

  test('cut short they are refused; a flipped byte is refused or gives another page', () => {
    const bytes = encodePage(page);
    for (let at = 0; at < bytes.length; at++) {
      assert.throws(() => decodePage(bytes.subarray(0, at)), VaultError);
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x81;
      try {
        assert.deepEqual(encodePage(decodePage(damaged)), damaged);
      } catch (error) {
        assert.ok(error instanceof VaultError, String(error));
      }
    }
  });

  test('places out of order, twice or out of range are refused', () => {
    const one = named('a');
    const bad: readonly CborValue[] = [
      [3, one, 1, one],
      [1, one, 1, one],
      [1024, one],
      [-1, one],
      [1],
      [1, 'text'],
    ];
    for (const flat of bad) {
      assert.throws(
        () => decodePage(encode([1, page.entry, flat])),
        (error) => isVaultError(error, 'VAULT_ENTRY_INVALID'),
      );
    }
  });

  test('have a greatest size, for writing and reading', () => {
    const limit = (error: unknown): boolean => isVaultError(error, 'VAULT_LIMIT_EXCEEDED');
    const records = new Map([[0, new Uint8Array(MAX_PAGE_BYTES)]]);
    assert.throws(() => encodePage({ entry: page.entry, records }), limit);
    assert.throws(() => decodePage(new Uint8Array(MAX_PAGE_BYTES + 1)), limit);
  });

  test('of another format need a newer program', () => {
    assert.throws(
      () => decodePage(encode([2])),
      (error) => isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED'),
    );
  });
});
