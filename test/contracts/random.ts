import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/bytes.ts';
import type { RandomSource } from '../../src/random.ts';

/** What every source of randomness must do. */
export function randomContract(kind: string, make: () => RandomSource): void {
  test(`${kind}: gives as many bytes as asked, in an array of their own`, () => {
    const random = make();
    for (const length of [0, 1, 12, 32, 255, 256, 257, 4096, 4097, 100_000]) {
      const bytes = random.bytes(length);
      assert.equal(bytes.length, length);
      assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
      // Nobody who gets the underlying buffer sees what others were given.
      assert.equal(bytes.buffer.byteLength, length);
    }
  });

  test(`${kind}: never gives the same bytes twice`, () => {
    const random = make();
    const seen = new Set<string>();
    for (let count = 0; count < 20_000; count++) seen.add(toHex(random.bytes(16)));
    for (let count = 0; count < 1000; count++) seen.add(toHex(random.bytes(300)));
    assert.equal(seen.size, 21_000);
    const bytes = random.bytes(64);
    const copy = bytes.slice();
    random.bytes(5000);
    assert.deepEqual(bytes, copy);
  });

  test(`${kind}: uses all bytes about equally often`, () => {
    const random = make();
    const counts = new Array<number>(256).fill(0);
    const total = 256 * 4000;
    for (let done = 0; done < total; done += 250) {
      for (const byte of random.bytes(Math.min(250, total - done)))
        counts[byte] = (counts[byte] ?? 0) + 1;
    }
    // Chi-square with 255 degrees of freedom: mean 255, standard deviation 22.6; 10 of those.
    const chi = counts.reduce((sum, count) => sum + (count - 4000) ** 2 / 4000, 0);
    assert.ok(chi > 255 - 226 && chi < 255 + 226, `chi-square ${chi}`);
  });
}
