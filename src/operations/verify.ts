/** `verify`: is everything that the log speaks of there, and with `--read`, is it what it should be. */

import { equalBytes, mapKey, toHex } from '../bytes.ts';
import { readManifest } from '../chunking/manifest-reader.ts';
import { isVaultError, VaultError } from '../errors.ts';
import type { ValueSource } from '../folder/restore-files.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { noEntry } from '../log/entry-builder.ts';
import type { LogId, NamedLink } from '../log/types.ts';
import { nameOf, versionId } from '../log/version-name.ts';
import type { Item, OperationContext, VerifyOptions, VerifyResult } from './api.ts';
import { valueSource } from './look.ts';
import { readCheck, type ReadCheck } from './read-check.ts';
import { chosenFolders, type Session } from './session.ts';

/** Paths and versions told for one damaged chunk; there can be any number more. */
const TOLD = 100;
const IDS_AT_ONCE = 1000;

/** Verifies each folder in turn; damage as items, chunk → files → versions. */
export async function verify(
  session: Session,
  options: VerifyOptions,
  context: OperationContext,
): Promise<VerifyResult> {
  const { clock } = session.environment;
  const started = clock.monotonicMs();
  const results: Omit<VerifyResult, 'folders' | 'seconds'>[] = [];
  for (const listed of chosenFolders(session, options.folders)) {
    const result = await verifyFolder(session, listed, options, context);
    context.emit({
      type: 'item',
      item: { type: 'result', folder: listed.id, name: listed.state.name, ...result },
    });
    results.push(result);
  }
  for (const name of session.folders.list().unreadable) {
    const problem = `the folder kept in ${name} cannot be read`;
    context.emit({
      type: 'item',
      item: { type: 'damage', chunk: null, problem, files: [], versions: [] },
    });
    results.push({ chunks: 0, bytes: 0, versions: 0, damaged: 1, mended: 0, complete: true });
  }
  const sum = (pick: (result: (typeof results)[number]) => number): number =>
    results.reduce((all, result) => all + pick(result), 0);
  return {
    folders: results.length,
    chunks: sum(({ chunks }) => chunks),
    bytes: sum(({ bytes }) => bytes),
    versions: sum(({ versions }) => versions),
    damaged: sum(({ damaged }) => damaged),
    mended: sum(({ mended }) => mended),
    complete: results.every(({ complete }) => complete),
    seconds: (clock.monotonicMs() - started) / 1000,
  };
}

async function verifyFolder(
  session: Session,
  listed: ListedFolder,
  options: VerifyOptions,
  context: OperationContext,
): Promise<Omit<VerifyResult, 'folders' | 'seconds'>> {
  const folder = await session.folders.open(listed);
  let mended = 0;
  for (const message of folder.problems.splice(0)) {
    context.emit({ type: 'warning', message });
    mended++;
  }
  const read =
    options.read === true ? await readCheck(session, folder, options, context) : undefined;
  const check = new StructureCheck(folder, read, context);
  try {
    await check.run();
  } catch (error) {
    if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    context.emit({ type: 'warning', message: `${error.message}: the index is made again` });
    await folder.rebuild();
    mended++;
    return verifyAgain(folder, read, mended, context);
  }
  return check.result(mended + (read?.mended ?? 0));
}

async function verifyAgain(
  folder: OpenFolder,
  read: ReadCheck | undefined,
  mended: number,
  context: OperationContext,
): Promise<Omit<VerifyResult, 'folders' | 'seconds'>> {
  const check = new StructureCheck(folder, read, context);
  await check.run();
  return check.result(mended + (read?.mended ?? 0));
}

interface Damage {
  readonly problem: string;
  readonly files: Set<string>;
  readonly versions: Set<string>;
}

class StructureCheck {
  readonly #folder: OpenFolder;
  readonly #read: ReadCheck | undefined;
  readonly #context: OperationContext;
  readonly #damage = new Map<string, Damage>();
  readonly #directories = new Set<string>();
  #waiting: { id: Uint8Array; link: NamedLink }[] = [];
  #versions = 0;
  #chunks = 0;

  constructor(folder: OpenFolder, read: ReadCheck | undefined, context: OperationContext) {
    this.#folder = folder;
    this.#read = read;
    this.#context = context;
  }

