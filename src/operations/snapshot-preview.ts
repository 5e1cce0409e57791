/** `snapshot --dry-run`: what a snapshot would record, by what names and stats say; no content is read. */

import { join, type Kept } from '../folder/look.ts';
import { seenBelow, type Scanned, type ScannedDirectory } from '../folder/scan.ts';
import { isSameStat } from '../folder/seen-stat.ts';
import type { SeenEntry } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { hasContent } from '../log/link.ts';
import type { FileStat } from '../system/file-system.ts';
import type { OperationContext, SnapshotResult } from './api.ts';
import { isEmptiedRoot, isMassDeletion } from './mass-deletion.ts';
import { scanFolder } from './scan-folder.ts';
import type { Session } from './session.ts';
import type { PathChange } from './snapshot-counts.ts';

/**
 * An item of type `would-record` for each path a snapshot would write a version of. A file that was
 * touched and holds the same bytes is among them: only reading it would tell.
 */
export async function previewSnapshot(
  session: Session,
  folder: OpenFolder,
  context: OperationContext,
): Promise<SnapshotResult> {
  const { clock } = session.environment;
  const started = clock.monotonicMs();
  const preview = new Preview(session, folder, context);
  let known = 0;
  let isEmptied = false;
  for await (const scanned of scanFolder(session, folder, context.signal)) {
    known += scanned.known;
    for (const directory of scanned.changed) {
      known += directory.known;
      isEmptied ||= isEmptiedRoot(directory);
    }
    await preview.take(scanned);
  }
  const { counts, gone, goneBelow } = preview;
  known += goneBelow;
  if (isMassDeletion({ gone, known, isEmptied })) {
    context.emit({
      type: 'warning',
      message: `${gone} of ${known} recorded names are gone: a snapshot would stop here and ask`,
    });
  }
  const seconds = (clock.monotonicMs() - started) / 1000;
  const nothing = { newChunks: 0, newBytes: 0, storedBytes: 0 };
  return { folder: folder.id, snapshot: null, ...counts, ...nothing, seconds };
}

class Preview {
  readonly counts = {
    files: 0,
    dirs: 0,
    bytes: 0,
    added: 0,
    changed: 0,
    removed: 0,
    unchanged: 0,
    errors: 0,
  };
  /** Names that are gone, with all below them. */
  gone = 0;
  goneBelow = 0;
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #context: OperationContext;

  constructor(session: Session, folder: OpenFolder, context: OperationContext) {
    this.#session = session;
    this.#folder = folder;
    this.#context = context;
  }

  async take({ kept, problems, changed }: Scanned): Promise<void> {
    for (const { path, severity, message } of problems) {
      if (severity === 'unreadable') this.counts.errors++;
      this.#context.emit({ type: 'warning', path, message });
    }
    this.#keep(kept);
    for (const directory of changed) await this.#takeChanged(directory);
  }

  async #takeChanged(scanned: ScannedDirectory): Promise<void> {
    const { path: directory, seen } = scanned;
    this.#keep(scanned.kept);
    for (const { name } of scanned.newDirectories) {
      this.counts.dirs++;
      const before = seen.get(name);
      if (before !== undefined && hasContent(before.kind)) this.counts.removed++;
      this.#tell(join(directory, name), 'directory', before ? 'changed' : 'added');
    }
    for (const name of scanned.files) await this.#takeFile(directory, name, seen.get(name));
    for (const { name, stat } of scanned.symlinks) {
      await this.#takeContent(join(directory, name), 'symlink', stat, seen.get(name));
    }
    for (const name of scanned.gone) {
      this.gone++;
      await this.#lose(join(directory, name), seen.get(name));
    }
  }

  async #takeFile(directory: string, name: string, before: SeenEntry | undefined): Promise<void> {
    const path = join(directory, name);
    const stat = this.#session.environment.fileSystem.statIfPresent(
      `${this.#folder.state.path ?? ''}/${path}`,
    );
    if (stat !== undefined) await this.#takeContent(path, 'file', stat, before);
  }

  async #takeContent(
    path: string,
    kind: 'file' | 'symlink',
    stat: FileStat,
    before: SeenEntry | undefined,
  ): Promise<void> {
    // It is looked into only because a change could hide behind the same stat.
    if (before?.kind === kind && isSameStat(before, stat)) {
      return this.#keep({ files: 1, dirs: 0, bytes: kind === 'file' ? stat.size : 0 });
    }
    this.counts.files++;
    if (kind === 'file') this.counts.bytes += stat.size;
    const had = before !== undefined && hasContent(before.kind);
    this.counts[had ? 'changed' : 'added']++;
    this.#tell(path, kind, before === undefined ? 'added' : 'changed');
    if (before?.kind === 'directory') await this.#loseBelow(path);
  }

  #keep({ files, dirs, bytes }: Kept): void {
    this.counts.files += files;
    this.counts.unchanged += files;
    this.counts.dirs += dirs;
    this.counts.bytes += bytes;
  }

  async #lose(path: string, before: SeenEntry | undefined): Promise<void> {
    if (before === undefined) return;
    if (before.kind === 'directory') await this.#loseBelow(path);
    else this.counts.removed++;
    this.#tell(path, before.kind, 'removed');
  }

  async #loseBelow(directory: string): Promise<void> {
    const seen = (path: string): Promise<Map<string, SeenEntry> | undefined> =>
      this.#folder.seen(path);
    for await (const { path, rows } of seenBelow(seen, directory)) {
      this.gone += rows.size;
      this.goneBelow += rows.size;
      for (const [name, entry] of rows) {
        if (hasContent(entry.kind)) this.counts.removed++;
        this.#tell(join(path, name), entry.kind, 'removed');
      }
    }
  }

  #tell(path: string, kind: PathChange['kind'], change: PathChange['change']): void {
    const item = { type: 'would-record', folder: this.#folder.id, path, kind, change };
    this.#context.emit({ type: 'item', item });
  }
}
