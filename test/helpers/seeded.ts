export { seededRandom } from '../../src/system/seeded-random.ts';

/** The seed of this run: `VAULT_SEED` or a new one; put it into every message. */
export function runSeed(): number {
  const given = process.env['VAULT_SEED'];
  return given === undefined ? Date.now() % 1_000_000_000 : Number(given);
}
