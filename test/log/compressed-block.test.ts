import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadZstd } from '../../src/crypto/zstd.ts';
import { isVaultError, VaultError } from '../../src/errors.ts';
import { packBlock, unpackBlock, type Compressor } from '../../src/log/compressed-block.ts';
import { seededRandom } from '../helpers/seeded.ts';

const zstd = await loadZstd();
const compressor: Compressor = {
  compress: (bytes) => zstd.compress(bytes, 3),
  decompress: (bytes, length) => zstd.decompress(bytes, length),
};
const text = new Uint8Array(Buffer.from('the same again and again, '.repeat(40)));
const noise = seededRandom('noise').bytes(500);

function invalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

describe('compressed blocks', () => {
  test('what shrinks is compressed, what does not is left alone', () => {
    const packed = packBlock(text, compressor);
    assert.equal(packed[0], 1);
    assert.ok(packed.length < text.length / 4);
    assert.deepEqual(unpackBlock(packed, 2000, compressor), text);
    const left = packBlock(noise, compressor);
    assert.equal(left[0], 0);
    assert.deepEqual(unpackBlock(left, 2000, undefined), noise);
  });

  test('without a compressor nothing is compressed', () => {
    const packed = packBlock(text, undefined);
    assert.deepEqual(unpackBlock(packed, text.length, undefined), text);
    assert.deepEqual([...packed.subarray(0, 5)], [0, 0, 0, 4, 16]);
  });

  test('more than the limit is refused before room is made for it', () => {
    const bomb = packBlock(text, compressor);
    const refusing: Compressor = {
      ...compressor,
      decompress: () => assert.fail('must not be reached'),
    };
    assert.throws(
      () => unpackBlock(bomb, text.length - 1, refusing),
      (error) => isVaultError(error, 'VAULT_LIMIT_EXCEEDED'),
    );
  });

  test('a length that is not the content’s is refused', () => {
    for (const make of [() => packBlock(text, compressor), () => packBlock(noise, undefined)]) {
      for (const step of [1, -1]) {
        const packed = make();
        packed[4] = (packed[4] ?? 0) + step;
        assert.throws(() => unpackBlock(packed, 5000, compressor), invalid);
      }
    }
    assert.throws(() => unpackBlock(new Uint8Array(4), 100, compressor), invalid);
  });

  test('an unknown codec needs a newer program', () => {
    const packed = packBlock(text, undefined);
    packed[0] = 2;
    assert.throws(
      () => unpackBlock(packed, 5000, compressor),
      (error) => isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED') && error.message.includes('2'),
    );
  });

  test('every damaged byte is refused or gives bytes of the length that was said', () => {
    const packed = packBlock(text, compressor);
    for (let at = 0; at < packed.length; at++) {
      const damaged = packed.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x41;
      try {
        assert.ok(unpackBlock(damaged, 5000, compressor).length <= 5000);
      } catch (error) {
        assert.ok(error instanceof VaultError, String(error));
      }
    }
  });

  test('a method that is broken is not called damage', () => {
    const broken: Compressor = {
      ...compressor,
      decompress() {
        throw new VaultError('VAULT_FAILED', 'out of order');
      },
    };
    assert.throws(
      () => unpackBlock(packBlock(text, compressor), 5000, broken),
      (error) => isVaultError(error, 'VAULT_FAILED'),
    );
    assert.throws(() => unpackBlock(packBlock(text, compressor), 5000, undefined), TypeError);
  });
});
