/** What the stored records tell of a folder's members and of whose its logs are. */

import { unlessLost } from '../errors.ts';
import type { EntryReader } from './entry-reader.ts';
import type { FolderMembers } from './folder-members.ts';
import type { RecordIndex } from './record-index.ts';
import { recordType } from './record-types.ts';

/** Reads them all into `members`. Throws `VAULT_DAMAGED` where the index is wrong. */
export async function loadMembers(
  members: FolderMembers,
  index: RecordIndex,
  reader: EntryReader,
): Promise<void> {
  for (const type of [recordType.logStart, recordType.member, recordType.rotation]) {
    for (const { dot } of await index.all(type)) {
      const opened = await reader.entry(dot.log, dot.seq).catch(unlessLost);
      const records = opened && (await reader.records(opened).catch(unlessLost));
      if (opened === undefined || records === undefined) continue;
      const there = records.filter((record) => record.index === dot.index);
      members.note({ line: dot.log, entry: opened.entry, records: there });
    }
  }
  await members.refresh();
}
