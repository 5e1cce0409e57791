/** A home in memory whose every stored value and row can be damaged by hand, over and over. */

import { isVaultError } from '../../src/errors.ts';
import type { Environment } from '../../src/home/environment.ts';
import type { RestoreResult } from '../../src/operations/change-options.ts';
import type { Item } from '../../src/operations/operation.ts';
import type { RandomSource } from '../../src/random.ts';
import { MemoryChunkStore } from '../../src/store/memory-chunk-store.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { randomInteger, seededRandom } from '../../src/system/seeded-random.ts';
import { readAll, writeFile } from '../helpers/files.ts';
import { memoryEnvironment, type MemoryEnvironment } from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';

export interface ChunkRowOf {
  readonly seq: number;
  readonly value: Uint8Array;
}
export interface MetaRowOf {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}
/** Everything that `chunks/` and `meta/` of the one folder hold. */
export interface StoredRows {
  readonly chunks: readonly ChunkRowOf[];
  readonly meta: readonly MetaRowOf[];
}

/** Content of each file by path. */
export type Files = ReadonlyMap<string, string>;

export interface TakenSnapshot {
  readonly id: string;
  readonly files: Files;
}

export interface StoredHome {
  readonly environment: MemoryEnvironment;
  /** What lies beside the databases, by path. */
  readonly beside: ReadonlyMap<string, Uint8Array>;
  readonly snapshots: readonly TakenSnapshot[];
  readonly rows: StoredRows;
}

const HOME = '/home';
const WORK = '/disk/plans';
const keepAll: RandomSource = { bytes: (length) => new Uint8Array(length).fill(0xff) };
const ALL_KEYS = { gte: new Uint8Array([0]), lt: new Uint8Array([0xff]) };

/** A home with three snapshots of a folder that changed between them. */
export async function makeStoredHome(seed: number): Promise<StoredHome> {
  const environment = memoryEnvironment({ seed });
  const random = seededRandom(`stored rows ${seed}`);
  const tree = new Tree(environment, random);
  await makeHome(environment, HOME);
  const snapshots: TakenSnapshot[] = [];
  const held = new HeldStores({ chunks: [], meta: [] });
  const world = held.world(environment);
  for (const change of [() => tree.plant(), () => tree.edit(), () => tree.edit()]) {
    change();
    environment.clock.advance(3_600_000);
    const id = await inVault(world, HOME, async (vault) => {
      if (snapshots.length === 0) await vault.folderAdd({ path: WORK }, operationContext());
      return (await vault.snapshot({ folders: [] }, operationContext())).snapshot;
    });
    snapshots.push({ id: id ?? '', files: tree.files() });
  }
  return { environment, beside: filesBeside(environment), snapshots, rows: await held.rows() };
}

/** Small files of the folder: its state, and how long its log was. */
function filesBeside({ fileSystem }: MemoryEnvironment): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const folder of fileSystem.list(`${HOME}/folders`)) {
    const directory = `${HOME}/folders/${folder.name}`;
    for (const { name } of fileSystem.list(directory)) {
      if (/^(folder\.[ab]|appended)$/.test(name)) {
        files.set(`${directory}/${name}`, fileSystem.readFile(`${directory}/${name}`));
      }
    }
  }
  return files;
}

/** What an operation gave: a result, or the code of the failure it ended with. */
export type Gave<T> = { readonly result: T } | { readonly code: string; readonly message: string };

/** One opening after another of a home whose stores begin with `rows`. */
export class DamagedHome {
  readonly #environment: MemoryEnvironment;
  readonly #held: HeldStores;
  readonly #world: Environment;
  readonly warnings: string[] = [];

  constructor(home: StoredHome, rows: StoredRows) {
    this.#environment = home.environment;
    this.#held = new HeldStores(rows);
    this.#world = this.#held.world(home.environment);
    const { fileSystem } = home.environment;
    for (const [path, bytes] of home.beside) {
      fileSystem.removeFile(path);
      writeFile(fileSystem, path, bytes);
    }
  }

  /** Restores a snapshot; what was written, by path. */
  async restore(at: string): Promise<Gave<RestoreResult> & { readonly files: Files }> {
    const { fileSystem } = this.#environment;
    const to = '/restored';
    const gave = await this.#run((vault, context) =>
      vault.restore({ folder: 'plans', paths: [], cwd: '/', to, at }, context),
    );
    const files = new Map<string, string>();
    if (fileSystem.statIfPresent(to) !== undefined) collect(this.#environment, to, '', files);
    fileSystem.removeTree(to);
    return { ...gave, files };
  }

