import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type CborValue } from '../../src/codec.ts';
import { isVaultError, VaultError } from '../../src/errors.ts';
import { MAX_ENTRY_RECORDS, MAX_PARENTS } from '../../src/limits.ts';
import { decodeLinkBlock, encodeLinkBlock, linkSizeBound } from '../../src/log/link-block.ts';
import type { Link, Parent } from '../../src/log/types.ts';
import { anyLink, anyNamedLinks, byParentKey } from '../helpers/log-arbitraries.ts';
import { fileLink, log, otherLog } from '../helpers/log-samples.ts';

const links: fc.Arbitrary<Link[]> = fc.array(anyLink, { minLength: 1, maxLength: 12 });

function refused(code: 'VAULT_ENTRY_INVALID' | 'VAULT_LIMIT_EXCEEDED' | 'VAULT_PATH_UNSAFE') {
  return (error: unknown): boolean => isVaultError(error, code);
}
const invalid = refused('VAULT_ENTRY_INVALID');

function parentOf(seq: number, from = log): Parent {
  return { log: from, seq, index: 1, hash8: new Uint8Array(8) };
}

/** A block whose columns were changed by hand. */
function altered(given: readonly Link[], change: (columns: CborValue[]) => void): Uint8Array {
  const columns = [...(decode(encodeLinkBlock(given)) as readonly CborValue[])];
  change(columns);
  return encode(columns);
}

