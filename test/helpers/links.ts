/** Links written by hand for tests of the rules: every call is the next entry of its log. */

import { sha256 } from '../../src/crypto/hash.ts';
import { foldLinks, type CopyNaming, type FolderTree } from '../../src/log/folder-tree.ts';
import type { LogId, NamedLink, VersionKind } from '../../src/log/types.ts';
import { nameOf } from '../../src/log/version-name.ts';

export interface Written {
  /** Text that stands for the content; a deletion and a directory have none. */
  readonly content?: string;
  readonly kind?: VersionKind;
  readonly parents?: readonly NamedLink[];
  /** Microseconds after 2026-01-31 00:00:00 UTC; else one more than the last. */
  readonly time?: number;
  /** Stands for another entry at the same number: a fork. */
  readonly seq?: number;
}

/** 2026-01-31 00:00:00 UTC. */
export const scriptStart = 1_769_817_600_000_000;

export class Script {
  readonly links: NamedLink[] = [];
  readonly #next = new Map<LogId, number>();
  #time = 0;
  #count = 0;

  write(log: LogId, path: string, written: Written = {}): NamedLink {
    const { content, parents = [] } = written;
    const kind = written.kind ?? 'file';
    const seq = written.seq ?? this.#next.get(log) ?? 0;
    this.#next.set(log, seq + 1);
    this.#time = written.time ?? this.#time + 1;
    const hasContent = kind === 'file' || kind === 'symlink';
    const link: NamedLink = {
      path,
      kind,
      time: scriptStart + this.#time,
      parents: parents.map(nameOf),
      digest: hasContent ? bytes(content ?? `content ${this.#count}`, 16) : new Uint8Array(0),
      dot: { log, seq, index: 0 },
      hash8: bytes(`entry ${this.#count++}`, 8),
    };
    this.links.push(link);
    return link;
  }

  delete(log: LogId, path: string, ...parents: NamedLink[]): NamedLink {
    return this.write(log, path, { kind: 'deletion', parents });
  }

  tree(): FolderTree {
    return foldLinks(this.links, scriptNaming);
  }
}

/** Names of nodes are those of their logs; ids are the entry's 16 hex digits. */
export const scriptNaming: CopyNaming = {
  nodeName: (log) => log,
  versionId: ({ hash8 }) => Buffer.from(hash8).toString('hex'),
};

/** The name under which a version is shown as a derived copy of `path`. */
export function copyName(path: string, link: NamedLink): string {
  const dot = path.lastIndexOf('.');
  const stem = dot > 0 ? path.slice(0, dot) : path;
  const id = Buffer.from(link.hash8).toString('hex').slice(0, 6);
  return `${stem} (conflict 2026-01-31 ${link.dot.log} ${id})${path.slice(stem.length)}`;
}

/** What a tree shows: the version behind each path, `directory` where none is. */
export function shownIn(tree: FolderTree): Record<string, NamedLink | 'directory'> {
  return Object.fromEntries(
    [...tree.entries.values()].map(({ path, version }) => [path, version ?? 'directory']),
  );
}

function bytes(text: string, length: number): Uint8Array {
  return sha256(Buffer.from(text, 'utf8')).slice(0, length);
}
