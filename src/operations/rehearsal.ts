/** A recording that writes nothing: what a real one would find is kept in memory and can be looked at. */

import { directoryOf, lastName } from '../folder-path.ts';
import type { NewVersion } from '../folder/pending-changes.ts';
import type { SeenEntry, SeenNames } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { Body, HybridTime, NamedLink, Parent } from '../log/types.ts';
import type { RecordingPlace } from './record-working-copy.ts';

/** Log of the names that versions get which nobody writes: no real log has it. */
const NO_LOG = '0'.repeat(64);

/**
 * Stands where the folder would: takes versions and rows, gives the rows back as if they were written.
 * Files are read and hashed, their chunks stored nowhere. Memory grows with what is not recorded yet.
 */
export class Rehearsal implements RecordingPlace {
  readonly store: RecordingPlace['store'] = {
    stage: () => Promise.resolve(),
    wanted: (ids) => Promise.resolve(new Uint8Array(ids.length / 32)),
    isPromised: () => false,
    commit: () => Promise.resolve(),
    pendingChunks: 0,
  };
  readonly state: RecordingPlace['state'] = {
    rows: (directory, entries) => {
      this.#rows.set(directory, new Map(entries));
      return [];
    },
    forget: (directory) => {
      this.#rows.set(directory, new Map());
      return [];
    },
  };
  readonly #folder: Pick<OpenFolder, 'seen' | 'aliases'>;
  readonly #rows = new Map<string, Map<string, SeenEntry>>();
  readonly #versions: NewVersion[] = [];

  constructor(folder: Pick<OpenFolder, 'seen' | 'aliases'>) {
    this.#folder = folder;
  }

  readonly seen = async (directory: string): Promise<SeenNames | undefined> =>
    this.#rows.get(directory) ?? this.#folder.seen(directory);

  /** What is recorded at a path of the folder, whatever its name on this disk. */
  async entryAt(path: string): Promise<SeenEntry | undefined> {
    const local = this.#folder.aliases.toLocal(path);
    return (await this.seen(directoryOf(local)))?.get(lastName(local));
  }

  readonly stage: RecordingPlace['stage'] = (versions) => {
    const first = this.#versions.length;
    const { aliases } = this.#folder;
    for (const one of versions) this.#versions.push({ ...one, path: aliases.toPath(one.path) });
    return Promise.resolve(
      versions.map((_version, at): Parent => {
        return { log: NO_LOG, seq: first + at, index: 0, hash8: new Uint8Array(8) };
      }),
    );
  };

  readonly commit: RecordingPlace['commit'] = (rows) => {
    rows();
    return Promise.resolve();
  };

  /** Whether a version is one that only a real recording would write. */
  isUnwritten(name: Parent): boolean {
    return name.log === NO_LOG;
  }

  /** The body of such a version; undefined for directories. */
  bodyOf(name: Parent): Body | undefined {
    return this.#versions[name.seq]?.body;
  }

  /** The versions as links of that time, each at the place that its name's `seq` tells. */
  links(time: HybridTime): NamedLink[] {
    return this.#versions.map(({ path, kind, parents, digest }, seq) => {
      const dot = { log: NO_LOG, seq, index: 0 };
      return { path, kind, parents, digest, time, dot, hash8: new Uint8Array(8) };
    });
  }

  /** What a real recording would write, in order, at paths of the folder. */
  get versions(): readonly NewVersion[] {
    return this.#versions;
  }
}
