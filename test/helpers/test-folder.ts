/** One folder's store and log over stores in memory, without a home: and what other nodes write in it. */

import { concat, fromHex, toHex } from '../../src/bytes.ts';
import type { Manifest } from '../../src/chunking/manifest.ts';
import { decodeNode, encodeNode, type NodeEntry } from '../../src/chunking/manifest-node.ts';
import { chunkId } from '../../src/crypto/chunk-id.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { deriveEpochKeys, deriveFolderKeys } from '../../src/crypto/folder-keys.ts';
import {
  sealedBound,
  sealValue,
  valueTypes,
  type ValueType,
} from '../../src/crypto/sealed-value.ts';
import { loadZstd, type Zstd } from '../../src/crypto/zstd.ts';
import { parentsOfEdit } from '../../src/log/conflict-rule.ts';
import { foldLinks } from '../../src/log/folder-tree.ts';
import { buildEntries, noEntry, type NewRecord } from '../../src/log/entry-builder.ts';
import { FolderLog, type FolderLogParts } from '../../src/log/folder-log.ts';
import type { UnnamedVersion } from '../../src/log/log-writer.ts';
import { encodeHead, signHead } from '../../src/log/head.ts';
import { logId, shortHash } from '../../src/log/log-id.ts';
import { signMemberRecord } from '../../src/log/member-record.ts';
import type {
  LogStartRecord,
  MemberRecord,
  Parent,
  Role,
  VersionKind,
} from '../../src/log/types.ts';
import { FolderStore } from '../../src/store/folder-store.ts';
import { MemoryChunkStore } from '../../src/store/memory-chunk-store.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import type { RandomSource } from '../../src/random.ts';
import {
  alice,
  folder,
  folderSalt,
  incarnation,
  named,
  sampleNode,
  verifySample,
} from './log-samples.ts';
import { seededRandom } from './seeded.ts';

const keepAll: RandomSource = { bytes: (length) => new Uint8Array(length).fill(0xff) };
export const epochId = named('epoch').slice(0, 16);
export const epochKeys = deriveEpochKeys(named('epoch secret'));
export const folderKeys = deriveFolderKeys(named('folder secret'));

/** A version of a file (or of another kind) whose content is `text`. */
export function version(
  path: string,
  text = path,
  options: { readonly kind?: VersionKind; readonly parents?: readonly Parent[] } = {},
): UnnamedVersion {
  const { kind = 'file', parents = [] } = options;
  const hasContent = kind === 'file' || kind === 'symlink';
  const body = {
    manifest: kind === 'file' ? { size: 1, depth: 0, root: named(text) } : undefined,
    mtimeNs: 1n,
    executable: false,
    symlink: kind === 'symlink' ? text : undefined,
    unstable: false,
  };
  return {
    link: {
      path,
      kind,
      parents,
      digest: hasContent ? named(text).slice(0, 16) : new Uint8Array(0),
    },
    body: hasContent ? body : undefined,
  };
}

function logStart(name: string, node: string, which: Uint8Array): LogStartRecord {
  return {
    type: 'log-start',
    node,
    nodeName: name,
    incarnation: which,
    folderSalt: name === 'alice' ? folderSalt : undefined,
    previous: undefined,
  };
}

function incarnationOf(name: string): Uint8Array {
  return name === 'alice' ? incarnation : named(`${name} incarnation`).slice(0, 16);
}

export class TestFolder {
  readonly clock = new VirtualClock();
  readonly random = seededRandom('test folder');
  chunks = new MemoryChunkStore();
  meta = new MemoryMetaStore();
  store!: FolderStore;
  log!: FolderLog;
  /** What the last opening replayed. */
  replayed: Awaited<ReturnType<typeof FolderLog.open>>['replayed'];
  readonly #zstd: Zstd;
  readonly #node: ReturnType<typeof sampleNode>;
  /** The id of this node's log. */
  readonly own: string;