  async run(): Promise<void> {
    const values = await valueSource(this.#folder);
    for (const log of this.#folder.log.heads.keys()) await this.#log(log, values);
    await this.#checkWaiting();
    // Pointers say which versions a directory has: each directory's are counted and summed.
    for (const directory of this.#directories) await this.#folder.log.paths.pointers(directory);
    for (const problem of this.#read?.badValues.values() ?? []) this.#note(undefined, problem);
    for (const [id, problem] of this.#read?.bad ?? []) {
      if (!this.#damage.has(id)) this.#noteChunk(id, `${problem}; no version needs it`);
    }
  }

  result(mended: number): Omit<VerifyResult, 'folders' | 'seconds'> {
    for (const [id, { problem, files, versions }] of this.#damage) {
      const item: Item = {
        type: 'damage',
        folder: this.#folder.id,
        chunk: id.length === 32 ? toHex(Buffer.from(id, 'latin1')) : null,
        problem,
        files: [...files],
        versions: [...versions],
      };
      this.#context.emit({ type: 'item', item });
    }
    return {
      chunks: this.#read?.values ?? this.#chunks,
      bytes: this.#read?.bytes ?? 0,
      versions: this.#versions,
      damaged: this.#damage.size,
      mended,
      complete: this.#read?.complete ?? true,
    };
  }

  async #log(log: LogId, values: ValueSource): Promise<void> {
    const head = this.#folder.log.heads.get(log);
    if (head === undefined) return;
    let previous: Uint8Array | undefined = noEntry;
    for (let seq = 0; seq <= head.seq; seq++) {
      this.#context.signal.throwIfAborted();
      try {
        const { entry, links } = await this.#folder.log.entry(log, seq);
        if (previous !== undefined && !equalBytes(entry.previous, previous)) {
          this.#note(
            undefined,
            `entry ${seq} of log ${log.slice(0, 8)} does not follow the one before`,
          );
        }
        previous = entry.hash;
        for (const link of links) await this.#version(link, values);
      } catch (error) {
        if (!isVaultError(error)) throw error;
        previous = undefined;
        this.#note(
          undefined,
          `${error.message} (log ${log.slice(0, 8)}): its versions are unknown`,
        );
      }
    }
    if (previous !== undefined && !equalBytes(previous, head.hash)) {
      this.#note(undefined, `log ${log.slice(0, 8)} does not end in its signed head`);
    }
  }

  async #version(link: NamedLink, values: ValueSource): Promise<void> {
    this.#versions++;
    if (link.kind === 'directory') this.#directories.add(link.path);
    if (link.kind !== 'file' && link.kind !== 'symlink') return;
    let manifest;
    try {
      ({ manifest } = await this.#folder.log.body(link));
    } catch (error) {
      if (!isVaultError(error)) throw error;
      if (error.code !== 'VAULT_EXPIRED') this.#note(link, error.message);
      return;
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
      if (!isVaultError(error)) throw error;
      const id = error.details?.['id'];
      if (typeof id === 'string' && id.length === 64) {
        this.#noteChunk(mapKey(Buffer.from(id, 'hex')), error.message, link);
      } else this.#note(link, error.message);
    }
  }

  async #need(id: Uint8Array, link: NamedLink): Promise<void> {
    this.#waiting.push({ id, link });
    if (this.#waiting.length >= IDS_AT_ONCE) await this.#checkWaiting();
  }

  async #checkWaiting(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#chunks += waiting.length;
    const present = await this.#folder.store.has(waiting.map(({ id }) => id));
    waiting.forEach(({ id, link }, index) => {
      const key = mapKey(id);
      const problem = present[index] === true ? this.#read?.bad.get(key) : 'missing';
      if (problem !== undefined) this.#noteChunk(key, problem, link);
    });
  }

  #noteChunk(id: string, problem: string, link?: NamedLink): void {
    let damage = this.#damage.get(id);
    if (damage === undefined) {
      damage = { problem, files: new Set(), versions: new Set() };
      this.#damage.set(id, damage);
    }
    if (link === undefined || damage.versions.size >= TOLD) return;
    damage.files.add(link.path);
    damage.versions.add(versionId(nameOf(link)));
  }

  #note(link: NamedLink | undefined, problem: string): void {
    this.#noteChunk(`${this.#damage.size}: ${problem}`.padEnd(33), problem, link);
  }
}

/** Throws `VAULT_USAGE` for options that contradict one another. */
export function checkVerifyOptions(options: VerifyOptions): void {
  if (options.read === true) return;
  if (options.sample !== undefined || options.maxDurationMs !== undefined) {
    throw new VaultError('VAULT_USAGE', '--sample and --max-duration go with --read');
  }
}
