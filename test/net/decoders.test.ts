import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex } from '../../src/bytes.ts';
import { fuzzedDecoders } from '../helpers/fuzzed-decoders.ts';
import { mutate, quickRandom } from '../helpers/mutations.ts';
import { runSeed } from '../helpers/seeded.ts';

// `bench/fuzz.ts` does this ten million times.
describe('what reads bytes of a peer', () => {
  const seed = runSeed();
  for (const { name, samples, every, read } of fuzzedDecoders()) {
    test(`takes or refuses what was made of good bytes, and nothing else happens: ${name}`, () => {
      const random = quickRandom(seed);
      const rounds = Math.ceil(3000 / Math.min(every, 20));
      let taken = 0;
      for (let round = 0; round < rounds; round++) {
        const bytes = mutate(samples, random);
        try {
          if (read(bytes)) taken++;
        } catch (cause) {
          throw new Error(`VAULT_SEED=${seed}, round ${round}: ${toHex(bytes)}`, { cause });
        }
      }
      assert.ok(taken < rounds, 'some is refused');
      if (name !== 'sealed message') assert.ok(samples.every(read), 'good bytes are taken');
    });
  }
});
