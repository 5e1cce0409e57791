import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { tmpdir } from 'node:os';
import { exitMeanings } from '../../src/cli/exit-codes.ts';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { treeOf, type TreeItem } from '../helpers/tree.ts';
import { CommandHost, type Commanded } from './command-host.ts';
import { SampleTree } from './sample-tree.ts';

const seed = runSeed();
const isLong = process.env['VAULT_SLOW'] === '1';
/** Damaged copies of the home that are looked at; all there are in a long run. */
const VARIANTS = 30;

type Tree = ReadonlyMap<string, TreeItem>;

const directory = mkdtempSync(join(tmpdir(), 'vault-test-'));
const work = join(directory, 'work');
/** The home as the last snapshot left it, with values in logs; and after it was opened again. */
const fresh = join(directory, 'fresh');
const settled = join(directory, 'settled');
const snapshots: { readonly id: string; readonly tree: Tree }[] = [];
let recoveryCode = '';
const hosts = [new CommandHost(), new CommandHost()];
after(() => {
  for (const host of hosts) host.close();
  rmSync(directory, { recursive: true, force: true });
});

before(async () => {
  const [host] = hosts as [CommandHost];
  const done = async (...args: string[]): Promise<Record<string, unknown>> => {
    const ran = await host.run(fresh, directory, ...args);
    assert.equal(ran.exit, 0, `vault ${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
    return ran.lines.at(-1) ?? {};
  };
  const tree = new SampleTree(work, `damage ${seed}`);
  tree.plant(260);
  recoveryCode = String((await done('init', '--device-key', '--name', 'test'))['recoveryCode']);
  await done('config', 'set', 'reserve', '65536');
  await done('folder', 'add', work);
  for (const edits of [0, 25, 25]) {
    tree.edit(edits);
    const { snapshot } = await done('snapshot');
    snapshots.push({ id: String(snapshot), tree: treeOf(work) });
  }
  copyHome(fresh, settled);
  for (let turn = 0; turn < 2; turn++) {
    const ran = await host.run(settled, directory, 'verify', '--read');
    assert.equal(ran.exit, 0, ran.stdout + ran.stderr);
  }
});

interface Variant {
  readonly home: 'fresh' | 'settled';
  /** Path inside the home. */
  readonly file: string;
  readonly way: string;
  readonly random: ReturnType<typeof seededRandom>;
}

const ways: Readonly<Record<string, (path: string, below: (limit: number) => number) => void>> = {
  'a flipped byte': flip,
  /** As bits rot: nothing but the byte tells of it. */
  'a flipped byte, nothing else touched': (path, below) => {
    const { atimeMs, mtimeMs } = statSync(path);
    flip(path, below);
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
    forgiveTables(join(path, '..'));
  },
  'cut to half': (path) => truncateSync(path, statSync(path).size >> 1),
  'cut to nothing': (path) => truncateSync(path, 0),
  gone: (path) => rmSync(path),
  longer: (path) => appendFileSync(path, seededRandom(path).bytes(100)),
};

function flip(path: string, below: (limit: number) => number): void {
  const bytes = readFileSync(path);
  if (bytes.length === 0) return;
  const at = below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
  writeFileSync(path, bytes);
}

/** Makes the store believe that it has seen these tables: copies have inodes and times of their own. */
function forgiveTables(database: string): void {
  const file = join(database, 'CHECKED');
  if (!existsSync(file)) return;
  const [first = '', ...lines] = readFileSync(file, 'utf8').split('\n');
  const known = lines.flatMap((line) => {
    const name = line.split(' ')[0] ?? '';
    const path = join(database, name);
    if (name === '' || !existsSync(path)) return [];
    const { size, mtimeNs, ino } = statSync(path, { bigint: true });
    return [`${name} ${size} ${mtimeNs} ${ino}\n`];
  });
  writeFileSync(file, `${first}\n${known.join('')}`);
}

function copyHome(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  for (const name of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('CHECKED')) forgiveTables(join(to, name, '..'));
  }
}

function filesOf(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(home, name)).isFile())
    .toSorted();
}

/** All variants, or of each file some ways, chosen by the seed. */
function chosenVariants(): Variant[] {
  const chance = seededRandom(`variants ${seed}`);
  const below = (limit: number): number => randomInteger(chance, limit);
  const all: Variant[] = [];
  for (const [name, home] of Object.entries({ fresh, settled })) {
    for (const file of filesOf(home)) {
      if (file === 'device-key' || /(^|\/)(LOCK|LOG|LOG\.old)$/.test(file)) continue;
      const { size } = statSync(join(home, file));
      for (const way of Object.keys(ways)) {
        const times = way.startsWith('a flipped') && size > 200 ? (size > 10_000 ? 12 : 4) : 1;
        for (let turn = 0; turn < times; turn++) {
          const random = seededRandom(`${seed} ${name} ${file} ${way} ${turn}`);
          all.push({ home: name as 'fresh' | 'settled', file, way, random });
        }
      }
    }
  }
  if (isLong) return all;
  // Of every file once, then of any.
  const shuffled = all
    .map((variant) => ({ variant, rank: below(2 ** 32) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ variant }) => variant);
  const seen = new Set<string>();
  const first = shuffled.filter(({ file }) => {
    const kind = file.replace(/\.[ab]$|\d+(?=\.(ldb|log)$)/, '');
    return !seen.has(kind) && seen.add(kind);
  });
  return [...first, ...shuffled.filter((variant) => !first.includes(variant))].slice(0, VARIANTS);
}

/** One damaged copy of the home, with everything that was said about it. */
class Patient {
  readonly home: string;
  readonly out: string;
  readonly #host: CommandHost;
  readonly #what: string;
  readonly #said: string[] = [];
  /** A snapshot can no longer be found, so that nobody can say which files it had. */
  isUnknown = false;

  constructor(host: CommandHost, what: string, from: string) {
    this.#host = host;
    this.#what = what;
    const place = mkdtempSync(join(directory, 'variant-'));
    this.home = join(place, 'home');
    this.out = join(place, 'out');
    copyHome(from, this.home);
  }

  remove(): void {
    rmSync(join(this.home, '..'), { recursive: true, force: true });
  }

  /** Runs a command that must end as commands end, with one of these exit codes. */
  async run(exits: readonly number[], ...args: string[]): Promise<Commanded> {
    const ran = await this.#host.run(this.home, directory, ...args);
    const warnings = ran.lines.filter(({ type }) => type !== 'entry').slice(0, 12);
    this.#said.push(
      `vault ${args.join(' ')} → ${ran.died ?? ran.exit}`,
      ...warnings.map((line) => `    ${JSON.stringify(line).slice(0, 300)}`),
      ran.stderr,
    );
    assert.equal(ran.died, undefined, this.said);
    assert.ok(exitMeanings.has(ran.exit), this.said);
    assert.doesNotMatch(ran.stderr, /\n\s+at .+:\d+:\d+|[Uu]ncaught/, this.said);
    const last = ran.lines.at(-1);
    assert.ok(last?.['type'] === 'summary' || last?.['type'] === 'error', this.said);
    assert.notEqual(last['code'], 'VAULT_FAILED', this.said);
    assert.ok(exits.includes(ran.exit), `expected exit ${exits.join(' or ')}\n${this.said}`);
    return ran;
  }

  /** Restores a moment; the paths that did not come back. What came back must be right. */
  async restore(at: string, expected: Tree): Promise<string[]> {
    const to = ['--to', this.out];
    const { exit, lines } = await this.run([0, 22], 'restore', '-f', 'work', '--at', at, ...to);
    this.isUnknown ||= lines.at(-1)?.['type'] === 'error';
    const found = existsSync(this.out) ? treeOf(this.out) : new Map<string, TreeItem>();
    rmSync(this.out, { recursive: true, force: true });
    for (const [path, item] of found) {
      const right = expected.get(path);
      assert.ok(right, `${path} should not be there\n${this.said}`);
      for (const key of ['kind', 'size', 'content', 'executable'] as const) {
        assert.equal(item[key], right[key], `wrong ${key} of ${path}\n${this.said}`);
      }
    }
    const missing = [...expected.keys()].filter((path) => !found.has(path));
    assert.ok(exit !== 0 || missing.length === 0, `missing: ${missing.join(', ')}\n${this.said}`);
    return missing;
  }

  /** What `verify --read` names; undefined for damage of which it cannot tell the files. */
  async verify(): Promise<{ readonly exit: number; readonly files: ReadonlySet<unknown> }> {
    const { exit, lines } = await this.run([0, 22], 'verify', '--read');
    const damage = lines.filter(({ type }) => type === 'damage');
    assert.equal(exit === 22, damage.length > 0, this.said);
    return { exit, files: new Set(damage.flatMap(({ files }) => files as string[])) };
  }

  get said(): string {
    return `${this.#what} (seed ${seed})\n${this.#said.join('\n')}`;
  }
}

/** Looks at a damaged home with every command; the number of files that did not come back. */
async function examine(patient: Patient, mayLose: boolean, first: number): Promise<number> {
  const missing: string[] = [];
  let found = first === 0 ? await patient.verify() : undefined;
  const newest = snapshots.at(-1) as (typeof snapshots)[0];
  if (first === 1) {
    const { lines } = await patient.run([0], 'snapshot', 'work');
    const at = String(lines.at(-1)?.['snapshot']);
    missing.push(...(await patient.restore(at, newest.tree)));
  }
  for (const { id, tree } of snapshots) missing.push(...(await patient.restore(id, tree)));
  await patient.run([0], 'status');
  await patient.run([0, 22], 'snapshots', 'work');
  await patient.run([0, 22], 'ls', '-R', '-f', 'work');
  found ??= await patient.verify();
  if (missing.length === 0 && !mayLose) assert.equal(found.exit, 0, patient.said);
  if (missing.length > 0) {
    assert.ok(mayLose, `lost: ${missing.join(', ')}\n${patient.said}`);
    assert.equal(found.exit, 22, patient.said);
    const files = missing.filter((at) => newest.tree.get(at)?.kind === 'file');
    for (const path of patient.isUnknown ? [] : files) {
      assert.ok(found.files.has(path), `${path} is not named\n${patient.said}`);
    }
  }
  const again = await patient.verify();
  assert.equal(again.exit, found.exit, patient.said);
  return missing.length;
}

describe('a home with damage in one of its files', () => {
  test('gives back exactly what was stored, or says what it cannot', async (t) => {
    const variants = chosenVariants();
    t.diagnostic(`seed ${seed}: ${variants.length} variants`);
    let lossy = 0;
    const failures: unknown[] = [];
    const next = variants[Symbol.iterator]();
    const worker = async (host: CommandHost): Promise<void> => {
      for (const { home, file, way, random } of next) {
        const below = (limit: number): number => randomInteger(random, limit);
        const patient = new Patient(
          host,
          `${home}, ${file}: ${way}`,
          home === 'fresh' ? fresh : settled,
        );
        ways[way]?.(join(patient.home, file), below);
        try {
          if ((await examine(patient, file.includes('/chunks/'), below(3))) > 0) lossy++;
        } catch (error) {
          failures.push(error);
        }
        patient.remove();
      }
    };
    await Promise.all(hosts.map(worker));
    for (const failure of failures.slice(1, 20)) t.diagnostic(String(failure));
    if (failures.length > 0) throw failures[0];
    t.diagnostic(`${lossy} of ${variants.length} variants lost something`);
    // Else the damage was not where content lies, and nothing was tested.
    assert.ok(lossy > 0, `seed ${seed}`);
  });

  test('opens with the recovery code when its device key is damaged', async () => {
    const [host] = hosts as [CommandHost];
    for (const way of ['a flipped byte', 'cut to half', 'cut to nothing', 'gone']) {
      const patient = new Patient(host, `device-key: ${way}`, settled);
      ways[way]?.(join(patient.home, 'device-key'), (limit) => limit >> 1);
      await patient.run(way === 'gone' ? [2] : [12, 22], 'status', '--no-input');
      const secret = join(patient.home, '..', 'code');
      writeFileSync(secret, `${recoveryCode}\n`);
      const to = patient.out;
      await patient.run([0], 'restore', '-f', 'work', '--to', to, '--passphrase-file', secret);
      patient.remove();
    }
  });
});

describe('a home that lost a whole directory', () => {
  test('makes meta/ again from chunks/, and the next snapshot adds no version', async () => {
    const [host] = hosts as [CommandHost];
    for (const home of [fresh, settled]) {
      const patient = new Patient(host, 'meta/ deleted', home);
      rmSync(join(patient.home, folderOf(patient.home), 'meta'), { recursive: true });
      // The copy stands for the home itself: seen as a copy, it would go on under a new log.
      rmSync(join(patient.home, folderOf(patient.home), 'sentinel'), { force: true });
      const { lines } = await patient.run([0], 'snapshot', 'work');
      const { added, changed, removed, newChunks } = lines.at(-1) ?? {};
      assert.deepEqual([added, changed, removed, newChunks], [0, 0, 0, 0], patient.said);
      assert.equal(await examine(patient, false, 2), 0);
      patient.remove();
    }
  });

  test('works without its lock/', async () => {
    const [host] = hosts as [CommandHost];
    const patient = new Patient(host, 'lock/ deleted', settled);
    rmSync(join(patient.home, 'lock'), { recursive: true });
    assert.equal(await examine(patient, false, 1), 0);
    patient.remove();
  });

  test('says what is lost without its chunks/', async () => {
    const [host] = hosts as [CommandHost];
    const patient = new Patient(host, 'chunks/ deleted', settled);
    rmSync(join(patient.home, folderOf(patient.home), 'chunks'), { recursive: true });
    const { exit, files } = await patient.verify();
    assert.equal(exit, 22);
    assert.ok(files.size > 0, patient.said);
    for (const { id, tree } of snapshots) {
      await patient.run([22], 'restore', '-f', 'work', '--at', id, '--to', patient.out);
      assert.deepEqual(existsSync(patient.out) ? [...treeOf(patient.out).keys()] : [], []);
      assert.ok(tree.size > 0);
    }
    patient.remove();
  });

  test('says so without its folders/', async () => {
    const [host] = hosts as [CommandHost];
    const patient = new Patient(host, 'folders/ deleted', settled);
    rmSync(join(patient.home, 'folders'), { recursive: true });
    await patient.run([22], 'restore', '-f', 'work', '--to', patient.out);
    await patient.run([22], 'verify', '--read');
    await patient.run([22], 'status');
    patient.remove();
  });
});

function folderOf(home: string): string {
  const [name] = readdirSync(join(home, 'folders'));
  return join('folders', name ?? '');
}
