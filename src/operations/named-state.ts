/** Snapshots and versions as users name them: by id, by the start of one, by tag. */

import { toHex } from '../bytes.ts';
import { isLoss, VaultError } from '../errors.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { recordType } from '../log/record-types.ts';
import type { Dot, HybridTime, NamedLink, SnapshotRecord } from '../log/types.ts';
import { nameOf, versionId } from '../log/version-name.ts';
import { versionsOfId } from '../log/version-search.ts';
import { timeText } from './time-text.ts';

/** Candidates that a message names. */
const CANDIDATES = 8;
/** Digits from which on nothing else is meant by chance. */
const SURE_DIGITS = 12;

export type NamedState =
  | { readonly kind: 'snapshot'; readonly record: SnapshotRecord }
  | { readonly kind: 'version'; readonly link: NamedLink }
  /** `lost`: why it may have been one, where something that could tell is lost. */
  | { readonly kind: 'none'; readonly lost: VaultError | undefined };

/**
 * The snapshot or version that `text` names, the first of: a whole snapshot id; a tag (the newest
 * snapshot that has it); the start of a snapshot's id; the start of a version's id, or all of it. A
 * start has at least four digits. Throws `VAULT_USAGE` naming the candidates where several begin so,
 * `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT` where a newer snapshot of the tag may be lost.
 */
export async function namedState(
  log: FolderLog,
  text: string,
  signal?: AbortSignal,
): Promise<NamedState> {
  const isId = /^[0-9a-f]{4,64}$/.test(text);
  const fitting: SnapshotRecord[] = [];
  let tagged: SnapshotRecord | undefined;
  let lost: VaultError | undefined;
  /** A newer one that cannot be read may have the tag too. */
  let lostSinceTagged = false;
  const onLost = (error: VaultError): void => {
    lost ??= error;
    lostSinceTagged = true;
  };
  for await (const { record } of snapshotRecords(log, onLost)) {
    const id = toHex(record.id);
    if (id === text) return { kind: 'snapshot', record };
    if (isId && id.startsWith(text)) fitting.push(record);
    if (!record.tags.includes(text)) continue;
    tagged = record;
    lostSinceTagged = false;
  }
  if (tagged !== undefined) {
    if (lostSinceTagged && lost !== undefined) throw lost;
    return { kind: 'snapshot', record: tagged };
  }
  if (fitting.length > 1) {
    throw ambiguous(
      text,
      'snapshots',
      fitting.map(({ id, time }) => `${toHex(id)} of ${timeText(time)}`),
    );
  }
  if (fitting[0] !== undefined) return { kind: 'snapshot', record: fitting[0] };
  if (isId && (lost === undefined || text.length >= SURE_DIGITS)) {
    const link = await namedVersion(log, text, onLost, signal);
    if (link !== undefined) return { kind: 'version', link };
  }
  return { kind: 'none', lost: lost ?? lostEntry(log) };
}

/** What is not found may have been in an entry that is lost. */
function lostEntry(log: FolderLog): VaultError | undefined {
  if (log.lostEntries.length === 0) return undefined;
  return new VaultError('VAULT_CHUNK_MISSING', 'part of the log is lost, snapshots perhaps too', {
    hint: 'list the snapshots that are left with: vault snapshots',
  });
}

async function namedVersion(
  log: FolderLog,
  text: string,
  onLost: (error: VaultError) => void,
  signal: AbortSignal | undefined,
): Promise<NamedLink | undefined> {
  const names = await versionsOfId(log, text, {
    limit: CANDIDATES + 1,
    onLost,
    ...(signal === undefined ? {} : { signal }),
  });
  if (names.length > 1) {
    const told: string[] = [];
    for (const name of names) told.push(await candidateText(log, name));
    throw ambiguous(text, 'versions', told);
  }
  return names[0] && log.link(names[0]);
}

async function candidateText(
  log: FolderLog,
  name: Parameters<typeof versionId>[0],
): Promise<string> {
  try {
    const link = await log.link(name);
    return `${versionId(nameOf(link)).slice(0, 16)} of ${link.path}`;
  } catch (error) {
    if (!isLoss(error)) throw error;
    return versionId(name).slice(0, 16);
  }
}

function ambiguous(text: string, what: string, candidates: readonly string[]): VaultError {
  const named = candidates.slice(0, CANDIDATES).join(', ');
  const more = candidates.length > CANDIDATES ? ' and more' : '';
  return new VaultError('VAULT_USAGE', `several ${what} have an id that begins with ${text}`, {
    hint: `give more of its digits; there are ${named}${more}`,
  });
}

/** All snapshots, oldest first; `onLost` is told of those that cannot be read. */
export async function* snapshotRecords(
  log: FolderLog,
  onLost: (error: VaultError) => void,
): AsyncGenerator<{ dot: Dot; record: SnapshotRecord }> {
  const lost = ({ code, message }: VaultError, time: HybridTime | undefined): void => {
    const hint =
      time === undefined ? {} : { hint: `the moment can be given: --at ${timeText(time)}` };
    const which = time === undefined ? 'a snapshot' : `the snapshot of ${timeText(time)}`;
    onLost(new VaultError(code, `${which} cannot be read: ${message}`, hint));
  };
  for await (const { dot, record } of log.records(recordType.snapshot, lost)) {
    if (record.type === 'snapshot') yield { dot, record };
  }
}
