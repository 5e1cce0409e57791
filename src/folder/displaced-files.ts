/** Reads again what was displaced from the working copy, and finds the edits among it. */

import { equalBytes } from '../bytes.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { contentDigest } from '../log/body.ts';
import type { Body } from '../log/types.ts';
import type { FileStat, FileSystem } from '../system/file-system.ts';
import { FileIntake, type IntakeParts } from './file-intake.ts';
import { fileBody, symlinkBody } from './found-body.ts';
import type { Displaced } from './staging-area.ts';
import type { SeenEntry } from './working-copy-row.ts';

export interface DisplacedParts extends Pick<
  IntakeParts<unknown>,
  'store' | 'pool' | 'secrets' | 'idKey' | 'clock' | 'signal'
> {
  readonly fileSystem: Pick<FileSystem, 'statIfPresent' | 'readSymlink'>;
  readonly digestKey: SecretKey;
}

/** A content that was displaced and is not what was recorded. */
export interface LocalEdit {
  readonly displaced: Displaced;
  readonly kind: 'file' | 'symlink';
  readonly body: Body;
  readonly digest: Uint8Array;
  readonly stat: FileStat;
}

export interface Expectation {
  readonly displaced: Displaced;
  /** Undefined where nothing is: then any content is told. */
  readonly expected: Pick<SeenEntry, 'kind' | 'digest'> | undefined;
}

export class DisplacedFiles {
  readonly #parts: DisplacedParts;
  /** Files whose content is in the store, or will be with the next commit, and the stat it was read under. */
  readonly #read = new Map<string, FileStat>();
  /** Inodes of files with several names, one of which was removed: that changed the change time of all. */
  readonly #removed = new Set<bigint>();

  constructor(parts: DisplacedParts) {
    this.#parts = parts;
  }

  /** The edits among files, all contents of which are then in the store or staged. */
  async editsAmong(files: readonly Expectation[]): Promise<LocalEdit[]> {
    const edits: LocalEdit[] = [];
    const take = (one: Expectation, kind: LocalEdit['kind'], body: Body, stat: FileStat): void => {
      const { displaced, expected } = one;
      this.#read.set(displaced.file, stat);
      const digest = contentDigest(this.#parts.digestKey, body);
      if (expected?.kind === kind && equalBytes(expected.digest, digest)) return;
      edits.push({ displaced, kind, body, digest, stat });
    };
    const intake = new FileIntake<Expectation>({
      ...this.#parts,
      pathOf: ({ displaced }) => displaced.file,
      onStored: (one, file) => {
        // What never stood still was stored as it was read, and is not known to be stored whole.
        if (file.status === 'stored') take(one, 'file', fileBody(file), file.stat);
        return Promise.resolve();
      },
      onBatch: () => undefined,
    });
    try {
      for (const one of files) {
        const { file } = one.displaced;
        const stat = this.#parts.fileSystem.statIfPresent(file);
        if (stat?.kind === 'file') await intake.add(one);
        else if (stat?.kind === 'symlink') {
          const symlink = this.#parts.fileSystem.readSymlink(file);
          take(one, 'symlink', symlinkBody(symlink, stat), stat);
        }
      }
      await intake.settle();
    } catch (error) {
      await intake.abandon();
      throw error;
    }
    return edits;
  }

  /** The stat a file was read under; undefined where it was not read, or did not stand still. */
  statOf({ file }: Displaced): FileStat | undefined {
    return this.#read.get(file);
  }

  /** Whether the content as it is now was read: nobody wrote to it since. Where it was, the caller removes it. */
  isStored({ file }: Displaced): boolean {
    const read = this.#read.get(file);
    if (read === undefined) return false;
    const now = this.#parts.fileSystem.statIfPresent(file);
    if (now === undefined) return true;
    const isTimeOurs = now.ctimeNs === read.ctimeNs || this.#removed.has(read.inode);
    const isStored = now.size === read.size && now.mtimeNs === read.mtimeNs && isTimeOurs;
    if (isStored && read.links > 1) this.#removed.add(read.inode);
    return isStored;
  }
}