  async verify(read: boolean): Promise<Gave<number> & { readonly damage: readonly Item[] }> {
    let damage: readonly Item[] = [];
    const gave = await this.#run(async (vault, context) => {
      const { damaged } = await vault.verify({ folders: [], read }, context);
      damage = context.items.filter(({ type }) => type === 'damage');
      return damaged;
    });
    return { ...gave, damage };
  }

  snapshot(): Promise<Gave<{ readonly snapshot: string | null; readonly added: number }>> {
    return this.#run((vault, context) => vault.snapshot({ folders: [] }, context));
  }

  list(at: string): Promise<Gave<{ readonly entries: number }>> {
    return this.#run((vault, context) =>
      vault.ls({ folder: 'plans', paths: [], cwd: '/', at, recursive: true }, context),
    );
  }

  snapshots(): Promise<Gave<{ readonly snapshots: number }>> {
    return this.#run((vault, context) => vault.snapshots({ folders: [] }, context));
  }

  rows(): Promise<StoredRows> {
    return this.#held.rows();
  }

  async #run<T>(
    work: (
      vault: Parameters<Parameters<typeof inVault<T>>[2]>[0],
      context: ReturnType<typeof operationContext>,
    ) => Promise<T>,
  ): Promise<Gave<T>> {
    const context = operationContext();
    try {
      return { result: await inVault(this.#world, HOME, (vault) => work(vault, context)) };
    } catch (error) {
      if (!isVaultError(error)) throw error;
      return { code: error.code, message: error.message };
    } finally {
      this.warnings.push(...context.warnings);
    }
  }
}

/** Stores of one folder that outlive being closed; `meta/` is empty again where its directory was removed. */
class HeldStores {
  #chunks = new MemoryChunkStore();
  #meta = new MemoryMetaStore();
  readonly #filled: Promise<void>;

  constructor({ chunks, meta }: StoredRows) {
    this.#filled = Promise.all([
      this.#chunks.write({ puts: chunks }, { sync: true }),
      this.#meta.write(
        meta.map((row) => ({ type: 'put' as const, ...row })),
        { sync: true },
      ),
    ]).then(() => undefined);
  }

  world(environment: MemoryEnvironment): Environment {
    const { fileSystem } = environment;
    let isFirst = true;
    return {
      ...environment,
      openChunks: async (path) => {
        await this.#filled;
        fileSystem.makeDirectories(path);
        this.#chunks = this.#chunks.crash(keepAll);
        return { store: this.#chunks, repaired: false };
      },
      openMeta: async (path) => {
        await this.#filled;
        const isGone = !isFirst && fileSystem.statIfPresent(path) === undefined;
        isFirst = false;
        fileSystem.makeDirectories(path);
        this.#meta = isGone ? new MemoryMetaStore() : this.#meta.crash(keepAll);
        return { store: this.#meta, repaired: false };
      },
    };
  }

  async rows(): Promise<StoredRows> {
    await this.#filled;
    this.#chunks = this.#chunks.crash(keepAll);
    this.#meta = this.#meta.crash(keepAll);
    const chunks: ChunkRowOf[] = [];
    const meta: MetaRowOf[] = [];
    for await (const row of this.#chunks.scan(0)) chunks.push(row);
    for await (const row of this.#meta.scan(ALL_KEYS)) meta.push(row);
    return { chunks, meta };
  }
}

/** The working copy in memory. */
class Tree {
  readonly #environment: MemoryEnvironment;
  readonly #random: RandomSource;

  constructor(environment: MemoryEnvironment, random: RandomSource) {
    this.#environment = environment;
    this.#random = random;
  }

  plant(): void {
    const { fileSystem } = this.#environment;
    for (const directory of ['', '/a', '/a/b', '/a/b/c', '/d', '/empty']) {
      fileSystem.makeDirectories(`${WORK}${directory}`);
    }
    for (let index = 0; index < 24; index++) {
      this.#write(['', '/a', '/a/b', '/a/b/c', '/d'][index % 5] ?? '', `file ${index}`, 900);
    }
    this.#write('/d', 'large', 700_000);
    this.#write('/a/b', 'second large', 400_000);
    fileSystem.makeSymlink('../file 0', `${WORK}/a/link`);
  }

  edit(): void {
    const { fileSystem } = this.#environment;
    const paths = [...this.files().keys()].filter((path) => path.includes('file'));
    for (let change = 0; change < 5; change++) {
      const path = paths[randomInteger(this.#random, paths.length)] ?? '';
      const slash = path.lastIndexOf('/');
      const directory = slash < 0 ? '' : `/${path.slice(0, slash)}`;
      if (fileSystem.statIfPresent(`${WORK}/${path}`) === undefined) continue;
      fileSystem.removeFile(`${WORK}/${path}`);
      if (change < 3) this.#write(directory, path.slice(slash + 1), 1200);
    }
    const fresh = `/new ${randomInteger(this.#random, 1_000_000)}`;
    fileSystem.makeDirectories(`${WORK}${fresh}/below`);
    this.#write(fresh, 'file in new', 500);
    this.#write(`${fresh}/below`, 'file deep in new', 500);
  }

  files(): Files {
    const files = new Map<string, string>();
    collect(this.#environment, WORK, '', files);
    return files;
  }

  #write(directory: string, name: string, size: number): void {
    const path = `${WORK}${directory}/${name}`;
    writeFile(this.#environment.fileSystem, path, this.#random.bytes(size));
  }
}

function collect(
  environment: MemoryEnvironment,
  root: string,
  below: string,
  into: Map<string, string>,
): void {
  const { fileSystem } = environment;
  for (const { name, kind } of fileSystem.list(below === '' ? root : `${root}/${below}`)) {
    const path = below === '' ? name : `${below}/${name}`;
    if (kind === 'directory') collect(environment, root, path, into);
    else if (kind === 'symlink') into.set(path, `-> ${fileSystem.readSymlink(`${root}/${path}`)}`);
    else into.set(path, Buffer.from(readAll(fileSystem, `${root}/${path}`)).toString('latin1'));
  }
}
