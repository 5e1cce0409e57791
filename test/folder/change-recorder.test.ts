import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { utf8 } from '../../src/bytes.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { VaultError } from '../../src/errors.ts';
import { ChangeRecorder, type RecorderParts } from '../../src/folder/change-recorder.ts';
import { noExcludes } from '../../src/folder/excludes.ts';
import { GoneFiles } from '../../src/folder/gone-files.ts';
import type { NewVersion } from '../../src/folder/pending-changes.ts';
import { scan, wholeFolder, type ScanScope } from '../../src/folder/scan.ts';
import { Survey } from '../../src/folder/survey.ts';
import { tasks } from '../../src/folder/tasks.ts';
import type { SeenEntry } from '../../src/folder/working-copy-row.ts';
import type { Parent } from '../../src/log/types.ts';
import { FolderStore } from '../../src/store/folder-store.ts';
import { MemoryChunkStore } from '../../src/store/memory-chunk-store.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import type { MetaOperation } from '../../src/store/meta-store.ts';
import { inlinePool } from '../../src/system/inline-pool.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { named } from '../helpers/log-samples.ts';
import { rejects } from '../helpers/rejects.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { recordedIn } from './scan-disk.ts';
import { logs } from './seen-entries.ts';
import { put, sampleSecrets } from './task-world.ts';

/** Rows of directories in memory: what a working copy's state and log would keep. */
class Recorded {
  readonly clock = new VirtualClock();
  readonly fs = new MemoryFileSystem({ clock: this.clock });
  readonly rows = new Map<string, Map<string, SeenEntry>>();
  /** Versions by commit. */
  readonly commits: NewVersion[][] = [];
  readonly names = new Map<NewVersion, Parent | undefined>();
  /** Paths of directories whose rows each commit wrote. */
  readonly written: string[][] = [];
  #staged: NewVersion[] = [];
  #seq = 0;
  readonly pool = inlinePool({ tasks, fileSystem: this.fs, random: seededRandom('recorder') });
  store!: FolderStore;
  problems: string[] = [];
  /** What fails each commit after so many. */
  commitsLeft = Number.POSITIVE_INFINITY;
  /** Turns that a commit takes. */
  slowness = 0;
  onCommit = (): void => undefined;
  /** Most entries of rows that were held for one commit. */
  mostRows = 0;

  static async make(): Promise<Recorded> {
    const recorded = new Recorded();
    recorded.store = await FolderStore.open(new MemoryChunkStore(), new MemoryMetaStore());
    recorded.fs.makeDirectories('/disk');
    recorded.pool.configure('folder', sampleSecrets('recorder', 0));
    return recorded;
  }

  put(...names: string[]): void {
    for (const name of names) {
      this.fs.makeDirectories(`/disk/${name}`.replace(/\/[^/]*$/, ''));
      put(this.fs, `/disk/${name}`, utf8(`${name} ${this.#seq}`));
    }
  }

  /** What the last run counted as gone. */
  gone = 0;

