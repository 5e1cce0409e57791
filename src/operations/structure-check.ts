/** The structural half of `verify`: every entry, body, record, manifest and index row that the logs need. */

import { equalBytes, mapKey } from '../bytes.ts';
import { readManifest } from '../chunking/manifest-reader.ts';
import { isLoss, isVaultError, VaultError } from '../errors.ts';
import { directoryOf, join } from '../folder-path.ts';
import type { ValueSource } from '../folder/value-source.ts';
import { seenBelow } from '../folder/scan.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { noEntry } from '../log/entry-builder.ts';
import type { Entry } from '../log/entry.ts';
import { recordType } from '../log/record-types.ts';
import type { LogId, NamedLink } from '../log/types.ts';
import { versionId } from '../log/version-name.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import type { OperationContext } from './operation.ts';
import { DamageList, type Damage } from './damage-list.ts';
import { EntryChecks } from './entry-checks.ts';
import { ExpectedContents } from './expected-contents.ts';
import { valueSource } from './look.ts';
import type { ReadCheck } from './read-check.ts';

const IDS_AT_ONCE = 1000;

export class StructureCheck {
  readonly damage = new DamageList();
  /** Versions whose contents are not kept here, or have not come yet. */
  elsewhere = 0;
  /** Versions and chunks looked at so far. */
  versions = 0;
  chunks = 0;
  readonly #folder: OpenFolder;
  readonly #pool: WorkerPool;
  readonly #read: ReadCheck | undefined;
  readonly #context: OperationContext;
  #directories: Set<string> = new Set();
  /** Entries that cannot be read, by log and number. */
  readonly #lost = new Map<string, Damage>();
  /** Damaged values that were told of as what they are. */
  readonly #told = new Set<number>();
  #waiting: { id: Uint8Array; link: NamedLink }[] = [];
  #expected: ExpectedContents | undefined;
  /** The version that was counted last. */
  #counted: NamedLink | undefined;

  /** `read`: what the reading half found. */
  constructor(
    folder: OpenFolder,
    pool: WorkerPool,
    read: ReadCheck | undefined,
    context: OperationContext,
  ) {
    this.#folder = folder;
    this.#pool = pool;
    this.#read = read;
    this.#context = context;
  }

