/** Worker task: opens all that one entry of a log holds, and lists the chunks and nodes it needs. */

import { concat, equalBytes } from '../bytes.ts';
import { readManifest } from '../chunking/manifest-reader.ts';
import type { Manifest } from '../chunking/manifest.ts';
import { isVaultError } from '../errors.ts';
import { directoryOf } from '../folder-path.ts';
import { decodePage } from '../log/entry-page.ts';
import { openBody, openLinks } from '../log/entry-records.ts';
import { openEntry } from '../log/entry.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { contentCodec, type ContentCodec } from './content-codec.ts';
import { ValueSource } from './value-source.ts';

export interface CheckEntryInput {
  readonly secrets: string;
  /** 32-byte folder id. */
  readonly folder: Uint8Array;
  /** The sealed value of the entry. */
  readonly entry: Uint8Array;
  /** That of its page; undefined where no record has sealed bytes. */
  readonly page: Uint8Array | undefined;
}

export interface CheckedEntry {
  readonly versions: number;
  /** Directories that are, or hold, what the versions are of; each at least once. */
  readonly directories: readonly string[];
  /** Of chunks and nodes, 32 bytes each, in no order and possibly more than once. */
  readonly needed: Uint8Array;
}

/**
 * What the entry needs; undefined where anything in it cannot be opened, or a manifest not be read:
 * whoever asks looks for what it is. Bodies that were dropped need nothing. Asks for nodes as
 * `restoreFiles` asks for values.
 */
export async function checkEntry(
  input: CheckEntryInput,
  context: TaskContext,
): Promise<CheckedEntry | undefined> {
  const codec = await contentCodec(context.settings.get(input.secrets));
  try {
    return await look(input, codec, new ValueSource(codec, context));
  } catch (error) {
    if (!isVaultError(error) || error.code === 'VAULT_INTERRUPTED') throw error;
    return undefined;
  }
}

async function look(
  input: CheckEntryInput,
  codec: ContentCodec,
  values: ValueSource,
): Promise<CheckedEntry | undefined> {
  const entry = openEntry(codec.check(input.entry).plain);
  const keys = codec.recordKeys(input.folder, entry.epoch);
  const page = input.page === undefined ? undefined : codec.check(input.page);
  if (page !== undefined && !equalBytes(page.id, entry.hash)) return undefined;
  const records = page && decodePage(page.plain).records;
  const links = openLinks(entry, keys);
  const directories = new Set<string>();
  const needed: Uint8Array[] = [];
  const trees: Manifest[] = [];
  for (const { path, kind, dot } of links) {
    directories.add(directoryOf(path));
    if (kind === 'directory') directories.add(path);
    const sealed = records?.get(dot.index);
    if ((kind !== 'file' && kind !== 'symlink') || sealed === undefined) continue;
    const { manifest } = openBody(entry, dot.index, kind, sealed, keys);
    if (manifest?.root === undefined) continue;
    needed.push(manifest.root);
    if (manifest.depth > 0) trees.push(manifest);
  }
  await values.prefetch(trees.flatMap(({ root }) => (root === undefined ? [] : [root])));
  for (const tree of trees) {
    const node = (_level: number, id: Uint8Array): Promise<Uint8Array> => {
      if (id !== tree.root) needed.push(id);
      return values.node(id);
    };
    for await (const { id } of readManifest(tree, node)) needed.push(id);
  }
  return {
    versions: links.length,
    directories: [...directories],
    needed: concat(...needed),
  };
}
