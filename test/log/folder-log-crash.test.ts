import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapKey, toHex, utf8 } from '../../src/bytes.ts';
import { chunkId } from '../../src/crypto/chunk-id.ts';
import { deriveEpochKeys, deriveFolderKeys } from '../../src/crypto/folder-keys.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { openValue, sealedBound, sealValue } from '../../src/crypto/sealed-value.ts';
import { loadZstd, type Zstd } from '../../src/crypto/zstd.ts';
import { noEntry } from '../../src/log/entry-builder.ts';
import { FolderLog, type FolderLogParts } from '../../src/log/folder-log.ts';
import type { UnnamedVersion } from '../../src/log/log-writer.ts';
import { recordType } from '../../src/log/record-types.ts';
import type { NamedLink, Parent } from '../../src/log/types.ts';
import type { RandomSource } from '../../src/random.ts';
import { FolderStore } from '../../src/store/folder-store.ts';
import { MemoryChunkStore } from '../../src/store/memory-chunk-store.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { randomInteger, seededRandom } from '../../src/system/seeded-random.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { runSeed } from '../helpers/seeded.ts';

const RUNS = process.env['VAULT_SLOW'] === '1' ? 5000 : 75;
const CRASHES = 4;

const secret = new Uint8Array(32).fill(1);
const folder = new Uint8Array(32).fill(2);
const epoch = new Uint8Array(16).fill(3);
const keys = deriveFolderKeys(secret);
const epochKeys = deriveEpochKeys(new Uint8Array(32).fill(4));
const log = 'ab'.repeat(32);
const node = 'cd'.repeat(32);
/** Stands for a signature: nobody forges one here. */
const signed = (label: string, message: Uint8Array): Uint8Array => {
  const half = sha256(utf8(label), message);
  return new Uint8Array([...half, ...half]);
};

/** A version that was asked for, and the name it got once that was promised. */
interface Wanted {
  readonly path: string;
  readonly content: Uint8Array;
  readonly chunk: Uint8Array;
  name: Parent | undefined;
}

/** One call that either happens or does not. */
interface Batch {
  readonly versions: readonly Wanted[];
  /** Id of the snapshot it records, as its message. */
  readonly snapshot: string | undefined;
  isPromised: boolean;
}

const directories = ['', 'a/', 'a/b/', 'c/'];

class PowerCut extends Error {}

/** A store and log in memory, driven at random, cut at random. */
class Machine {
  readonly #random: RandomSource;
  readonly #zstd: Zstd;
  readonly #clock = new VirtualClock();
  #chunks = new MemoryChunkStore();
  #meta = new MemoryMetaStore();
  #store: FolderStore | undefined;
  #log: FolderLog | undefined;
  #batches: Batch[] = [];
  #made = 0;
  /** Writes until the power goes; each of the stores counts. */
  #left = Infinity;
  cuts = 0;
  survivors = 0;

  constructor(seed: string, zstd: Zstd) {
    this.#random = seededRandom(seed);
    this.#zstd = zstd;
  }