  /** Throws `VAULT_DAMAGED` where the index is wrong: then it has to be made again, and this run once more. */
  async run(): Promise<void> {
    // A folder begins with an entry of the node that made it.
    if (this.#folder.log.heads.size === 0) this.damage.other('no log of this folder is left');
    const bad = this.#read?.bad ?? new Map<string, string>();
    const checks = new EntryChecks(this.#folder, this.#pool, bad, this.#context);
    if (await checks.run()) {
      this.versions = checks.versions;
      this.chunks = checks.chunks;
      this.#directories = checks.directories;
    } else {
      await this.#lookClosely();
    }
    // Pointers say which versions a directory has: each directory's are counted and summed.
    for (const directory of this.#directories) {
      if ((await this.#folder.log.paths.pointers(directory)) === undefined) {
        throw new VaultError('VAULT_DAMAGED', 'the index lacks a directory');
      }
    }
    for (const [id, problem] of this.#read?.bad ?? []) {
      if (!this.damage.hasChunk(id)) this.damage.chunk(id, `${problem}; no version needs it`);
    }
    for (const [seq, problem] of this.#read?.badValues ?? []) {
      if (!this.#told.has(seq)) this.damage.other(problem);
    }
  }

  /** Looks at one thing after another, to name what is damaged and all that it costs. */
  async #lookClosely(): Promise<void> {
    const values = await valueSource(this.#folder);
    for (const log of this.#folder.log.heads.keys()) await this.#log(log, values);
    await this.#checkWaiting();
    if (this.#lost.size > 0) await this.#nameLost();
  }

  async #log(log: LogId, values: ValueSource): Promise<void> {
    const head = this.#folder.log.heads.get(log);
    if (head === undefined) return;
    const name = `log ${log.slice(0, 8)}`;
    let previous: Uint8Array | undefined = noEntry;
    for (let seq = 0; seq <= head.seq; seq++) {
      this.#context.signal.throwIfAborted();
      const read = await this.#entry(log, seq);
      if (read === undefined) {
        previous = undefined;
        continue;
      }
      const { entry, links } = read;
      if (previous !== undefined && !equalBytes(entry.previous, previous)) {
        this.damage.other(`entry ${seq} of ${name} does not follow the one before`);
      }
      previous = entry.hash;
      const lostBodies = await this.#bodies(links, values);
      if (lostBodies === undefined) await this.#records(entry);
    }
    if (previous !== undefined && !equalBytes(previous, head.hash)) {
      this.damage.other(`${name} does not end in its signed head`);
    }
  }

  async #entry(
    log: LogId,
    seq: number,
  ): Promise<{ entry: Entry; links: readonly NamedLink[] } | undefined> {
    try {
      return await this.#folder.log.entry(log, seq);
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.#lost.set(`${log}:${seq}`, this.#tell(error));
      return undefined;
    }
  }

  /** Looks at every version of an entry; the one damage of them all where their page is lost. */
  async #bodies(links: readonly NamedLink[], values: ValueSource): Promise<Damage | undefined> {
    let lost: Damage | undefined;
    for (const link of links) {
      this.versions++;
      for (const parent of this.#lost.size === 0 ? [] : link.parents) {
        this.#lost.get(`${parent.log}:${parent.seq}`)?.add(link.path, versionId(parent));
      }
      this.#directories.add(directoryOf(link.path));
      if (link.kind === 'directory') this.#directories.add(link.path);
      if (link.kind !== 'file' && link.kind !== 'symlink') continue;
      try {
        await this.#content(link, values);
      } catch (error) {
        if (!isLoss(error)) throw error;
        if (await this.#isElsewhere(link)) continue;
        lost ??= this.#tell(error);
        lost.addLink(link);
      }
    }
    return lost;
  }

  async #records({ log, seq, records }: Entry): Promise<void> {
    if (records.every(({ type }) => type === recordType.version)) return;
    try {
      await this.#folder.log.recordsOf(log, seq);
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.#tell(error);
    }
  }

  /** Throws `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT` where the body is lost. */
  async #content(link: NamedLink, values: ValueSource): Promise<void> {
    let manifest;
    try {
      ({ manifest } = await this.#folder.log.body(link));
    } catch (error) {
      if (isVaultError(error, 'VAULT_EXPIRED')) return;
      throw error;
    }
    if (manifest?.root === undefined) return;
    if (manifest.depth === 0) {
      await this.#need(manifest.root, link);
      return;
    }
    try {
      for await (const leaf of readManifest(manifest, async (_level, id) => {
        await this.#need(id, link);
        return values.node(id);
      })) {
        await this.#need(leaf.id, link);
      }
    } catch (error) {
      if (!isVaultError(error) || error.code === 'VAULT_DAMAGED') throw error;
      if (isVaultError(error, 'VAULT_CHUNK_MISSING') && (await this.#isElsewhere(link))) return;
      this.#node(error).addLink(link);
    }
  }

  /** A node that cannot be read: by its id, where the failure tells it. */
  #node(error: VaultError): Damage {
    const id = error.details?.['id'];
    return typeof id === 'string' && id.length === 64
      ? this.damage.chunk(mapKey(Buffer.from(id, 'hex')), error.message)
      : this.damage.other(error.message);
  }

  async #need(id: Uint8Array, link: NamedLink): Promise<void> {
    this.#waiting.push({ id, link });
    if (this.#waiting.length >= IDS_AT_ONCE) await this.#checkWaiting();
  }

  async #checkWaiting(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.chunks += waiting.length;
    const present = await this.#folder.store.has(waiting.map(({ id }) => id));
    for (const [index, { id, link }] of waiting.entries()) {
      const key = mapKey(id);
      const isHere = present[index] === true;
      if (!isHere && (await this.#isElsewhere(link))) continue;
      const problem = isHere ? this.#read?.bad.get(key) : 'missing';
      if (problem !== undefined) this.damage.chunk(key, problem).addLink(link);
    }
  }

  /** Whether what a version lacks is no damage: it was never to be here, or is still to come. */
  async #isElsewhere(link: NamedLink): Promise<boolean> {
    this.#expected ??= await ExpectedContents.open(this.#folder);
    if (await this.#expected.isExpected(link)) return false;
    if (this.#counted !== link) this.elsewhere++;
    this.#counted = link;
    return true;
  }

  /** Names what lost entries spoke of, as far as the record of the working copy knows. */
  async #nameLost(): Promise<void> {
    const seen = (directory: string): ReturnType<OpenFolder['seen']> =>
      this.#folder.seen(directory);
    for await (const { path, rows } of seenBelow(seen, '')) {
      for (const [name, { version }] of rows) {
        this.#lost.get(`${version.log}:${version.seq}`)?.add(join(path, name), versionId(version));
      }
    }
  }

  /** Damage to a value of the log. */
  #tell(error: VaultError): Damage {
    const seq = error.details?.['value'];
    if (typeof seq === 'number') this.#told.add(seq);
    return this.damage.other(error.message);
  }
}