  recorder(change: Partial<RecorderParts> = {}): ChangeRecorder {
    let rowOperations: (() => void)[] = [];
    return new ChangeRecorder({
      root: '/disk',
      store: this.store,
      state: {
        rows: (path, rows): MetaOperation[] => {
          const copy = new Map(rows);
          rowOperations.push(() => {
            this.rows.set(path, copy);
            this.written.at(-1)?.push(path);
          });
          this.mostRows += rows.size;
          return [];
        },
        forget: (path): MetaOperation[] => {
          rowOperations.push(() => this.rows.delete(path));
          return [];
        },
      },
      seen: (path) => Promise.resolve(this.rows.get(path) && new Map(this.rows.get(path))),
      currentOf: () => Promise.resolve([]),
      goneFiles: new GoneFiles(),
      bodyOf: () => Promise.resolve(undefined),
      stage: (versions) => {
        this.#staged.push(...versions);
        const seq = this.#seq++;
        const names = versions.map((_, index): Parent => ({
          log: logs[0] ?? '',
          seq,
          index,
          hash8: new Uint8Array(8),
        }));
        for (const [at, version] of versions.entries()) this.names.set(version, names[at]);
        return Promise.resolve(names);
      },
      commit: async (rows) => {
        if (this.commitsLeft-- <= 0) throw new VaultError('VAULT_IO', 'killed');
        for (let wait = this.slowness; wait > 0; wait--) await turn();
        this.written.push([]);
        rows();
        for (const run of rowOperations) run();
        rowOperations = [];
        this.commits.push(this.#staged);
        this.#staged = [];
        this.onCommit();
      },
      limits,
      digestKey: secretKey(named('digest key')),
      idKey: secretKey(named('id key')),
      pool: this.pool,
      secrets: 'folder',
      clock: this.clock,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onProblem: (path, message) => this.problems.push(`${path}: ${message}`),
      ...change,
    });
  }

  scan(scope: ScanScope = wholeFolder): ReturnType<typeof scan> {
    return scan({
      fileSystem: this.fs,
      pool: this.pool,
      secrets: 'folder',
      clock: this.clock,
      root: '/disk',
      recorded: recordedIn(this.rows),
      excludes: noExcludes,
      neverEnter: [],
      signal: new AbortController().signal,
      scope,
    });
  }

  /** One whole run; `now` minutes pass before it. */
  async run(change: Partial<RecorderParts> = {}, passMs = 60_000): Promise<ChangeRecorder> {
    this.clock.advance(passMs);
    this.#staged = [];
    const survey = new Survey((path) => Promise.resolve(this.rows.get(path)), change.goneFiles);
    const { goneFiles, places } = survey;
    const recorder = this.recorder({ goneFiles, ...change });
    for await (const scanned of this.scan({ ...wholeFolder, entersNew: false })) {
      await survey.take(scanned);
      await recorder.take({ ...scanned, changed: [] });
    }
    const changes = { ...wholeFolder, places, entersRecorded: false, withStats: true };
    for await (const scanned of this.scan(changes)) await recorder.take(scanned);
    this.gone = await recorder.countGone();
    await recorder.recordGone();
    await recorder.finish();
    return recorder;
  }

  /** Paths of the versions that no committed one supersedes, deletions apart. */
  get current(): string[] {
    const all = this.commits.flat();
    const superseded = new Set(
      all.flatMap(({ parents }) => parents.map(({ seq, index }) => `${seq} ${index}`)),
    );
    return all
      .filter((version) => {
        const name = this.names.get(version);
        return version.kind !== 'deletion' && !superseded.has(`${name?.seq} ${name?.index}`);
      })
      .map(({ path }) => path)
      .sort();
  }

  /** Paths that rows are recorded for. */
  get recordedPaths(): string[] {
    return [...this.rows]
      .flatMap(([directory, rows]) =>
        [...rows.keys()].map((name) => (directory === '' ? name : `${directory}/${name}`)),
      )
      .sort();
  }

  /** Kind of the last version of each path. */
  get latest(): Record<string, string> {
    const kinds = new Map<string, string>();
    for (const { path, kind } of this.commits.flat()) kinds.set(path, kind);
    return Object.fromEntries(
      [...kinds].filter(([, kind]) => kind !== 'deletion').toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
}

/** Far below the real ones, so that commits fall everywhere. */
const limits = { versionsPerEntry: 16, versionsPerCommit: 48, rowsPerCommit: 400 };

/** Paths below `root`, sorted, directories too. */
function treeFiles(fs: MemoryFileSystem, root: string, prefix = ''): string[] {
  return fs
    .list(`${root}/${prefix}`.replace(/\/$/, ''))
    .flatMap(({ name, kind }) => [
      `${prefix}${name}`,
      ...(kind === 'directory' ? treeFiles(fs, root, `${prefix}${name}/`) : []),
    ])
    .sort();
}

const many = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

describe('ChangeRecorder', () => {
  test('each new name becomes a version, and its row names it', async () => {
    const recorded = await Recorded.make();
    recorded.put('a', 'd/b');
    recorded.fs.makeSymlink('a', '/disk/link');
    const { counts } = await recorded.run();
    assert.deepEqual(recorded.latest, {
      a: 'file',
      d: 'directory',
      'd/b': 'file',
      link: 'symlink',
    });
    assert.deepEqual([counts.files, counts.dirs, counts.added], [3, 1, 3]);
    const versions = recorded.commits.flat();
    const row = recorded.rows.get('d')?.get('b');
    assert.ok(row);
    assert.equal(versions[row.version.index]?.path, 'd/b');
    assert.deepEqual(row.digest, versions[row.version.index]?.digest);
  });

  test('a version supersedes the one on disk, or what there was where none is', async () => {
    const recorded = await Recorded.make();
    recorded.put('a');
    await recorded.run();
    const before = recorded.rows.get('')?.get('a')?.version;
    recorded.put('a', 'b');
    const current: Parent = { log: logs[1] ?? '', seq: 7, index: 7, hash8: new Uint8Array(8) };
    await recorded.run({ currentOf: (path) => Promise.resolve(path === 'b' ? [current] : []) });
    const [a, b] = ['a', 'b'].map((path) =>
      recorded.commits.at(-1)?.find((one) => one.path === path),
    );
    assert.deepEqual(a?.parents, [before]);
    assert.deepEqual(b?.parents, [current]);
  });

  test('content that is the same again is no version, but its row is renewed', async () => {
    const recorded = await Recorded.make();
    recorded.put('a');
    await recorded.run();
    const commits = recorded.commits.flat().length;
    recorded.fs.setModified('/disk/a', 5n);
    const { counts } = await recorded.run();
    assert.deepEqual([counts.unchanged, counts.changed], [1, 0]);
    assert.equal(recorded.commits.flat().length, commits);
    assert.equal(recorded.rows.get('')?.get('a')?.mtimeNs, 5n);
  });

  test('a file changed just before it was read is racy, however long its batch took', async () => {
    const recorded = await Recorded.make();
    recorded.put('a');
    const { pool } = recorded;
    const slow: typeof pool = {
      lanes: 1,
      configure: () => undefined,
      warm: () => undefined,
      close: () => Promise.resolve(),
      async run<I, O>(
        task: string,
        input: I,
        options?: Parameters<typeof pool.run>[2],
      ): Promise<O> {
        const output = await pool.run<I, O>(task, input, options);
        recorded.clock.advance(3000);
        return output;
      },
    };
    recorded.clock.advance(10);
    await recorded.run({ pool: slow }, 5);
    assert.equal(recorded.rows.get('')?.get('a')?.racy, true);
    await recorded.run({ pool: slow });
    assert.equal(recorded.rows.get('')?.get('a')?.racy, false);
  });

  test('a symlink or directory changed while its directory was scanned is racy', async () => {
    const recorded = await Recorded.make();
    recorded.fs.makeSymlink('x', '/disk/link');
    const recorder = recorded.recorder();
    for await (const scanned of recorded.scan()) {
      recorded.clock.advance(5000);
      await recorder.take(scanned);
    }
    await recorder.finish();
    assert.equal(recorded.rows.get('')?.get('link')?.racy, true);
  });

  test('a gone directory goes with all below it, deepest first', async () => {
    const recorded = await Recorded.make();
    recorded.put('d/e/f', 'd/g', 'h');
    await recorded.run();
    recorded.fs.removeTree('/disk/d');
    const recorder = await recorded.run();
    assert.equal(recorder.counts.removed, 2);
    assert.deepEqual(
      recorded.commits.at(-1)?.map(({ path }) => path),
      ['d/e/f', 'd/e', 'd/g', 'd'],
    );
    assert.deepEqual(recorded.latest, { h: 'file' });
    assert.deepEqual([...recorded.rows.keys()], ['']);
  });

  test('a run killed between any two commits leaves nothing for good', async () => {
    for (const change of ['delete', 'replace by file', 'replace by symlink'] as const) {
      for (let kills = 0, isDone = false; !isDone; kills++) {
        const recorded = await Recorded.make();
        recorded.put(...many(130, 'd/e/'), ...many(60, 'd/'), 'keep');
        await recorded.run();
        recorded.fs.removeTree('/disk/d');
        if (change === 'replace by file') recorded.put('d');
        if (change === 'replace by symlink') recorded.fs.makeSymlink('keep', '/disk/d');
        // Many more changes, so that commits fall everywhere.
        recorded.put(...many(120, 'new/'));
        recorded.commitsLeft = kills;
        isDone = await recorded.run().then(
          () => true,
          () => false,
        );
        recorded.commitsLeft = Number.POSITIVE_INFINITY;
        await recorded.run();
        const rest = Object.keys(recorded.latest).filter((path) => path.startsWith('d/'));
        assert.deepEqual(rest, [], `${change}, killed after ${kills} commits`);
        const kind = {
          delete: undefined,
          'replace by file': 'file',
          'replace by symlink': 'symlink',
        }[change];
        assert.equal(recorded.latest['d'], kind);
      }
    }
  });

  test('a file that took the place of a directory is recorded after all below it', async () => {
    const recorded = await Recorded.make();
    recorded.put('d/a', 'd/b/c');
    await recorded.run();
    recorded.fs.removeTree('/disk/d');
    recorded.put('d');
    const { counts } = await recorded.run();
    assert.deepEqual(
      recorded.commits.at(-1)?.map(({ path, kind }) => `${path} ${kind}`),
      ['d/b/c deletion', 'd/b deletion', 'd/a deletion', 'd file'],
    );
    assert.deepEqual([counts.added, counts.removed], [1, 2]);
  });

  test('what is counted as gone is what would be deleted', async () => {
    const recorded = await Recorded.make();
    recorded.put('a', 'd/b', 'd/e/c', 'x/y');
    await recorded.run();
    recorded.fs.removeTree('/disk/d');
    recorded.fs.removeFile('/disk/a');
    recorded.fs.removeTree('/disk/x');
    recorded.put('x');
    const recorder = recorded.recorder();
    for await (const scanned of recorded.scan()) {
      await recorder.take(scanned);
    }
    assert.equal(await recorder.countGone(), 4);
    await recorder.abandon();
  });

  test('a file that vanishes before it is read is gone for the next scan', async () => {
    const recorded = await Recorded.make();
    recorded.put('a', 'b');
    await recorded.run();
    recorded.put('a', 'b');
    const { pool } = recorded;
    const racing: typeof pool = {
      lanes: 1,
      configure: () => undefined,
      warm: () => undefined,
      close: () => Promise.resolve(),
      run: (task, input, options) => {
        if (recorded.fs.statIfPresent('/disk/a')) recorded.fs.removeFile('/disk/a');
        return pool.run(task, input, options);
      },
    };
    const { counts } = await recorded.run({ pool: racing });
    assert.deepEqual([counts.files, counts.changed, counts.removed], [2, 1, 0]);
    const { counts: next } = await recorded.run();
    assert.deepEqual([next.files, next.removed], [1, 1]);
    assert.deepEqual(recorded.latest, { b: 'file' });
  });

  test('rows of changed directories are not held without bound, also where nothing is a version', async () => {
    const recorded = await Recorded.make();
    for (let directory = 0; directory < 12; directory++)
      recorded.put(...many(100, `d${directory}/`));
    await recorded.run();
    // Every file looks changed and none is, as after the index was lost.
    for (const rows of recorded.rows.values()) {
      for (const [name, entry] of rows) rows.set(name, { ...entry, racy: true });
    }
    recorded.commits.length = 0;
    recorded.written.length = 0;
    const { counts } = await recorded.run();
    assert.equal(counts.unchanged, 1200);
    assert.deepEqual(recorded.commits.flat(), []);
    assert.ok(recorded.written.length >= 2, `${recorded.written.length} commits`);
    const most = Math.max(...recorded.written.map((paths) => paths.length));
    assert.ok(most * 100 <= limits.rowsPerCommit + 100, `${most} directories in one`);
  });

  test('after each commit the rows are those of the versions, however long it takes', async () => {
    const seed = runSeed();
    const random = seededRandom(`slow commits ${seed}`);
    const below = (bound: number): number =>
      new DataView(random.bytes(4).buffer).getUint32(0) % bound;
    const recorded = await Recorded.make();
    recorded.onCommit = () => {
      assert.deepEqual(recorded.recordedPaths, recorded.current, `seed ${seed}`);
    };
    for (let round = 0; round < 8; round++) {
      recorded.slowness = below(60);
      for (let change = below(300); change > 0; change--) {
        const path = `d${below(6)}/f${below(120)}`;
        const stat = recorded.fs.statIfPresent(`/disk/${path}`);
        const moved = `/disk/d${below(6)}/m${round} ${change}`;
        if (stat === undefined) recorded.put(path);
        else if (below(4) === 0) recorded.fs.removeFile(`/disk/${path}`);
        else if (recorded.fs.statIfPresent(moved.replace(/\/[^/]*$/, '')) !== undefined) {
          recorded.fs.rename(`/disk/${path}`, moved);
        }
      }
      await recorded.run();
      const files = treeFiles(recorded.fs, '/disk');
      assert.deepEqual(recorded.recordedPaths, files, `seed ${seed}, round ${round}`);
    }
  });

  test('what a worker fails with ends the run, and nothing runs on', async () => {
    const recorded = await Recorded.make();
    recorded.put(...many(700, 'f'));
    let running = 0;
    const { pool } = recorded;
    const failing: typeof pool = {
      lanes: 2,
      configure: () => undefined,
      warm: () => undefined,
      close: () => Promise.resolve(),
      async run<O>(): Promise<O> {
        running++;
        await turn();
        running--;
        throw new VaultError('VAULT_FAILED', 'a worker stopped');
      },
    };
    const recorder = recorded.recorder({ pool: failing });
    await rejects('VAULT_FAILED', async () => {
      for await (const scanned of recorded.scan()) {
        await recorder.take(scanned);
      }
      await recorder.finish();
    });
    await recorder.abandon();
    assert.equal(running, 0);
  });
});

test('what was moved with its directory is not gone, however much it is', async () => {
  for (const most of [1, 3, 100]) {
    const world = await Recorded.make();
    world.put('a/1', 'a/2', 'a/b/3', 'a/b/4', 'a/b/5', 'other');
    await world.run();
    world.fs.makeDirectories('/disk/new');
    world.fs.rename('/disk/a', '/disk/new/z');
    await world.run({ goneFiles: new GoneFiles(most) });
    assert.equal(world.gone, 0, `of ${most}`);
    assert.ok(world.current.includes('new/z/b/3') && !world.current.includes('a/b/3'));

    world.fs.rename('/disk/new', '/disk/newer');
    for (const name of ['z/1', 'z/b/4', 'z/b/5']) world.fs.removeFile(`/disk/newer/${name}`);
    await world.run({ goneFiles: new GoneFiles(most) });
    assert.equal(world.gone, 3, `of ${most}, three deleted`);
  }
});