  async boot(): Promise<void> {
    for (const store of [this.#chunks, this.#meta]) {
      store.onWrite = () => {
        if (this.#left-- <= 0) throw new PowerCut('the power went');
      };
    }
    this.#store = await FolderStore.open(this.#chunks, this.#meta);
    const opened = await FolderLog.open(this.#parts(this.#store));
    this.#log = opened.log;
  }

  /** Does things until the power goes, or decides that it goes now. */
  async work(): Promise<void> {
    this.#left = this.#below(40);
    try {
      if (this.#batches.length === 0) await this.#begin();
      for (let act = 0; act < 12; act++) await this.#act();
    } catch (error) {
      if (!isCut(error)) throw error;
    }
    this.cuts++;
    this.#left = Infinity;
    this.#chunks = this.#chunks.crash(this.#random);
    // An index that is gone is nothing but an unclean stop at the beginning.
    this.#meta = this.#below(12) === 0 ? new MemoryMetaStore() : this.#meta.crash(this.#random);
  }

  /** Holds what is there against what was promised; nothing of a batch counts that is not there. */
  async check(said: string): Promise<void> {
    const opened = this.#log as FolderLog;
    const snapshots = new Set<string>();
    for await (const { record } of opened.records(recordType.snapshot, (error) => {
      throw error;
    })) {
      if (record.type === 'snapshot') snapshots.add(record.message);
    }
    const links = new Map<string, NamedLink>();
    for (const directory of directories) {
      const known = await opened.linksIn(directory.replace(/\/$/, ''));
      assert.deepEqual(known?.unread ?? [], [], said);
      for (const [path, [link]] of known?.paths ?? []) if (link) links.set(path, link);
    }
    const kept: Batch[] = [];
    for (const batch of this.#batches) {
      const there = batch.versions.map((version) => nameIn(links, version));
      const found = there.filter((link) => link !== undefined).length;
      assert.ok(found === 0 || found === there.length, `half of a batch is there\n${said}`);
      const isSnapshot = batch.snapshot !== undefined && snapshots.has(batch.snapshot);
      const isThere = batch.versions.length > 0 ? found > 0 : isSnapshot;
      if (batch.snapshot !== undefined) assert.equal(isSnapshot, isThere, `half\n${said}`);
      if (batch.isPromised) assert.ok(isThere, `what was promised is gone\n${said}`);
      if (!isThere) continue;
      for (const [index, version] of batch.versions.entries()) {
        await this.#assertWhole(version, there[index] as Parent, said);
      }
      kept.push({ ...batch, isPromised: true });
      if (!batch.isPromised) this.survivors++;
    }
    this.#batches = kept;
    await this.#assertChain(said);
  }

  async #begin(): Promise<void> {
    const batch: Batch = { versions: [], snapshot: 'begin', isPromised: false };
    this.#batches.push(batch);
    await this.#log?.append({
      versions: [],
      records: (clock, time) => [
        {
          type: 'log-start',
          node,
          nodeName: 'node',
          incarnation: new Uint8Array(16),
          folderSalt: undefined,
          previous: undefined,
        },
        snapshotOf('begin', time, clock),
      ],
    });
    batch.isPromised = true;
  }

  async #act(): Promise<void> {
    const [store, opened] = [this.#store as FolderStore, this.#log as FolderLog];
    this.#clock.advance(this.#below(1000));
    switch (this.#below(6)) {
      case 0: {
        // Chunks of files that no version names yet.
        await this.#stageChunks(this.#below(60));
        return;
      }
      case 1:
        await store.commit({});
        return;
      case 2: {
        const batch = this.#batch(0, true);
        await this.#append(opened, batch);
        return;
      }
      case 3: {
        // Entries made while the workers go on, one commit for all of them.
        const batch = this.#batch(1 + this.#below(40), this.#below(2) === 0);
        const parts = [batch.versions.slice(0, 7), batch.versions.slice(7)];
        const names: Parent[] = [];
        for (const part of parts) {
          if (part.length > 0) names.push(...(await opened.stage(await this.#toStage(part))));
        }
        await opened.commit(this.#recordsOf(batch));
        this.#promise(batch, names);
        return;
      }
      default:
        await this.#append(opened, this.#batch(1 + this.#below(30), this.#below(3) === 0));
    }
  }

  async #append(opened: FolderLog, batch: Batch): Promise<void> {
    const versions = await this.#toStage(batch.versions);
    this.#promise(batch, await opened.append({ versions, ...this.#recordsOf(batch) }));
  }

  #promise(batch: Batch, names: readonly Parent[]): void {
    batch.isPromised = true;
    batch.versions.forEach((version, index) => (version.name = names[index]));
  }

  #batch(versions: number, isSnapshot: boolean): Batch {
    const batch: Batch = {
      versions: Array.from({ length: versions }, () => this.#version()),
      snapshot: isSnapshot ? `snapshot ${this.#made++}` : undefined,
      isPromised: false,
    };
    this.#batches.push(batch);
    return batch;
  }

  #version(): Wanted {
    const number = this.#made++;
    const directory = directories[this.#below(directories.length)] ?? '';
    const content = utf8(`content ${number} `.repeat(1 + this.#below(200)));
    const chunk = chunkId(keys.idKey, 1, content);
    return { path: `${directory}file ${number}`, content, chunk, name: undefined };
  }

  #recordsOf({ snapshot }: Batch): Pick<Parameters<FolderLog['append']>[0], 'records'> {
    if (snapshot === undefined) return {};
    return { records: (clock, time) => [snapshotOf(snapshot, time, clock)] };
  }

  /** Stores the contents of versions and gives what the log is told of them. */
  async #toStage(versions: readonly Wanted[]): Promise<UnnamedVersion[]> {
    for (const { chunk, content } of versions) await this.#stageChunk(chunk, content);
    return versions.map(({ path, chunk, content }) => ({
      link: { path, kind: 'file', parents: [], digest: sha256(content).subarray(0, 16) },
      body: {
        manifest: { size: content.length, depth: 0, root: chunk },
        mtimeNs: 1n,
        executable: false,
        symlink: undefined,
        unstable: false,
      },
    }));
  }

  async #stageChunks(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      const content = this.#random.bytes(30_000);
      await this.#stageChunk(chunkId(keys.idKey, 1, content), content);
    }
  }

  async #stageChunk(id: Uint8Array, plain: Uint8Array): Promise<void> {
    const out = new Uint8Array(sealedBound(plain.length));
    const length = sealValue({
      type: 1,
      id,
      epoch,
      keys: epochKeys,
      plain,
      level: 0,
      out,
      at: 0,
      zstd: this.#zstd,
      random: this.#random,
    });
    await this.#store?.stage(out.subarray(0, length));
  }

