/** Opens the stores of a folder and what lies in them: its log and its aliases. */

import { fromHex, toHex } from '../bytes.ts';
import { deriveFolderKeys } from '../crypto/folder-keys.ts';
import { verifySignature } from '../crypto/identity.ts';
import { loadZstd } from '../crypto/zstd.ts';
import { isVaultError } from '../errors.ts';
import { AliasTable } from '../folder/alias-table.ts';
import type { EpochRing } from '../log/epoch-ring.ts';
import { FolderLog, type FolderLogParts } from '../log/folder-log.ts';
import { logId } from '../log/log-id.ts';
import { FolderStore } from '../store/folder-store.ts';
import type { ReplayCounts } from '../store/replay-log.ts';
import { denyListOf } from './denials.ts';
import type { Environment } from './environment.ts';
import type { FolderState } from './folder-file.ts';
import type { FolderLayout } from './home-layout.ts';
import type { Home } from './home.ts';
import { LogWitness } from './log-witness.ts';

/** The stores of a folder, opened, and what lies in them. */
export interface OpenedStores {
  readonly store: FolderStore;
  readonly log: FolderLog;
  readonly aliases: AliasTable;
  readonly problems: readonly string[];
}

/**
 * Opens stores and log; after an unclean stop or damage to `meta/` what it derived is made again.
 * Throws `VAULT_NO_SPACE`, `VAULT_IO`.
 */
export async function openStores(
  environment: Environment,
  home: Home,
  layout: FolderLayout,
  state: FolderState,
  ring: EpochRing,
): Promise<OpenedStores> {
  const { fileSystem } = environment;
  const problems: string[] = [];
  const parts = await logParts(environment, home, layout, state, ring);
  const chunks = await environment.openChunks(layout.chunks);
  let meta = await environment.openMeta(layout.meta).catch(async (error: unknown) => {
    await chunks.store.close();
    throw error;
  });
  const anew = async (): Promise<void> => {
    await meta.store.close();
    fileSystem.removeTree(layout.meta);
    meta = await environment.openMeta(layout.meta);
  };
  try {
    if (chunks.repaired)
      problems.push('the database of chunks was damaged and repaired: run vault verify');
    // A `meta/` that is whole knows what `chunks/` lost; made anew it would not.
    if (meta.repaired) await anew();
    for (let again = true; ; again = false) {
      try {
        const store = await FolderStore.open(chunks.store, meta.store);
        const { log, replayed, mended } = await FolderLog.open({ ...parts, store });
        problems.push(...replayProblems(replayed));
        if (mended > 0) problems.push('the end of a log was damaged and written anew');
        const { metaKey: key } = parts.keys;
        const aliasParts = { meta: store.meta, key, paths: log.paths, random: parts.random };
        const aliases = await AliasTable.load(aliasParts);
        return { store, log, aliases, problems };
      } catch (error) {
        if (!isVaultError(error, 'VAULT_DAMAGED') || !again) throw error;
        problems.push(`${error.message}: the index was made again`);
        await anew();
      }
    }
  } catch (error) {
    await meta.store.close();
    await chunks.store.close();
    throw error;
  }
}

function replayProblems(replayed: ReplayCounts | undefined): string[] {
  return replayed !== undefined && replayed.damaged.length > 0
    ? ['some stored values cannot be read: run vault verify --read']
    : [];
}

/** All that a folder's log needs but its store. */
async function logParts(
  environment: Environment,
  home: Home,
  layout: FolderLayout,
  state: FolderState,
  ring: EpochRing,
): Promise<Omit<FolderLogParts, 'store'>> {
  const { identity, sodium } = home;
  const witness = new LogWitness(environment.fileSystem, layout);
  const folder = toHex(state.id);
  let denied = { of: home.peers.denials, list: denyListOf(home.peers.denials, folder) };
  return {
    folder: state.id,
    keys: deriveFolderKeys(state.secret),
    epochs: ring.keys,
    currentEpoch: () => ring.current,
    secrets: {
      ring,
      open: ({ recipients }) => {
        const own = recipients.find(({ node }) => node === identity.id);
        return own && identity.openSealedBox(own.sealed);
      },
    },
    zstd: await loadZstd(),
    random: environment.random,
    clock: environment.clock,
    log: logId(identity.id, state.id, state.incarnation),
    onCommitted: (log, count) => witness.note(log, count),
    node: identity.id,
    denied: () => {
      // Made anew only where the list is another than before: versions are judged by it one by one.
      if (home.peers.denials !== denied.of) {
        denied = { of: home.peers.denials, list: denyListOf(home.peers.denials, folder) };
      }
      return denied.list;
    },
    sign: (label, message) => identity.sign(label, message),
    verify: (node, label, message, signature) =>
      verifySignature(sodium, { label, message, signature, signKey: fromHex(node) }),
  };
}
