/** `stats`: how much there is of what, and what it takes on disk. */

import { isLoss, isVaultError, type VaultError } from '../errors.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { DotSet } from '../log/dot-set.ts';
import { hasContent } from '../log/link.ts';
import { allLinks } from '../log/newest-first.ts';
import type { Body, NamedLink } from '../log/types.ts';
import { decodeChunkRow, metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { OperationContext } from './operation.ts';
import type { FolderStats, StatsOptions, StatsResult } from './whole-folder-options.ts';
import { snapshotRecords } from './named-state.ts';
import { chosenFolders, eachFolder, foldersOrHere, withIndex, type Session } from './session.ts';
import { sizeOnDisk } from './size-on-disk.ts';

type Counts = { -readonly [K in keyof FolderStats]: FolderStats[K] };
/** What is counted in one pass through the logs. */
type HistoryCounts = Pick<
  Counts,
  'files' | 'dirs' | 'bytes' | 'versions' | 'entries' | 'contents' | 'plainBytes'
>;

/** How many links are counted between two reports of progress. */
const REPORT_EVERY = 10_000;

/** An item for each folder. Reads the logs once, no content; memory does not grow with what is stored. */
export async function stats(
  session: Session,
  options: StatsOptions,
  context: OperationContext,
): Promise<StatsResult> {
  const { clock, fileSystem } = session.environment;
  const started = clock.monotonicMs();
  const { folders, cwd } = options;
  const chosen =
    cwd === undefined ? chosenFolders(session, folders) : foldersOrHere(session, folders, cwd);
  let damaged = 0;
  const counted = await eachFolder(chosen, context, async (listed) => {
    const found = await folderStats(session, listed, context);
    damaged += found.damaged;
    const { id, state } = listed;
    const item = { type: 'result', folder: id, name: state.name, path: state.path ?? null };
    context.emit({ type: 'item', item: { ...item, ...found.counts } });
    return found.counts;
  });
  const sums = emptyCounts();
  for (const counts of counted) {
    for (const key of Object.keys(sums) as (keyof Counts)[]) sums[key] += counts[key];
  }
  const reserve = session.home.reserve.status();
  const home = session.home.layout.root;
  return {
    folders: counted.length,
    ...sums,
    home,
    homeBytes: sizeOnDisk(fileSystem, home).bytes,
    reserveBytes: reserve.bytes,
    reserveWhole: reserve.whole,
    damaged,
    seconds: (clock.monotonicMs() - started) / 1000,
  };
}

async function folderStats(
  session: Session,
  listed: ListedFolder,
  context: OperationContext,
): Promise<{ readonly counts: FolderStats; readonly damaged: number }> {
  const { fileSystem } = session.environment;
  const folder = await session.folders.open(listed);
  const warn = (message: string): void => context.emit({ type: 'warning', message });
  let damaged = 0;
  const onLost = ({ message }: VaultError): void => {
    damaged++;
    warn(message);
  };
  const count = async (): Promise<FolderStats> => {
    damaged = 0;
    const history = await countHistory(folder, context, onLost);
    let snapshots = 0;
    for await (const { record } of snapshotRecords(folder.log, onLost)) {
      if (record.type === 'snapshot') snapshots++;
    }
    const chunks = sizeOnDisk(fileSystem, folder.layout.chunks);
    const meta = sizeOnDisk(fileSystem, folder.layout.meta);
    return {
      ...history,
      snapshots,
      ...(await countChunks(folder)),
      chunksBytes: chunks.bytes,
      metaBytes: meta.bytes,
      tables: chunks.tables + meta.tables,
    };
  };
  return { counts: await withIndex(folder, count, warn), damaged };
}

async function countHistory(
  folder: OpenFolder,
  context: OperationContext,
  onLost: (error: VaultError) => void,
): Promise<HistoryCounts> {
  const { log } = folder;
  const counts: HistoryCounts = emptyCounts();
  for (const [line, { seq }] of log.heads) counts.entries += seq + 1 - log.lines.from(line);
  const superseded = new DotSet();
  const contents = new Set<number>();
  for await (const link of allLinks(log, { isBefore: () => false, onLost })) {
    context.signal.throwIfAborted();
    counts.versions++;
    // What supersedes a version is newer and came by before it.
    const isCurrent = !superseded.delete(link.dot);
    for (const parent of link.parents) superseded.add(parent);
    const body = await bodyOf(folder, link, onLost);
    const { root, size } = body?.manifest ?? { root: undefined, size: 0 };
    if (isCurrent && link.kind === 'directory') counts.dirs++;
    if (isCurrent && hasContent(link.kind)) {
      counts.files++;
      counts.bytes += size;
    }
    if (root !== undefined && !contents.has(mark(root))) {
      contents.add(mark(root));
      counts.contents++;
      counts.plainBytes += size;
    }
    if (counts.versions % REPORT_EVERY === 0) {
      const { versions: files, plainBytes: bytes } = counts;
      context.emit({ type: 'progress', phase: 'count', files, bytes });
    }
  }
  return counts;
}

/** Undefined where there is none, where it was dropped and where it is lost. */
async function bodyOf(
  folder: OpenFolder,
  link: NamedLink,
  onLost: (error: VaultError) => void,
): Promise<Body | undefined> {
  if (link.kind !== 'file') return undefined;
  try {
    return await folder.log.body(link);
  } catch (error) {
    if (isVaultError(error, 'VAULT_EXPIRED')) return undefined;
    if (!isLoss(error)) throw error;
    onLost(error);
    return undefined;
  }
}

async function countChunks({ store }: OpenFolder): Promise<Pick<Counts, 'chunks' | 'storedBytes'>> {
  let chunks = 0;
  let storedBytes = 0;
  for await (const { value } of store.meta.scan(metaRange(metaKey(metaPrefix.chunk)))) {
    const row = decodeChunkRow(value);
    if (row === undefined) continue;
    chunks++;
    storedBytes += row.bytes;
  }
  return { chunks, storedBytes };
}

/** 48 bits of a chunk id: a set of numbers takes a tenth of the memory of one of ids. */
function mark(id: Uint8Array): number {
  return (
    new DataView(id.buffer, id.byteOffset).getUint32(0) * 0x1_0000 +
    (id[4] ?? 0) * 256 +
    (id[5] ?? 0)
  );
}

function emptyCounts(): Counts {
  return {
    files: 0,
    dirs: 0,
    bytes: 0,
    versions: 0,
    entries: 0,
    snapshots: 0,
    contents: 0,
    plainBytes: 0,
    chunks: 0,
    storedBytes: 0,
    chunksBytes: 0,
    metaBytes: 0,
    tables: 0,
  };
}