  private constructor(zstd: Zstd, name: string) {
    this.#zstd = zstd;
    this.#node = name === 'alice' ? alice : sampleNode(name);
    this.own = logId(this.#node.id, folder, incarnationOf(name));
  }

  /** An opened folder whose log has its first entry: alice's, who made it, or another's. */
  static async make(name = 'alice'): Promise<TestFolder> {
    const made = new TestFolder(await loadZstd(), name);
    await made.open();
    await made.log.append({
      versions: [],
      records: () => [logStart(name, made.node, incarnationOf(name))],
    });
    return made;
  }

  get node(): string {
    return this.#node.id;
  }

  /** States in this node's log that another is a member. */
  admit(other: TestFolder, role: Role = 'write'): Promise<MemberRecord> {
    return this.state({ action: 'admit', node: other.node, role, cutoffs: [] });
  }

  /** Writes a membership record on top of all that are known here. */
  async state(
    stated: Pick<MemberRecord, 'action' | 'node' | 'role' | 'cutoffs'>,
  ): Promise<MemberRecord> {
    const record = signMemberRecord(this.#node.sign, folder, {
      type: 'member',
      ...stated,
      exchangeKey: named(`${stated.node} exchange key`),
      after: this.log.members.membership?.heads ?? [],
      time: this.clock.wallMs() * 1000,
      by: this.node,
    });
    await this.log.append({ versions: [], records: () => [record] });
    return record;
  }

  /** Gives another all that this one has of one log, or of all, in their order or another. */
  async giveTo(
    other: TestFolder,
    logs: readonly string[] = [...this.log.heads.keys()],
  ): Promise<string[]> {
    const outcomes: string[] = [];
    for (const line of logs) {
      const head = this.log.heads.get(line);
      if (head === undefined) continue;
      let from = 0;
      while (from <= head.seq) {
        const stretch = await this.log.exchange.readStretch({ log: head.log, from, toward: head });
        if (stretch === undefined) throw new Error('expected the entries of a known head');
        const pages = await this.pagesOf(stretch.line, from, stretch.head.seq);
        const { entries } = stretch;
        const told = await other.log.exchange.adopt({
          log: head.log,
          entries,
          head: stretch.head,
          pages,
        });
        outcomes.push(told.outcome);
        from = stretch.head.seq + 1;
      }
    }
    return outcomes;
  }

  /** The sealed pages of entries as they are stored. */
  async pagesOf(line: string, from: number, to: number): Promise<Uint8Array[]> {
    const pages: Uint8Array[] = [];
    for (let seq = from; seq <= to; seq++) {
      const page = await this.log.exchange.sealedPage(line, seq);
      if (page !== undefined) pages.push(page);
    }
    return pages;
  }

  parts(store: FolderStore): FolderLogParts {
    return {
      store,
      folder,
      keys: folderKeys,
      epochs: new Map([[toHex(epochId), epochKeys]]),
      currentEpoch: () => toHex(epochId),
      zstd: this.#zstd,
      random: this.random,
      clock: this.clock,
      log: this.own,
      node: this.node,
      sign: this.#node.sign,
      verify: verifySample,
    };
  }

  async open(): Promise<void> {
    this.store = await FolderStore.open(this.chunks, this.meta);
    const opened = await FolderLog.open(this.parts(this.store));
    this.log = opened.log;
    this.replayed = opened.replayed;
  }

  /** Closes it and opens it as it was left; `rebuilt`: without `meta/`. */
  async reopen({ rebuilt = false } = {}): Promise<void> {
    this.chunks = this.chunks.crash(keepAll);
    this.meta = rebuilt ? new MemoryMetaStore() : this.meta.crash(keepAll);
    await this.open();
  }

  /** Opens what a power cut may have left. */
  async crash(random: RandomSource): Promise<void> {
    this.chunks = this.chunks.crash(random);
    this.meta = this.meta.crash(random);
    await this.open();
  }

  /** Puts values into `chunks/` behind all others, as another node's entries would come. */
  async feed(values: readonly Uint8Array[]): Promise<void> {
    await this.store.close();
    this.chunks = this.chunks.crash(keepAll);
    this.meta = this.meta.crash(keepAll);
    const next = (await this.chunks.lastSeq()) + 1;
    const puts = values.map((value, at) => ({ seq: next + at, value }));
    await this.chunks.write({ puts }, { sync: true });
    await this.open();
  }

  /** Stores a content as chunks of at most `chunkBytes`, and gives its manifest. */
  async content(plain: Uint8Array, chunkBytes = 65_536): Promise<Manifest> {
    const store = async (type: 1 | 2, bytes: Uint8Array): Promise<Uint8Array> => {
      const id = chunkId(folderKeys.idKey, type, bytes);
      await this.store.stage(this.seal(type, id, bytes));
      return id;
    };
    const entries: NodeEntry[] = [];
    for (let at = 0; at < plain.length; at += chunkBytes) {
      const piece = plain.subarray(at, at + chunkBytes);
      entries.push({ id: await store(1, piece), length: piece.length, repeat: 1 });
    }
    const size = plain.length;
    if (entries.length <= 1) return { size, depth: 0, root: entries[0]?.id };
    return { size, depth: 1, root: await store(2, encodeNode(1, entries)) };
  }

