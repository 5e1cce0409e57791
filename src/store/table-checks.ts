/**
 * Which tables of a LevelDB were found sound, so that opening it need look only at those it does not
 * know: new ones after an unclean stop, and any that something else has touched.
 *
 * The file `CHECKED` in the database's directory, which LevelDB ignores: first line `vault-checked 1
 * <opens since the last clean close>`, then `name size mtime inode` for each table,
 * and for the log if the database is closed. It is derived;
 * a line that cannot be read is a table that is not known.
 */

import { utf8 } from '../bytes.ts';
import { FileError, type FileSystem } from '../system/file-system.ts';
import { logIsDamaged } from './level-log.ts';
import { isSound } from './level-table.ts';

const FILE = 'CHECKED';
const TABLE = /^\d+\.(ldb|sst)$/;
const TABLE_OR_LOG = /^\d+\.(ldb|sst|log)$/;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** No table is larger: LevelDB is told 64 MiB, and a batch may come on top. */
const MAX_TABLE_BYTES = 1024 * 1024 * 1024;
/** A damaged table can end the process: after so many unclean stops in a row all are looked at. */
const UNCLEAN_OPENS = 2;

export class TableChecks {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #strict: boolean;
  readonly #known = new Map<string, string>();
  #unclean = 0;
  /** Whether the last thing written down was that the database was closed. */
  #wasClosed = false;
  #written = '';
  #scratch = new Uint8Array(0);

  /** For the database in the directory `path`; `strict` as for {@link isSound}. */
  constructor(fs: FileSystem, path: string, strict: boolean) {
    this.#fs = fs;
    this.#path = path;
    this.#strict = strict;
  }

  /**
   * Those of the tables `names` that LevelDB must not open, having looked at the ones not known, or
   * at all of them. Nobody may have the database open.
   */
  unsound(names: readonly string[], all: boolean): string[] {
    this.#read();
    const everything = all || this.#unclean >= UNCLEAN_OPENS;
    const bad: string[] = [];
    for (const name of names) {
      const identity = this.#identity(name);
      if (!everything && this.#known.get(name) === identity) continue;
      this.#known.delete(name);
      if (isSound(this.load(name), this.#strict)) this.#known.set(name, identity);
      else bad.push(name);
    }
    this.#scratch = new Uint8Array(0);
    return bad;
  }

  /** Whether rows are missing from the log `name`; to be asked after {@link unsound}. */
  lacksRows(name: string): boolean {
    const known = this.#known.get(name);
    const [before = '', size = ''] = [known?.split(' ')[0], this.#identity(name).split(' ')[0]];
    if (this.#wasClosed && known !== undefined && before !== size) return true;
    return logIsDamaged(this.load(name), this.#wasClosed);
  }

  /**
   * Whether a log from number `oldest` on that the closed database had is not among `names`; to be
   * asked after {@link unsound}. A close may leave two logs, and the manifest names only the older.
   */
  lacksLog(names: readonly string[], oldest: number): boolean {
    if (!this.#wasClosed) return false;
    return [...this.#known.keys()].some(
      (name) =>
        name.endsWith('.log') && Number.parseInt(name, 10) >= oldest && !names.includes(name),
    );
  }

  /** The bytes of a table or log, until the next call. */
  load(name: string): Uint8Array {
    const file = this.#fs.open(`${this.#path}/${name}`, { mode: 'read' });
    try {
      const { size } = file.stat();
      if (size > MAX_TABLE_BYTES) return this.#scratch.subarray(0, 0);
      if (this.#scratch.length < size) this.#scratch = new Uint8Array(size);
      let at = 0;
      for (let read = -1; at < size && read !== 0; at += read) {
        read = file.read(this.#scratch.subarray(at, size), at);
      }
      return this.#scratch.subarray(0, at);
    } finally {
      file.close();
    }
  }

  /**
   * Remembers the tables there are: what LevelDB itself has written since is taken to be sound.
   * `opening` and `closing` tell clean stops from others. Where that cannot be written down, the
   * next opening looks at more than it must.
   */
  note(when: 'opening' | 'running' | 'closing'): void {
    try {
      this.#note(when);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      // Nothing written down is better than what is no longer so, and needs no space.
      this.#fs.removeTree(`${this.#path}/${FILE}`);
    }
  }

  #note(when: 'opening' | 'running' | 'closing'): void {
    // The log of a closed database changes no more.
    const names = new Set(this.#files(when === 'closing' ? TABLE_OR_LOG : TABLE));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    for (const name of names) {
      if (!this.#known.has(name)) this.#known.set(name, this.#identity(name));
    }
    if (when === 'opening') this.#unclean++;
    if (when === 'closing') this.#unclean = 0;
    this.#write();
  }

  #files(pattern: RegExp): string[] {
    return this.#fs.list(this.#path).flatMap(({ name, kind }) => {
      return kind === 'file' && pattern.test(name) ? [name] : [];
    });
  }

  #identity(name: string): string {
    const { size, mtimeNs, inode } = this.#fs.stat(`${this.#path}/${name}`);
    return `${size} ${mtimeNs} ${inode}`;
  }

  #read(): void {
    this.#known.clear();
    this.#unclean = 0;
    this.#wasClosed = false;
    const path = `${this.#path}/${FILE}`;
    if (this.#fs.statIfPresent(path)?.kind !== 'file') return;
    const text = Buffer.from(this.#fs.readFile(path, MAX_FILE_BYTES)).toString('latin1');
    const [first = '', ...lines] = text.split('\n');
    const unclean = /^vault-checked 1 (\d{1,9})$/.exec(first)?.[1];
    if (unclean === undefined) return;
    this.#unclean = Number(unclean);
    this.#wasClosed = this.#unclean === 0;
    for (const line of lines) {
      const [, name = '', identity = ''] = /^(\S+) (\d+ \d+ \d+)$/.exec(line) ?? [];
      if (name) this.#known.set(name, identity);
    }
  }

  #write(): void {
    const lines = [...this.#known].map(([name, identity]) => `${name} ${identity}\n`);
    const text = `vault-checked 1 ${this.#unclean}\n${lines.join('')}`;
    if (text === this.#written) return;
    const temporary = `${this.#path}/${FILE}.tmp`;
    this.#fs.removeTree(temporary);
    const file = this.#fs.open(temporary, { mode: 'create', permissions: 0o600 });
    try {
      file.write(utf8(text), 0);
    } finally {
      file.close();
    }
    this.#fs.rename(temporary, `${this.#path}/${FILE}`);
    this.#written = text;
  }
}
