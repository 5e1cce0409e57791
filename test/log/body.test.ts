import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encode, type CborValue } from '../../src/codec.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { isVaultError, VaultError } from '../../src/errors.ts';
import { MAX_BODY_BYTES, MAX_SYMLINK_BYTES } from '../../src/limits.ts';
import { bodyKind, contentDigest, decodeBody, encodeBody } from '../../src/log/body.ts';
import type { Body } from '../../src/log/types.ts';
import { anyBody } from '../helpers/log-arbitraries.ts';
import { fileBody, named } from '../helpers/log-samples.ts';

const anyOfAll = fc.oneof(anyBody('file'), anyBody('symlink'), anyBody('directory'));
const symlinkBody: Body = {
  manifest: undefined,
  mtimeNs: -5n,
  executable: false,
  symlink: '../elsewhere',
  unstable: false,
};

function invalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

describe('bodies', () => {
  test('are read back as they were written', () => {
    fc.assert(
      fc.property(anyOfAll, (body) => {
        const bytes = encodeBody(body);
        assert.deepEqual(decodeBody(bytes), body);
        assert.ok(bytes.length <= MAX_BODY_BYTES);
      }),
    );
  });

  test('any cut or flipped byte is refused, or is another body in canonical form', () => {
    fc.assert(
      fc.property(anyOfAll, fc.nat(), fc.integer({ min: 1, max: 255 }), (body, place, flip) => {
        const bytes = encodeBody(body);
        const at = place % bytes.length;
        assert.throws(() => decodeBody(bytes.subarray(0, at)), VaultError);
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        try {
          assert.deepEqual(encodeBody(decodeBody(damaged)), damaged);
        } catch (error) {
          assert.ok(error instanceof VaultError, String(error));
        }
      }),
    );
  });

  test('what no version can say is refused on both sides', () => {
    const root = named('root');
    const bad: readonly [Partial<Body>, CborValue][] = [
      [{ manifest: { size: 0, depth: 0, root } }, [0n, 0, [0, 0, root]]],
      [{ manifest: { size: 1, depth: 0, root: undefined } }, [0n, 0, [1, 0, null]]],
      [{ manifest: { size: 0, depth: 1, root: undefined } }, [0n, 0, [0, 1, null]]],
      [{ manifest: { size: 1, depth: 9, root } }, [0n, 0, [1, 9, root]]],
      [
        { manifest: { size: 1, depth: 0, root: root.subarray(1) } },
        [0n, 0, [1, 0, root.subarray(1)]],
      ],
      [{ manifest: { size: 2 ** 53, depth: 0, root } }, [0n, 0, [2n ** 53n, 0, root]]],
      [{ mtimeNs: 2n ** 63n }, [2n ** 63n, 0, [1, 0, root]]],
      [{ mtimeNs: -(2n ** 63n) - 1n }, [-(2n ** 63n) - 1n, 0, [1, 0, root]]],
      [{ ...symlinkBody, symlink: '' }, [0n, 0, new Uint8Array(0)]],
      [{ ...symlinkBody, symlink: 'a\0' }, [0n, 0, Uint8Array.of(97, 0)]],
      [{ ...symlinkBody, executable: true }, [0n, 1, Uint8Array.of(97)]],
      [{ manifest: undefined, executable: true }, [0n, 1, null]],
      [{ ...symlinkBody, manifest: { size: 1, depth: 0, root } }, [0n, 4, null]],
    ];
    for (const [change, value] of bad) {
      assert.throws(() => encodeBody({ ...fileBody, ...change }), invalid);
      assert.throws(() => decodeBody(encode(value)), invalid);
    }
  });

  test('symlink targets have a limit, and so have bodies', () => {
    const limit = (error: unknown): boolean => isVaultError(error, 'VAULT_LIMIT_EXCEEDED');
    const longest = { ...symlinkBody, symlink: '\udcff'.repeat(MAX_SYMLINK_BYTES) };
    assert.deepEqual(decodeBody(encodeBody(longest)), longest);
    const longer = { ...symlinkBody, symlink: 'a'.repeat(MAX_SYMLINK_BYTES + 1) };
    assert.throws(() => encodeBody(longer), limit);
    assert.throws(() => decodeBody(encode([0n, 0, Buffer.from(longer.symlink)])), limit);
    assert.throws(() => decodeBody(new Uint8Array(MAX_BODY_BYTES + 1)), limit);
  });

  test('their kind follows from what they hold', () => {
    assert.equal(bodyKind(fileBody), 'file');
    assert.equal(bodyKind(symlinkBody), 'symlink');
    assert.equal(bodyKind({ ...symlinkBody, symlink: undefined }), 'directory');
  });
});

describe('digests of contents', () => {
  const key = secretKey(named('digest key'));

  test('are a keyed hash of the canonical content', () => {
    const expected = createHmac('sha256', named('digest key'))
      .update(encode([true, [1234, 0, named('root')]]))
      .digest();
    assert.deepEqual(contentDigest(key, fileBody), new Uint8Array(expected).slice(0, 16));
  });

  test('are equal exactly for equal contents', () => {
    const same = contentDigest(key, { ...fileBody, mtimeNs: 1n, unstable: true });
    assert.deepEqual(same, contentDigest(key, fileBody));
    const others = [
      { ...fileBody, executable: false },
      { ...fileBody, manifest: { size: 1235, depth: 0, root: named('root') } },
      { ...fileBody, manifest: { size: 1234, depth: 1, root: named('root') } },
      { ...fileBody, manifest: { size: 1234, depth: 0, root: named('other') } },
      { ...fileBody, executable: false, manifest: { size: 0, depth: 0, root: undefined } },
      symlinkBody,
      { ...symlinkBody, symlink: 'x' },
      fileBody,
    ].map((body) => Buffer.from(contentDigest(key, body)).toString('hex'));
    assert.equal(new Set(others).size, others.length);
    assert.notDeepEqual(contentDigest(secretKey(named('other')), fileBody), same);
  });

  test('of a directory are empty', () => {
    assert.equal(contentDigest(key, { ...symlinkBody, symlink: undefined }).length, 0);
  });
});
