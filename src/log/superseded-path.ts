/** Which path a version that another supersedes was written at, as far as this node has it. */

import { equalBytes } from '../bytes.ts';
import { isLoss, isVaultError } from '../errors.ts';
import type { EntryReader } from './entry-reader.ts';
import { shortHash } from './log-id.ts';
import type { Parent } from './types.ts';

/** The path of a superseded version, undefined where it is lost. */
export async function supersededPath(
  reader: EntryReader,
  parent: Parent,
): Promise<'not here yet' | { readonly path: string | undefined }> {
  try {
    const line = await reader.lineOf(parent);
    const holder = reader.lines.holder(line, parent.seq);
    const isLost = reader.lost.has(holder, parent.seq);
    if (!isLost && (await reader.placeOf(holder, parent.seq)) === undefined) return 'not here yet';
    const { entry, links } = await reader.entry(line, parent.seq);
    if (!equalBytes(shortHash(entry.hash), parent.hash8)) return 'not here yet';
    return { path: links.get(parent.index)?.path };
  } catch (error) {
    if (isVaultError(error, 'VAULT_NOT_FOUND')) return 'not here yet';
    if (isLoss(error)) return { path: undefined };
    throw error;
  }
}
