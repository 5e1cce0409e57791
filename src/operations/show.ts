/** `show`: one version or one snapshot, with all that is known of it. */

import { toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { historyStep } from '../log/history.ts';
import { allLinks } from '../log/newest-first.ts';
import { supersedersOf } from '../log/superseding.ts';
import type { NamedLink, SnapshotRecord } from '../log/types.ts';
import { covers } from '../log/vector-clock.ts';
import { nameOf, versionId } from '../log/version-name.ts';
import type { ShowOptions, ShowResult } from './look-options.ts';
import type { OperationContext } from './operation.ts';
import { namedState, snapshotRecords, type NamedState } from './named-state.ts';
import { folderOfPaths, withIndex, type Session } from './session.ts';
import { snapshotItem, VersionItems } from './version-item.ts';

/**
 * An item for the version; or one for the snapshot and one for each version that it has and the snapshot
 * before it had not, the newest first. Throws `VAULT_NOT_FOUND`, and `VAULT_USAGE` naming the candidates
 * where several ids fit.
 */
export async function show(
  session: Session,
  options: ShowOptions,
  context: OperationContext,
): Promise<ShowResult> {
  const folder = await session.folders.open(folderOfPaths(session, { ...options, paths: [] }));
  let shown = { versions: 0, damaged: 0 };
  const run = async (): Promise<void> => {
    shown = { versions: 0, damaged: 0 };
    const tell = (path: string, { message }: VaultError): void => {
      shown.damaged++;
      context.emit({ type: 'warning', message, ...(path === '' ? {} : { path }) });
    };
    const items = await VersionItems.make(session, folder, tell);
    const named = found(await namedState(folder.log, options.id, context.signal), options.id);
    if (named.kind === 'version') {
      const item = await items.full(await historyStep(folder.log, named.link));
      shown.versions++;
      context.emit({ type: 'item', item: { ...item, ...(await whereabouts(folder, named.link)) } });
      return;
    }
    context.emit({ type: 'item', item: snapshotItem(session, folder, named.record) });
    const before = await snapshotBefore(folder, named.record);
    const news = allLinks(
      folder.log,
      {
        isBefore: ({ dot }) => before !== undefined && covers(before.clock, dot),
        onLost: (error) => tell('', error),
      },
      named.record.clock,
    );
    for await (const link of news) {
      context.signal.throwIfAborted();
      if (shown.versions === options.limit) break;
      const item = await items.brief(await historyStep(folder.log, link));
      shown.versions++;
      context.emit({ type: 'item', item });
      await context.ready?.();
    }
  };
  await withIndex(folder, run, (message) => context.emit({ type: 'warning', message }));
  return shown;
}

function found(state: NamedState, id: string): Exclude<NamedState, { readonly kind: 'none' }> {
  if (state.kind !== 'none') return state;
  if (state.lost !== undefined) throw state.lost;
  throw new VaultError('VAULT_NOT_FOUND', `${JSON.stringify(id)} is no snapshot, tag or version`, {
    hint: 'list snapshots with: vault snapshots; versions with: vault log',
  });
}

/** What took a version's place, and the snapshots that show it. */
async function whereabouts(
  folder: OpenFolder,
  link: NamedLink,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const superseders = await supersedersOf(folder.log, link, () => undefined);
  const snapshots: string[] = [];
  for await (const { record } of snapshotRecords(folder.log, () => undefined)) {
    const isThere = covers(record.clock, link.dot);
    if (isThere && !superseders.some(({ dot }) => covers(record.clock, dot))) {
      snapshots.push(toHex(record.id));
    }
  }
  return { supersededBy: superseders.map((one) => versionId(nameOf(one))), snapshots };
}

async function snapshotBefore(
  folder: OpenFolder,
  { id }: SnapshotRecord,
): Promise<SnapshotRecord | undefined> {
  let before: SnapshotRecord | undefined;
  for await (const { record } of snapshotRecords(folder.log, () => undefined)) {
    if (toHex(record.id) === toHex(id)) return before;
    before = record;
  }
  return before;
}
