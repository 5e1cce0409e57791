/** One side of a comparison: the folder as of a moment, or its working copy as it lies. */

import { isVaultError, systemCode, type VaultError } from '../errors.ts';
import { contentPieces } from '../folder/content-pieces.ts';
import type { ValueSource } from '../folder/value-source.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { DirectoryDamage, TreeView } from '../log/tree-view.ts';
import type { Body, Parent } from '../log/types.ts';
import { nameOf } from '../log/version-name.ts';
import { pathToBytes } from '../path-bytes.ts';
import { join } from '../folder-path.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { Rehearsal } from './rehearsal.ts';

export interface SideEntry {
  readonly path: string;
  readonly kind: 'file' | 'symlink' | 'directory';
  /** Equal where contents are, the executable bit included; empty for a directory. */
  readonly digest: Uint8Array;
  /** Undefined for a directory that only exists through what lies in it. */
  readonly version: Parent | undefined;
  /** A derived copy of a conflict: no version was written at its path. */
  readonly isCopy: boolean;
}

export interface ListedSide {
  readonly entries: readonly SideEntry[];
  readonly damage: readonly DirectoryDamage[];
}

export interface TreeSide {
  /** What a directory holds, in no order; nothing where there is none. */
  list(directory: string): Promise<ListedSide>;
  /** Throws where it is lost. */
  body(entry: SideEntry): Promise<Body>;
  /** Content of a file, target of a symlink; undefined above `limit` bytes, or where it changes just now. */
  content(entry: SideEntry, limit: number): Promise<Uint8Array | undefined>;
  /** Whether a version is written: false for what nobody recorded yet. */
  isWritten(version: Parent): boolean;
  /** What cannot be told because whole entries are lost: it may concern any name. */
  readonly lostEntries: readonly VaultError[];
}

const nothing: ListedSide = { entries: [], damage: [] };

/** What a moment shows. Contents are verified as they are opened. */
export class MomentSide implements TreeSide {
  readonly #folder: OpenFolder;
  readonly #view: TreeView;
  readonly #values: ValueSource;

  constructor(folder: OpenFolder, view: TreeView, values: ValueSource) {
    this.#folder = folder;
    this.#view = view;
    this.#values = values;
  }

  get lostEntries(): readonly VaultError[] {
    return this.#view.lostEntries;
  }

  async list(directory: string): Promise<ListedSide> {
    const listed = await this.#view.list(directory);
    if (listed === undefined) return nothing;
    const entries = listed.entries.map(({ path, kind, version, copyOf }) => ({
      path,
      kind,
      digest: version?.digest ?? new Uint8Array(0),
      version: version && nameOf(version),
      isCopy: copyOf !== undefined,
    }));
    return { entries, damage: listed.damage };
  }

  body(entry: SideEntry): Promise<Body> {
    return recordedBody(this.#folder, entry);
  }

  async content(entry: SideEntry, limit: number): Promise<Uint8Array | undefined> {
    return storedContent(await this.body(entry), this.#values, limit);
  }

  isWritten(): boolean {
    return true;
  }
}

/** The working copy, as a rehearsed recording found it. */
export class WorkingCopySide implements TreeSide {
  readonly lostEntries: readonly VaultError[] = [];
  readonly #folder: OpenFolder;
  readonly #rehearsal: Rehearsal;
  readonly #values: ValueSource;
  readonly #fileSystem: FileSystem;

  constructor(
    folder: OpenFolder,
    rehearsal: Rehearsal,
    values: ValueSource,
    fileSystem: FileSystem,
  ) {
    this.#folder = folder;
    this.#rehearsal = rehearsal;
    this.#values = values;
    this.#fileSystem = fileSystem;
  }

  async list(directory: string): Promise<ListedSide> {
    const { aliases } = this.#folder;
    const local = aliases.toLocal(directory);
    const rows = await this.#rehearsal.seen(local);
    if (rows === undefined) return nothing;
    const entries = Array.from(rows, ([name, { kind, digest, version }]) => {
      return { path: aliases.toPath(join(local, name)), kind, digest, version, isCopy: false };
    });
    return { entries, damage: [] };
  }

  async body(entry: SideEntry): Promise<Body> {
    const { version } = entry;
    if (version === undefined || this.isWritten(version)) return recordedBody(this.#folder, entry);
    const body = this.#rehearsal.bodyOf(version);
    if (body === undefined) throw new TypeError('expected a version with content');
    return body;
  }

  async content(entry: SideEntry, limit: number): Promise<Uint8Array | undefined> {
    const body = await this.body(entry);
    const isStored = entry.version !== undefined && this.isWritten(entry.version);
    if (isStored || body.symlink !== undefined) return storedContent(body, this.#values, limit);
    try {
      const local = this.#folder.aliases.toLocal(entry.path);
      return this.#fileSystem.readFile(`${this.#folder.state.path ?? ''}/${local}`, limit);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return undefined;
    }
  }

  isWritten(version: Parent): boolean {
    return !this.#rehearsal.isUnwritten(version);
  }
}

async function recordedBody(folder: OpenFolder, { path, version }: SideEntry): Promise<Body> {
  if (version === undefined) throw new TypeError(`expected a version at ${JSON.stringify(path)}`);
  return folder.log.body(await folder.log.link(version));
}

async function storedContent(
  { manifest, symlink }: Body,
  values: ValueSource,
  limit: number,
): Promise<Uint8Array | undefined> {
  if (symlink !== undefined) return pathToBytes(symlink);
  if (manifest === undefined) throw new TypeError('expected a version with content');
  if (manifest.size > limit) return undefined;
  const content = new Uint8Array(manifest.size);
  for await (const { offset, plain } of contentPieces(manifest, values)) content.set(plain, offset);
  return content;
}

/** For `catch`: the error where what was asked for is lost or dropped; any other is thrown. */
export function asLoss(error: unknown): VaultError {
  if (isVaultError(error) && error.code !== 'VAULT_DAMAGED') return error;
  throw error;
}
