/**
 * Aliases in force: names on this disk that stand for other names of the folder. Kept in sealed rows,
 * each durable before a file has the name, and in memory: there are hardly ever any.
 */

import { concat } from '../bytes.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import { join } from '../folder-path.ts';
import type { PathIndex } from '../log/path-index.ts';
import { pathFromBytes, pathToBytes } from '../path-bytes.ts';
import type { RandomSource } from '../random.ts';
import { metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaStore } from '../store/meta-store.ts';

export interface Alias {
  /** The true name. */
  readonly name: string;
  /** Whether the disk refuses the true name; else it takes it for another one that is there. */
  readonly isRefused: boolean;
}

export interface AliasTableParts {
  readonly meta: MetaStore;
  readonly key: SecretKey;
  readonly paths: Pick<PathIndex, 'directoryKey'>;
  readonly random: RandomSource;
}

export class AliasTable {
  readonly #parts: AliasTableParts;
  /** By directory as it is called here, then by the name here. */
  readonly #aliases = new Map<string, Map<string, Alias>>();

  private constructor(parts: AliasTableParts) {
    this.#parts = parts;
  }

  /** Throws `VAULT_DAMAGED` where a row does not authenticate. */
  static async load(parts: AliasTableParts): Promise<AliasTable> {
    const table = new AliasTable(parts);
    for await (const { key, value } of parts.meta.scan(metaRange(metaKey(metaPrefix.alias)))) {
      const plain = openRow(parts.key, key, value);
      const end = plain.indexOf(0, 1);
      const path = pathFromBytes(plain.subarray(1, end));
      const slash = path.lastIndexOf('/');
      const alias = { name: pathFromBytes(plain.subarray(end + 1)), isRefused: plain[0] === 1 };
      table.in(path.slice(0, Math.max(0, slash))).set(path.slice(slash + 1), alias);
    }
    return table;
  }

  /** The aliases in a directory, by the names they are here. */
  in(directory: string): Map<string, Alias> {
    let aliases = this.#aliases.get(directory);
    if (aliases === undefined) {
      aliases = new Map();
      this.#aliases.set(directory, aliases);
    }
    return aliases;
  }

  /** Durable on return. */
  async set(directory: string, local: string, alias: Alias): Promise<void> {
    const { meta, key, random } = this.#parts;
    const path = directory === '' ? local : `${directory}/${local}`;
    const row = this.#row(path);
    const plain = concat(
      Uint8Array.of(alias.isRefused ? 1 : 0),
      pathToBytes(path),
      new Uint8Array(1),
      pathToBytes(alias.name),
    );
    const value = sealRow(key, row, plain, random);
    await meta.write([{ type: 'put', key: row, value }], { sync: true });
    this.in(directory).set(local, alias);
  }

  async remove(directory: string, local: string): Promise<void> {
    const row = this.#row(directory === '' ? local : `${directory}/${local}`);
    await this.#parts.meta.write([{ type: 'delete', key: row }], { sync: true });
    this.in(directory).delete(local);
  }

  /** The path in the folder of a path here. */
  toPath(local: string): string {
    if (this.#aliases.size === 0) return local;
    let directory = '';
    let path = '';
    for (const name of local.split('/')) {
      const meant = this.#aliases.get(directory)?.get(name)?.name ?? name;
      path = join(path, meant);
      directory = join(directory, name);
    }
    return path;
  }

  /** The path here of a path in the folder. */
  toLocal(path: string): string {
    if (this.#aliases.size === 0) return path;
    let directory = '';
    for (const name of path.split('/')) {
      const aliases = [...(this.#aliases.get(directory) ?? [])];
      const local = aliases.find(([, alias]) => alias.name === name)?.[0] ?? name;
      directory = directory === '' ? local : `${directory}/${local}`;
    }
    return directory;
  }

  #row(path: string): Uint8Array {
    return metaKey(metaPrefix.alias, this.#parts.paths.directoryKey(path));
  }
}
