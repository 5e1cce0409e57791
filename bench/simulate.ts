/**
 * Runs whole nodes under the simulator, seed after seed: see `docs/simulator.md`.
 *
 *   npm run simulate -- [--seed N] [--runs M] [--twice] [--steps S] [--trace] [--seconds T]
 *
 * JSON lines: `progress` every 10 seconds, `violation` for each seed that fails, one `summary`. Exits with
 * 1 where anything was violated. `--trace` prints what happened in each run, `--twice` runs each seed twice
 * and compares, `--seconds` stops after so long, `--stop` at the first violation, `--restores` lets machines
 * be restored from old copies, `--large` lets users write much at a time.
 */

import { parseArgs } from 'node:util';
import { simulate } from '../test/simulate/simulation.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    steps: { type: 'string' },
    seconds: { type: 'string', default: '0' },
    twice: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
    restores: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
  },
});
const whole = (text: string): number => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new RangeError(`expected a whole number, got ${text}`);
  }
  return number;
};
const first = whole(values.seed);
const runs = whole(values.runs);
const most = whole(values.seconds);
const options = {
  restores: values.restores,
  large: values.large,
  ...(values.steps === undefined ? {} : { steps: whole(values.steps) }),
};

const started = performance.now();
const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
const say = (line: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const failed: number[] = [];
let done = 0;
let told = 0;
let [frames, bytes, entries] = [0, 0, 0];
for (let seed = first; seed < first + runs; seed++) {
  if (most > 0 && seconds() > most) break;
  const result = await simulate(String(seed), options);
  const violations = [...result.violations];
  if (values.twice && violations.length === 0) {
    const again = await simulate(String(seed), options);
    if (again.trace !== result.trace) violations.push('the same seed led to another trace');
  }
  done++;
  frames += result.frames;
  bytes += result.bytes;
  entries += result.entries;
  if (values.trace) {
    process.stdout.write(`${result.lines.join('\n')}\ntrace ${result.trace}\n`);
  }
  if (violations.length > 0) {
    failed.push(seed);
    const kinds = `${values.restores ? ' --restores' : ''}${values.large ? ' --large' : ''}`;
    const replay = `npm run simulate -- --seed ${seed}${kinds} --trace`;
    say({ type: 'violation', seed, violations: violations.slice(0, 8), replay });
    if (values.stop) break;
  }
  if (seconds() > told + 10) {
    told = seconds();
    say({ type: 'progress', done, failed: failed.length, seconds: seconds() });
  }
}
const perSecond = Math.round((done / Math.max(0.1, seconds())) * 10) / 10;
say({
  type: 'summary',
  runs: done,
  failed,
  frames,
  bytes,
  entries,
  seconds: seconds(),
  perSecond,
});
if (failed.length > 0) process.exitCode = 1;
