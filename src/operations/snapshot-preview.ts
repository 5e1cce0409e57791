/** `snapshot --dry-run`: what a snapshot would record, by what names and stats say; no content is read. */

import { join } from '../folder-path.ts';
import { ChangeTally, type ChangeCounts } from '../folder/change-tally.ts';
import type { GoneFiles } from '../folder/gone-files.ts';
import type { ScanProblem } from '../folder/look.ts';
import { packedStat, type FileTraits } from '../folder/packed-stats.ts';
import { seenBelow, type Scanned, type ScannedDirectory } from '../folder/scan.ts';
import { isSameStat } from '../folder/seen-stat.ts';
import { Survey } from '../folder/survey.ts';
import type { SeenEntry, SeenNames } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { hasContent } from '../log/link.ts';
import type { OperationContext } from './operation.ts';
import type { SnapshotResult } from './whole-folder-options.ts';
import { doubtOf, isRootSwapped } from './deletion-guard.ts';
import { changedPlaces, recordedDirectories, scanFolder } from './scan-folder.ts';
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
  const { signal } = context;
  const survey = new Survey((directory) => folder.seen(directory));
  const preview = new Preview(folder, survey, context);
  for await (const scanned of scanFolder(session, folder, signal, recordedDirectories)) {
    await survey.take(scanned);
    preview.take({ ...scanned, changed: [] });
  }
  for await (const scanned of scanFolder(session, folder, signal, {
    ...changedPlaces(survey),
    withStats: true,
  })) {
    preview.take(scanned);
  }
  await preview.tellGone();
  const { counts, gone } = preview;
  const doubt = doubtOf(survey, gone, isRootSwapped(session, folder));
  if (doubt !== undefined) {
    context.emit({ type: 'warning', message: `${doubt}: a snapshot would stop here and ask` });
  }
  const seconds = (clock.monotonicMs() - started) / 1000;
  const nothing = { newChunks: 0, newBytes: 0, storedBytes: 0 };
  return { folder: folder.id, snapshot: null, ...counts, ...nothing, seconds };
}

class Preview {
  readonly #tally = new ChangeTally();
  /** Files and symlinks that are gone, not moved. */
  gone = 0;
  readonly #folder: OpenFolder;
  readonly #goneFiles: GoneFiles;
  readonly #context: OperationContext;
  /** By path, what is gone, or was replaced with all below it. */
  readonly #missing = new Map<string, { before: SeenEntry; isReplaced: boolean }>();
  readonly #moved = new Set<string>();

  constructor(folder: OpenFolder, { goneFiles }: Survey, context: OperationContext) {
    this.#folder = folder;
    this.#goneFiles = goneFiles;
    this.#context = context;
  }

  get counts(): ChangeCounts {
    return this.#tally.counts;
  }

  take({ kept, problems, changed }: Scanned): void {
    this.#report(problems);
    this.#tally.keep(kept);
    for (const directory of changed) this.#takeChanged(directory);
  }

  /** Tells what is gone, once it is known what of it was moved. */
  async tellGone(): Promise<void> {
    for (const [path, { before, isReplaced }] of this.#missing) {
      if (before.kind === 'directory') await this.#loseBelow(path);
      if (!isReplaced) this.#lose(path, before.kind);
    }
  }

  #takeChanged(scanned: ScannedDirectory): void {
    const { path: directory, seen } = scanned;
    this.#report(scanned.problems);
    this.#tally.keep(scanned.kept);
    for (const { name } of scanned.newDirectories) {
      this.counts.dirs++;
      const before = seen.get(name);
      if (before !== undefined && hasContent(before.kind)) this.counts.removed++;
      this.#tell(join(directory, name), 'directory', before ? 'changed' : 'added');
    }
    for (const [index, name] of scanned.files.entries()) {
      const stat = packedStat(scanned.stats, index);
      if (stat !== undefined) this.#takeContent(scanned, name, 'file', stat);
    }
    for (const { name, stat } of scanned.symlinks) {
      this.#takeContent(scanned, name, 'symlink', stat);
    }
    for (const name of scanned.gone) this.#miss(scanned, name, false);
    for (const name of scanned.replaced) this.#miss(scanned, name, true);
  }

  #miss({ path: directory, seen }: ScannedDirectory, name: string, isReplaced: boolean): void {
    const before = seen.get(name);
    if (before !== undefined) this.#missing.set(join(directory, name), { before, isReplaced });
  }

  #takeContent(
    { path: directory, seen }: ScannedDirectory,
    name: string,
    kind: 'file' | 'symlink',
    stat: FileTraits,
  ): void {
    const before = seen.get(name);
    // It is looked into only because a change could hide behind the same stat.
    if (before?.kind === kind && isSameStat(before, stat)) {
      return this.#tally.keep({ files: 1, dirs: 0, bytes: kind === 'file' ? stat.size : 0 });
    }
    this.counts.files++;
    if (kind === 'file') this.counts.bytes += stat.size;
    const path = join(directory, name);
    const source =
      before?.kind === 'directory' ? undefined : this.#goneFiles.find(stat, directory, name);
    if (source !== undefined) {
      this.#goneFiles.take(source);
      const from = join(source.directory, source.name);
      this.#moved.add(from);
      this.counts.changed++;
      this.#tell(path, kind, 'moved', from);
      return;
    }
    const had = before !== undefined && hasContent(before.kind);
    this.counts[had ? 'changed' : 'added']++;
    this.#tell(path, kind, before === undefined ? 'added' : 'changed');
  }

  #report(problems: readonly ScanProblem[]): void {
    for (const { path, severity, message } of problems) {
      if (severity === 'unreadable') this.counts.errors++;
      this.#context.emit({ type: 'warning', path, message });
    }
  }

  async #loseBelow(directory: string): Promise<void> {
    const seen = (path: string): Promise<SeenNames | undefined> => this.#folder.seen(path);
    for await (const { path, rows } of seenBelow(seen, directory)) {
      for (const [name, { kind }] of rows) this.#lose(join(path, name), kind);
    }
  }

  #lose(path: string, kind: SeenEntry['kind']): void {
    if (this.#moved.has(path)) return;
    if (hasContent(kind)) {
      this.gone++;
      this.counts.removed++;
    }
    this.#tell(path, kind, 'removed');
  }

  #tell(path: string, kind: PathChange['kind'], change: PathChange['change'], from?: string): void {
    const moved = from === undefined ? {} : { from };
    const item = { type: 'would-record', folder: this.#folder.id, path, kind, change, ...moved };
    this.#context.emit({ type: 'item', item });
  }
}