describe('link blocks', () => {
  test('links are read back as they were written', () => {
    fc.assert(
      fc.property(links, (given) => {
        const block = decodeLinkBlock(encodeLinkBlock(given));
        assert.deepEqual(block.links, given);
        assert.equal(block.names, undefined);
      }),
    );
  });

  test('named links are read back with their names', () => {
    fc.assert(
      fc.property(anyNamedLinks, (given) => {
        const { links: read, names } = decodeLinkBlock(encodeLinkBlock(given, true));
        assert.deepEqual(
          read.map((link, at) => {
            const { log: of, seq, index, hash8 } = (names ?? [])[at] as Parent;
            return { ...link, dot: { log: of, seq, index }, hash8 };
          }),
          given,
        );
      }),
    );
  });

  test('parents are a set: their order does not show', () => {
    fc.assert(
      fc.property(links, (given) => {
        const turned = given.map((link) => ({ ...link, parents: link.parents.toReversed() }));
        assert.deepEqual(encodeLinkBlock(turned), encodeLinkBlock(given));
      }),
    );
  });

  test('a size that was estimated is never below the real one', () => {
    fc.assert(
      fc.property(links, (given) => {
        const bound = given.reduce((sum, link) => sum + linkSizeBound(link), 64);
        assert.ok(encodeLinkBlock(given).length <= bound);
      }),
    );
  });

  test('any cut or flipped byte is refused, or is another block in canonical form', () => {
    const bytes = encodeLinkBlock([
      { ...fileLink, parents: [parentOf(3), parentOf(4, otherLog)] },
      { ...fileLink, path: 'b', kind: 'deletion', digest: new Uint8Array(0) },
    ]);
    for (let at = 0; at < bytes.length; at++) {
      assert.throws(() => decodeLinkBlock(bytes.subarray(0, at)), VaultError);
      for (const bit of [1, 0x10, 0x80]) {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ bit;
        try {
          assert.deepEqual(encodeLinkBlock(decodeLinkBlock(damaged).links), damaged);
        } catch (error) {
          assert.ok(error instanceof VaultError, `byte ${at}: ${String(error)}`);
        }
      }
    }
  });

  test('paths that lead out of the folder are refused on both sides', () => {
    const unsafe = ['', '/a', 'a/', 'a//b', '.', '..', 'a/../b', './a', 'a/.', '../a', 'a\0b'];
    for (const path of unsafe) {
      assert.throws(
        () => encodeLinkBlock([{ ...fileLink, path }]),
        refused('VAULT_PATH_UNSAFE'),
        JSON.stringify(path),
      );
      if (path.includes('\0')) continue;
      const bytes = altered([fileLink], (columns) => (columns[2] = Buffer.from(path)));
      assert.throws(() => decodeLinkBlock(bytes), refused('VAULT_PATH_UNSAFE'), path);
    }
    for (const path of ['...', 'a/...', '.a', 'a.', '..a/b', 'con', 'a\\b', ' ', '\udcff/a']) {
      assert.equal(decodeLinkBlock(encodeLinkBlock([{ ...fileLink, path }])).links[0]?.path, path);
    }
  });

  test('paths and names may be as long as Linux has them, and no longer', () => {
    const name = 'n'.repeat(255);
    const longest = `${Array.from({ length: 15 }, () => name).join('/')}/${'m'.repeat(254)}/x`;
    assert.equal(longest.length, 4096);
    assert.equal(
      decodeLinkBlock(encodeLinkBlock([{ ...fileLink, path: longest }])).links[0]?.path,
      longest,
    );
    const limit = refused('VAULT_LIMIT_EXCEEDED');
    for (const path of [`${longest}y`, `a/${name}n`, 'é'.repeat(128), '\udcff'.repeat(256)]) {
      assert.throws(() => encodeLinkBlock([{ ...fileLink, path }]), limit);
      const bytes = altered([fileLink], (columns) => {
        columns[2] = path.startsWith('\udcff') ? new Uint8Array(256).fill(255) : Buffer.from(path);
      });
      assert.throws(() => decodeLinkBlock(bytes), limit);
    }
    const bytes255 = '\udcff'.repeat(255);
    assert.equal(
      decodeLinkBlock(encodeLinkBlock([{ ...fileLink, path: bytes255 }])).links[0]?.path,
      bytes255,
    );
  });

  test('numbers of links and parents have their limits', () => {
    const many = Array.from({ length: MAX_ENTRY_RECORDS }, () => fileLink);
    assert.equal(decodeLinkBlock(encodeLinkBlock(many)).links.length, MAX_ENTRY_RECORDS);
    assert.throws(() => encodeLinkBlock([...many, fileLink]), invalid);
    assert.throws(() => encodeLinkBlock([]), invalid);
    const parents = Array.from({ length: MAX_PARENTS }, (_, seq) => parentOf(seq));
    const full = decodeLinkBlock(encodeLinkBlock([{ ...fileLink, parents }]));
    assert.deepEqual(full.links[0]?.parents, parents);
    const tooMany = [...parents, parentOf(MAX_PARENTS)];
    assert.throws(
      () => encodeLinkBlock([{ ...fileLink, parents: tooMany }]),
      refused('VAULT_LIMIT_EXCEEDED'),
    );
  });

  test('a parent that names no record is refused', () => {
    for (const bad of [
      { ...parentOf(1), index: 1024 },
      { ...parentOf(1), index: -1 },
      { ...parentOf(-1) },
      { ...parentOf(0.5) },
      { ...parentOf(1), hash8: new Uint8Array(7) },
      { ...parentOf(1), log: 'ab' },
    ]) {
      assert.throws(() => encodeLinkBlock([{ ...fileLink, parents: [bad] }]), invalid);
    }
    const twice = [parentOf(1), parentOf(1)];
    assert.throws(() => encodeLinkBlock([{ ...fileLink, parents: twice }]), invalid);
  });

  test('a digest belongs to contents and to nothing else', () => {
    const none = new Uint8Array(0);
    assert.throws(() => encodeLinkBlock([{ ...fileLink, digest: none }]), invalid);
    assert.throws(() => encodeLinkBlock([{ ...fileLink, kind: 'deletion' }]), invalid);
    const bytes = altered([fileLink], (columns) => (columns[3] = new Uint8Array(15)));
    assert.throws(() => decodeLinkBlock(bytes), invalid);
  });

  test('a second form of the same block is refused', () => {
    const given = [
      { ...fileLink, parents: [parentOf(1), parentOf(2, otherLog)].toSorted(byParentKey) },
    ];
    const changes: readonly ((columns: CborValue[]) => void)[] = [
      // A log, then an entry, that nothing names.
      (columns) =>
        (columns[4] = Buffer.concat([columns[4] as Uint8Array, new Uint8Array(32).fill(255)])),
      (columns) => {
        columns[5] = [...(columns[5] as number[]), 1, 9];
        columns[6] = Buffer.concat([columns[6] as Uint8Array, new Uint8Array(8)]);
      },
      // Parents, logs, entries in another order, or twice.
      (columns) => (columns[7] = [(columns[7] as number[][])[0]?.toReversed() ?? []]),
      (columns) => (columns[7] = [[0, 1, 0, 1, 1, 1]]),
      (columns) => {
        const logs = Buffer.from(columns[4] as Uint8Array);
        columns[4] = Buffer.concat([logs.subarray(32), logs.subarray(0, 32)]);
      },
      (columns) => (columns[5] = (columns[5] as number[]).toReversed()),
      // An index beyond its table, half a pair, a time below zero, an unknown kind.
      (columns) => (columns[7] = [[0, 1, 2, 1]]),
      (columns) => (columns[7] = [[0, 1, 1]]),
      (columns) => (columns[1] = [-1]),
      (columns) => (columns[0] = Uint8Array.of(4)),
      (columns) => (columns[0] = new Uint8Array(0)),
      (columns) => (columns[2] = Buffer.from('a\0b')),
      (columns) => columns.push(null),
      (columns) => columns.pop(),
    ];
    assert.equal(decodeLinkBlock(altered(given, () => undefined)).links.length, 1);
    changes.forEach((change, at) => {
      assert.throws(() => decodeLinkBlock(altered(given, change)), VaultError, `change ${at}`);
    });
  });

  test('named links out of order are refused on both sides', () => {
    const one = { ...fileLink, dot: { log, seq: 1, index: 0 }, hash8: new Uint8Array(8) };
    const two = { ...one, dot: { log, seq: 1, index: 1 } };
    assert.throws(() => encodeLinkBlock([two, one], true), invalid);
    assert.throws(() => encodeLinkBlock([one, one], true), invalid);
    const columns = [...(decode(encodeLinkBlock([one, two], true)) as readonly CborValue[])];
    columns[8] = [0, 1, 0, 0];
    assert.throws(() => decodeLinkBlock(encode(columns)), invalid);
  });
});
