/**
 * Runs seeds with one mistake in vault, until one notices: `mutant-child.js NUMBER SEED …`. A line of JSON
 * with the seed that did, or null. The program is given the mistake as it is loaded; nothing is written.
 */

import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { mutants } from './mutants.ts';

const [number, ...seeds] = process.argv.slice(2).map(Number);
const mutant = mutants[number ?? -1];
if (mutant === undefined) throw new RangeError(`expected a mutant, got ${number}`);
const url = new URL(`../../src/${mutant.file}.js`, import.meta.url);
const parts = readFileSync(url, 'utf8').split(mutant.from);
if (parts.length !== 2)
  throw new Error(`"${mutant.from}" is ${parts.length - 1} times in ${url.href}`);

const hooks = `
let given;
export function initialize(data) { given = data; }
export async function load(url, context, next) {
  return url === given.url
    ? { format: 'module', source: given.source, shortCircuit: true }
    : next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`, {
  data: { url: url.href, source: parts.join(mutant.to) },
});
const { simulate } = await import('./simulation.ts');

let caught: { readonly seed: number; readonly violation: string } | undefined;
for (const seed of seeds) {
  const { violations } = await simulate(String(seed), mutant.options);
  if (violations[0] === undefined) continue;
  caught = { seed, violation: violations[0] };
  break;
}
process.stdout.write(`${JSON.stringify(caught ?? null)}\n`);