  async #assertWhole({ path, chunk, content }: Wanted, name: Parent, said: string): Promise<void> {
    const opened = this.#log as FolderLog;
    const link = await opened.link(name);
    assert.equal(link.path, path, said);
    const { manifest } = await opened.body(link);
    assert.deepEqual(manifest?.root && mapKey(manifest.root), mapKey(chunk), said);
    const [value] = (await this.#store?.getSealed([chunk])) ?? [];
    assert.ok(value, `the content of ${path} is gone\n${said}`);
    const keyring = new Map([[toHex(epoch), epochKeys]]);
    const { plain } = openValue(value, { keyring, idKey: keys.idKey, zstd: this.#zstd });
    assert.deepEqual(plain, content, said);
  }

  /** The log is one chain from its first entry to its signed head. */
  async #assertChain(said: string): Promise<void> {
    const opened = this.#log as FolderLog;
    const head = opened.heads.get(log);
    let previous: Uint8Array = noEntry;
    for (let seq = 0; seq <= (head?.seq ?? -1); seq++) {
      const { entry } = await opened.entry(log, seq);
      assert.deepEqual(entry.previous, previous, said);
      previous = entry.hash;
    }
    if (head !== undefined) assert.deepEqual(head.hash, previous, said);
  }

  #parts(store: FolderStore): FolderLogParts {
    return {
      store,
      folder,
      keys,
      currentEpoch: () => toHex(epoch),
      log,
      node,
      epochs: new Map([[toHex(epoch), epochKeys]]),
      zstd: this.#zstd,
      random: this.#random,
      clock: this.#clock,
      sign: signed,
      verify: (_node, label, message, signature) =>
        Buffer.compare(signed(label, message), signature) === 0,
    };
  }

  #below(limit: number): number {
    return randomInteger(this.#random, limit);
  }
}

function snapshotOf(message: string, time: number, clock: ReadonlyMap<string, number>) {
  const id = sha256(utf8(message)).subarray(0, 16);
  return { type: 'snapshot' as const, id, time, clock, message, tags: [], pinned: false };
}

/** The name of the version at its path, if there is one. */
function nameIn(links: ReadonlyMap<string, NamedLink>, { path, name }: Wanted): Parent | undefined {
  const link = links.get(path);
  if (link === undefined) return undefined;
  const found = { ...link.dot, hash8: link.hash8 };
  if (name !== undefined) assert.deepEqual(found, name);
  return found;
}

/** Whether the power cut is at the bottom of a failure. */
function isCut(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof PowerCut) return true;
  return false;
}

test('after any cut everything promised is there, and nothing is there by half', async (t) => {
  const seed = runSeed();
  const zstd = await loadZstd();
  let cuts = 0;
  let survivors = 0;
  for (let run = 0; run < RUNS; run++) {
    const machine = new Machine(`${seed} ${run}`, zstd);
    await machine.boot();
    for (let crash = 0; crash < CRASHES; crash++) {
      await machine.work();
      await machine.boot();
      await machine.check(`VAULT_SEED=${seed}, run ${run}, crash ${crash}`);
    }
    cuts += machine.cuts;
    survivors += machine.survivors;
  }
  t.diagnostic(
    `seed ${seed}: ${cuts} cuts, ${survivors} batches were kept that nobody was told of`,
  );
  assert.equal(cuts, RUNS * CRASHES);
});