  /** Writes a file with this content, on top of what this node shows there. */
  async write(path: string, plain: Uint8Array, chunkBytes?: number): Promise<void> {
    const manifest = await this.content(plain, chunkBytes);
    const shown = foldLinks(await this.log.linksOf(path), {
      nodeName: () => 'n',
      versionId: () => '000000',
    }).states.get(path);
    const parents = shown === undefined ? [] : parentsOfEdit(shown);
    const { link, body } = version(path, path, { parents });
    const digest = sha256(plain).slice(0, 16);
    if (body === undefined) throw new Error('expected a body');
    await this.log.append({
      versions: [{ link: { ...link, digest }, body: { ...body, manifest } }],
    });
  }

  /** The content of a manifest, whose values must all be here. */
  async read({ root, depth }: Manifest): Promise<Uint8Array> {
    if (root === undefined) return new Uint8Array(0);
    const plain = await this.log.openContent(root);
    if (depth === 0) return plain;
    const parts: Uint8Array[] = [];
    for (const { id } of decodeNode(depth, plain)) parts.push(await this.log.openContent(id));
    return concat(...parts);
  }

  seal(type: ValueType, id: Uint8Array, plain: Uint8Array): Uint8Array {
    const out = new Uint8Array(sealedBound(plain.length));
    const length = sealValue({
      type,
      id,
      epoch: epochId,
      keys: epochKeys,
      plain,
      zstd: this.#zstd,
      level: 0,
      random: this.random,
      out,
      at: 0,
    });
    return out.slice(0, length);
  }
}

/** Another node that writes in the folder. */
export class OtherNode {
  readonly log: string;
  readonly #folder: TestFolder;
  readonly #sign: ReturnType<typeof sampleNode>['sign'];
  #seq = 0;
  #previous: Uint8Array = noEntry;
  #started: LogStartRecord | undefined;

  constructor(testFolder: TestFolder, name: string) {
    const { id, sign } = sampleNode(name);
    const which = named(`${name} incarnation`).slice(0, 16);
    this.#folder = testFolder;
    this.#sign = sign;
    this.log = logId(id, folder, which);
    this.#started = logStart(name, id, which);
  }

  /** Writes versions and hands them over with a head; their names. `time`: microseconds, all the same. */
  async write(time: number, ...versions: readonly UnnamedVersion[]): Promise<Parent[]> {
    const { values, names } = this.entries(time, versions);
    await this.#folder.feed(values);
    return names;
  }

  /** Values of entries with these versions, the head last. */
  entries(
    time: number,
    versions: readonly UnnamedVersion[],
  ): { values: Uint8Array[]; names: Parent[] } {
    const records: NewRecord[] = versions.map(({ link, body }) => ({
      type: 'version',
      link: { ...link, time },
      body,
    }));
    const given = this.#started === undefined ? records : [this.#started, ...records];
    this.#started = undefined;
    const position = { log: this.log, seq: this.#seq, previous: this.#previous };
    const zstdKeys = { folder, recordKey: epochKeys.recordKey };
    const context = { ...zstdKeys, epoch: toHex(epochId), random: this.#folder.random };
    const values: Uint8Array[] = [];
    const names: Parent[] = [];
    for (const built of buildEntries(given, position, new Map(), context)) {
      const { entry } = built;
      values.push(this.#folder.seal(valueTypes.entry, entry.hash, built.bytes));
      if (built.page !== undefined) {
        values.push(this.#folder.seal(valueTypes.page, entry.hash, built.page));
      }
      for (let index = 0; index < built.count; index++) {
        if (given[built.first + index]?.type !== 'version') continue;
        names.push({ log: this.log, seq: entry.seq, index, hash8: shortHash(entry.hash) });
      }
      this.#seq = entry.seq + 1;
      this.#previous = entry.hash;
    }
    const head = { log: this.log, seq: this.#seq - 1, hash: this.#previous };
    const signed = signHead(this.#sign, folder, head);
    values.push(this.#folder.seal(valueTypes.head, fromHex(this.log), encodeHead(signed)));
    return { values, names };
  }
}
