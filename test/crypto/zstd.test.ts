import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex } from '../../src/bytes.ts';
import {
  loadWasmZstd,
  loadZstd,
  nativeZstd,
  wasmZstd,
  type Zstd,
  type ZstdModule,
} from '../../src/crypto/zstd.ts';
import { seededRandom } from '../helpers/seeded.ts';

const wasm = await loadWasmZstd();
const native = nativeZstd();
const implementations: readonly [string, Zstd][] = [
  ['wasm', wasm],
  ...(native ? [['node:zlib', native] as [string, Zstd]] : []),
];

const compressible = fc
  .tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 5000 }), fc.nat())
  .map(([piece, times, seed]) => {
    const text = Buffer.alloc(Math.min(piece.length * times, 300_000), Buffer.from(piece));
    return Buffer.concat([text, seededRandom(seed).bytes(seed % 70)]);
  });

for (const [name, zstd] of implementations) {
  test(`${name}: any content comes back, at any level, in any order of sizes`, () => {
    fc.assert(
      fc.property(compressible, fc.integer({ min: 1, max: 12 }), (plain, level) => {
        const packed = zstd.compress(plain, level).slice();
        assert.ok(plain.equals(zstd.decompress(packed, plain.length)));
      }),
      { numRuns: 60 },
    );
  });

  test(`${name}: a frame that the zstd tool wrote opens`, () => {
    const frame = fromHex('28b52ffd04583100007661756c740aeeba42ce');
    assert.equal(Buffer.from(zstd.decompress(frame, 6).slice()).toString(), 'vault\n');
  });

  test(`${name}: another length, a cut, an extension or garbage is corrupt, never wrong bytes`, () => {
    const plain = Buffer.from('a sentence that repeats itself, '.repeat(100));
    const packed = zstd.compress(plain, 3).slice();
    const corrupt = { code: 'VAULT_CHUNK_CORRUPT' };
    for (const length of [0, 1, plain.length - 1, plain.length + 1, 1_000_000]) {
      assert.throws(() => zstd.decompress(packed, length), corrupt, `length ${length}`);
    }
    for (let length = 0; length < packed.length; length++) {
      const cut = packed.subarray(0, length);
      assert.throws(() => zstd.decompress(cut, plain.length), corrupt, `cut to ${length}`);
    }
    const garbage = seededRandom('garbage').bytes(5000);
    assert.throws(() => zstd.decompress(garbage, 5000), corrupt);
    assert.throws(() => zstd.decompress(Buffer.alloc(0), 10), corrupt);
    assert.ok(plain.equals(zstd.decompress(packed, plain.length)));
  });

  test(`${name}: a frame that unfolds to more than was promised stops there`, () => {
    const bomb = zstd.compress(Buffer.alloc(60_000_000), 3).slice();
    assert.ok(bomb.length < 10_000);
    assert.throws(() => zstd.decompress(bomb, 1000), { code: 'VAULT_CHUNK_CORRUPT' });
  });

  test(`${name}: what decompress gave stays the caller's`, () => {
    const first = Buffer.alloc(1000, 'abc');
    const second = Buffer.alloc(1000, 'xyz');
    const packed = [zstd.compress(first, 1).slice(), zstd.compress(second, 1).slice()] as const;
    const opened = zstd.decompress(packed[0], 1000);
    zstd.decompress(packed[1], 1000);
    assert.ok(first.equals(opened));
  });
}

test('frames of each implementation open with each other', () => {
  const plain = Buffer.alloc(70_000, 'one format');
  for (const [, writer] of implementations) {
    const packed = writer.compress(plain, 3).slice();
    for (const [, reader] of implementations) {
      assert.ok(plain.equals(reader.decompress(packed, plain.length)));
    }
  }
});

test('the implementation is loaded once', async () => {
  assert.equal(await loadZstd(), await loadZstd());
});

test('after a fault inside the wasm build no call trusts its memory again', () => {
  let calls = 0;
  const fault = new Error('unreachable');
  const module: ZstdModule = {
    HEAPU8: new Uint8Array(4096),
    _malloc: () => 1024,
    _free: () => undefined,
    _compressBound: (size) => size + 64,
    _compress: () => 5,
    _decompress: () => {
      calls++;
      throw fault;
    },
  };
  const zstd = wasmZstd(module);
  const plain = new Uint8Array(10);
  assert.equal(zstd.compress(plain, 1).length, 5);
  const failed = (error: unknown): boolean =>
    error instanceof Error &&
    'code' in error &&
    error.code === 'VAULT_FAILED' &&
    error.cause === fault;
  assert.throws(() => zstd.decompress(plain, 10), failed);
  assert.throws(() => zstd.decompress(plain, 10), failed);
  assert.throws(() => zstd.compress(plain, 1), failed);
  assert.equal(calls, 1);
});

test('memory that runs out in the wasm build is said, and the next call works', () => {
  assert.throws(
    () => wasm.decompress(wasm.compress(new Uint8Array(9), 1).slice(), 2 ** 31 - 4096),
    {
      code: 'VAULT_FAILED',
    },
  );
  const plain = Buffer.alloc(500, 'again');
  assert.ok(plain.equals(wasm.decompress(wasm.compress(plain, 1).slice(), 500)));
});
