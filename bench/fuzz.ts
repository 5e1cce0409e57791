/**
 * Feeds everything that reads bytes of a peer with what can be made of good bytes:
 *
 *   node build/bench/fuzz.js [--inputs 10000000] [--seed 1] [--only NAME]
 *
 * A decoder may take an input or refuse it; one that takes it and writes it otherwise, throws anything but
 * a VaultError, or does not come back has failed. Prints a line of JSON for each decoder and a summary; what
 * failed comes with its bytes. Exits with 1 then.
 */

import { parseArgs } from 'node:util';
import { toHex } from '../src/bytes.ts';
import { fuzzedDecoders } from '../test/helpers/fuzzed-decoders.ts';
import { mutate, quickRandom } from '../test/helpers/mutations.ts';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const say = (what: object): void => {
  process.stdout.write(`${JSON.stringify(what)}\n`);
};
const decoders = fuzzedDecoders().filter(({ name }) => name === (values.only ?? name));
const weights = decoders.reduce((sum, { every }) => sum + 1 / every, 0);
const rounds = Math.ceil(Number(values.inputs) / weights);
const started = performance.now();
let [inputs, failed] = [0, 0];
for (const { name, samples, every, read } of decoders) {
  const random = quickRandom(Number(values.seed));
  const own = Math.ceil(rounds / every);
  let [taken, slowestMs] = [0, 0];
  const begun = performance.now();
  for (let round = 0; round < own; round++) {
    const bytes = mutate(samples, random);
    const before = performance.now();
    try {
      if (read(bytes)) taken++;
    } catch (error) {
      failed++;
      say({ type: 'failure', decoder: name, bytes: toHex(bytes), error: String(error) });
    }
    slowestMs = Math.max(slowestMs, performance.now() - before);
  }
  inputs += own;
  const seconds = Math.round(performance.now() - begun) / 1000;
  say({
    type: 'decoder',
    decoder: name,
    inputs: own,
    taken,
    slowestMs: Math.round(slowestMs),
    seconds,
  });
}
const seconds = Math.round((performance.now() - started) / 100) / 10;
say({ type: 'summary', inputs, failed, seconds, seed: Number(values.seed) });
if (failed > 0) process.exitCode = 1;
