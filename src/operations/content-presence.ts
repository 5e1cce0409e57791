/** Whether everything that contents are made of is there, before anything is done with them. */

import { readManifest } from '../chunking/manifest-reader.ts';
import type { Manifest } from '../chunking/manifest.ts';
import { asBuffer } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { ValueSource } from '../folder/value-source.ts';
import type { FolderStore } from '../store/folder-store.ts';

/** Values read at once: some MiB. */
const AT_ONCE = 64;

/**
 * Reads every value of a content without opening the plain ones: that comes when they are used. Throws
 * `VAULT_CHUNK_MISSING` or what opening a manifest node throws.
 */
export async function checkPresence(
  manifest: Manifest,
  store: Pick<FolderStore, 'getSealed'>,
  values: ValueSource,
): Promise<void> {
  if (manifest.root === undefined) return;
  if (manifest.depth === 0) {
    await demand(store, [manifest.root]);
    return;
  }
  let ids: Uint8Array[] = [];
  for await (const { id } of readManifest(manifest, (_level, node) => values.node(node))) {
    ids.push(id);
    if (ids.length < AT_ONCE) continue;
    await demand(store, ids);
    ids = [];
  }
  if (ids.length > 0) await demand(store, ids);
}

async function demand(
  store: Pick<FolderStore, 'getSealed'>,
  ids: readonly Uint8Array[],
): Promise<void> {
  const at = (await store.getSealed(ids)).indexOf(undefined);
  const id = ids[at];
  if (id === undefined) return;
  const hex = asBuffer(id).toString('hex');
  throw new VaultError('VAULT_CHUNK_MISSING', `chunk ${hex} is missing`, { details: { id: hex } });
}
