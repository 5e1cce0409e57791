import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readU64be } from '../../src/bytes.ts';
import { LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { LevelMetaStore } from '../../src/store/level-meta-store.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { skipUnless } from '../helpers/requires.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { readDiskTrace, TRACED_CALLS, type DiskTrace, type TracedEvent } from './disk-trace.ts';
import {
  committedKey,
  COMMITS,
  firstOfHead,
  headOf,
  metaKeyOf,
  metaValueOf,
  valueAt,
} from './power-cut-plan.ts';

const real = realFileSystem();
const canTrace = (): boolean =>
  spawnSync('strace', ['-o', '/dev/null', process.execPath, '--version']).status === 0;

function needsTracer(t: TestContext): boolean {
  return skipUnless(t, {
    platforms: ['linux'],
    programs: ['strace'],
    conditions: { 'permission to trace a process': canTrace() },
  });
}

/** What the child did to its disk. */
function traceOf(t: TestContext, mode: 'barrier' | 'no-barrier'): DiskTrace {
  const dir = real.realPath(tempDir(t));
  mkdirSync(`${dir}/home`);
  const program = fileURLToPath(new URL('power-cut-child.js', import.meta.url));
  const options = ['-f', '-y', '-s', '99999999', '-e', `trace=${TRACED_CALLS}`];
  const traced = [process.execPath, program, `${dir}/home`, mode];
  const child = spawnSync('strace', [...options, '-o', `${dir}/trace`, ...traced]);
  assert.equal(child.status, 0, child.stderr.toString());
  assert.match(child.stdout.toString(), /closed\n$/);
  return readDiskTrace(readFileSync(`${dir}/trace`, 'latin1'), `${dir}/home`);
}

interface Claims {
  /** The greatest head, and the greatest commit, that the child had reported. */
  head: number;
  committed: number;
}

/** Opens what a power cut left, and tells what is missing of what had been claimed. */
async function lossesIn(home: string, claims: Claims): Promise<string[]> {
  const losses: string[] = [];
  const chunks = await LevelChunkStore.open(real, `${home}/chunks`);
  const meta = await LevelMetaStore.open(real, `${home}/meta`);
  try {
    if (chunks.repaired) losses.push('chunks were damaged');
    if (meta.repaired) losses.push('meta was damaged');
    const row = await meta.get(committedKey);
    const committed = row === undefined ? -1 : readU64be(row);
    if (committed < claims.committed)
      losses.push(`committed ${committed}, not ${claims.committed}`);
    const last = await chunks.lastSeq();
    if (last < Math.max(claims.head, committed)) losses.push(`the last value is ${last}`);
    // Whatever head is there, reported or not: all of its commit must be.
    const whole = new Set<number>();
    for await (const { seq, value } of chunks.scan(0)) {
      const first = firstOfHead(value);
      if (first === undefined) {
        if (Buffer.compare(value, valueAt(seq)) !== 0) losses.push(`value ${seq} is wrong`);
        continue;
      }
      if (Buffer.compare(value, headOf(first, seq)) !== 0) losses.push(`head ${seq} is wrong`);
      const seqs = Array.from({ length: seq - first }, (_, at) => first + at);
      const values = await chunks.getMany(seqs);
      seqs.forEach((one, at) => {
        if (values[at] === undefined) losses.push(`head ${seq} lacks ${one}`);
        else whole.add(one);
      });
      whole.add(seq);
    }
    for (let seq = 0; seq <= Math.max(claims.head, committed); seq++) {
      if (!whole.has(seq)) losses.push(`value ${seq} is in no commit`);
    }
    for (let seq = 0; seq <= committed; seq++) {
      const found = await meta.get(metaKeyOf(seq));
      if (found === undefined || Buffer.compare(found, metaValueOf(seq)) !== 0) {
        losses.push(`row ${seq} is missing`);
      }
    }
  } finally {
    await chunks.close();
    await meta.close();
  }
  return losses;
}

interface Cut {
  readonly what: string;
  readonly losses: readonly string[];
}

/** Replays the trace, cutting the power where `wanted` says so. */
async function cuts(
  t: TestContext,
  trace: DiskTrace,
  wanted: (event: TracedEvent, index: number) => readonly (undefined | (() => number))[],
): Promise<Cut[]> {
  const dir = tempDir(t);
  const claims: Claims = { head: -1, committed: -1 };
  const found: Cut[] = [];
  for (const [index, event] of trace.events.entries()) {
    event.apply();
    const { said } = event;
    const [word, number] = (said ?? '').split(' ');
    if (word === 'head') claims.head = Number(number);
    if (word === 'committed') claims.committed = Number(number);
    for (const random of wanted(event, index)) {
      const home = `${dir}/${found.length}`;
      trace.cut(home, random);
      found.push({
        what: `at call ${index} (${said ?? 'between'}), ${random ? 'kinder' : 'worst'}`,
        losses: await lossesIn(home, claims),
      });
      rmSync(home, { recursive: true });
    }
  }
  return found;
}

test('nothing that was reported as committed is lost by a power cut at any moment', async (t) => {
  if (!needsTracer(t)) return;
  const trace = traceOf(t, 'barrier');
  const seed = runSeed();
  const source = seededRandom(seed);
  const random = (): number => new DataView(source.bytes(4).buffer).getUint32(0) / 2 ** 32;
  const moments = new Set<number>();
  while (moments.size < 15) moments.add(Math.floor(random() * trace.events.length));
  const found = await cuts(t, trace, ({ said }, index) =>
    said || moments.has(index) ? [undefined, random] : [],
  );
  const reports = trace.events.filter(({ said }) => said?.startsWith('committed'));
  assert.equal(reports.length, COMMITS);
  assert.ok(found.length > 2 * (COMMITS * 2 + 10), `${found.length} cuts`);
  const bad = found.filter(({ losses }) => losses.length > 0);
  assert.deepEqual(bad, [], `seed ${seed}`);
});

test('without the barrier a power cut loses values of a head that is there', async (t) => {
  if (!needsTracer(t)) return;
  const trace = traceOf(t, 'no-barrier');
  const isHead = ({ synced }: TracedEvent): boolean =>
    /chunks\/0{16}\/\d+\.log$/.test(synced ?? '');
  const found = await cuts(t, trace, (event) => (isHead(event) ? [undefined] : []));
  assert.equal(found.length, COMMITS);
  const lacking = found.filter(({ losses }) => losses.some((loss) => /^head \d+ lacks/.test(loss)));
  t.diagnostic(`${lacking.length} of ${found.length} heads lack values`);
  assert.ok(lacking.length > 0, 'the synced head alone was enough each time');
});
