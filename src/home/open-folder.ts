/** One folder, opened: its store, its log and the state of its working copy, wired together. */

import { fromHex, toHex } from '../bytes.ts';

import { deriveEpochKeys, deriveFolderKeys, type FolderKeys } from '../crypto/folder-keys.ts';
import { verifySignature } from '../crypto/identity.ts';
import { loadZstd } from '../crypto/zstd.ts';
import { isVaultError, unlessLost } from '../errors.ts';
import type { ContentSecrets } from '../folder/content-codec.ts';
import { AliasTable } from '../folder/alias-table.ts';
import { plainRows, type RecordedRows } from '../folder/recorded-rows.ts';
import type { SeenEntry, SeenNames } from '../folder/working-copy-row.ts';
import { WorkingCopyState } from '../folder/working-copy-state.ts';
import { FolderLog, type FolderLogParts } from '../log/folder-log.ts';
import { newIncarnationReason, type IncarnationReason } from '../log/incarnation.ts';
import { logId } from '../log/log-id.ts';
import type { LogId, LogStartRecord } from '../log/types.ts';
import { FolderStore } from '../store/folder-store.ts';
import type { ReplayCounts } from '../store/replay-log.ts';
import { mendTwinIfPossible } from '../store/twin-file.ts';
import type { Environment } from './environment.ts';
import { writeFolderFile, type FolderState } from './folder-file.ts';
import type { Home } from './home.ts';
import { folderLayout, type FolderLayout } from './home-layout.ts';
import { LogWitness } from './log-witness.ts';

const whyRenewed: Readonly<Record<IncarnationReason, string>> = {
  forked: 'this home was used in two places',
  'newer at a peer': 'other nodes hold newer changes of this one',
  'counter ahead': 'this home was put back as it was earlier',
  'home copied': 'this home was copied, or put back from a copy',
};

export class OpenFolder {
  readonly layout: FolderLayout;
  readonly keys: FolderKeys;
  /** Setting of the worker pool that holds this folder's secrets. */
  readonly secrets: string;
  readonly #environment: Environment;
  readonly #home: Home;
  #state: FolderState;
  #store: FolderStore;
  #log: FolderLog;
  #workingCopy: WorkingCopyState;
  #aliases: AliasTable;
  /** What opening had to mend, in plain words. */
  readonly problems: string[] = [];

  private constructor(
    environment: Environment,
    home: Home,
    layout: FolderLayout,
    state: FolderState,
    opened: Opened,
  ) {
    this.#environment = environment;
    this.#home = home;
    this.layout = layout;
    this.#state = state;
    this.keys = deriveFolderKeys(state.secret);
    this.secrets = `folder ${toHex(state.id)}`;
    this.#store = opened.store;
    this.#log = opened.log;
    this.#aliases = opened.aliases;
    this.#workingCopy = this.#makeWorkingCopy();
    this.problems.push(...opened.problems);
    this.configurePool();
  }

  /**
   * Opens stores and log; after an unclean stop or damage to `meta/` what it derived is made again.
   * Throws `VAULT_NO_SPACE`, `VAULT_IO`.
   */
  static async open(
    environment: Environment,
    home: Home,
    root: string,
    state: FolderState,
  ): Promise<OpenFolder> {
    const layout = folderLayout(root);
    mendTwinIfPossible(environment.fileSystem, layout.state);
    const opened = await openStores(environment, home, layout, state);
    const folder = new OpenFolder(environment, home, layout, state, opened);
    try {
      await folder.renewLogIfNeeded();
    } catch (error) {
      await folder.close();
      throw error;
    }
    return folder;
  }

  /**
   * Goes on under a new log where this home, or part of it, turns out to be a copy, or another copy of it
   * to have written: an append would fork the log. All that is known stays. True where that was done.
   * Nothing may be staged. To be called after
   * entries were taken over, and when the folder is opened.
   */
  async renewLogIfNeeded(): Promise<boolean> {
    const witness = new LogWitness(this.#environment.fileSystem, this.layout);
    const log = this.#log;
    const countOutside = witness.count(log.own);
    // A folder just joined has no entry of its own yet, and one that lost every log has nothing to go on from.
    const isBegun = log.ownCount > 0 || ((countOutside ?? 0) > 0 && log.heads.size > 0);
    const reason = !isBegun
      ? undefined
      : newIncarnationReason({
          log: log.own,
          count: log.ownCount,
          countOutside,
          sentinelChanged: witness.isCopied(),
          countAtPeers: log.exchange.hasAdoptedOwn ? log.ownCount + 1 : 0,
          isForked: log.lines.isForked(log.own),
        });
    if (reason === undefined) {
      witness.makeIfMissing();
      return false;
    }
    // What came from elsewhere may never have been in this working copy: the new log does not go on from it.
    const previous = log.exchange.hasAdoptedOwn ? undefined : log.heads.get(log.own);
    const incarnation = this.#environment.random.bytes(16);
    const { identity } = this.#home;
    // The folder names a log only once its first entry is durable.
    await log.begin(logId(identity.id, this.#state.id, incarnation), [
      {
        type: 'log-start',
        node: identity.id,
        nodeName: this.#home.setting('name'),
        incarnation,
        folderSalt: undefined,
        previous,
      },
    ]);
    this.update({ incarnation });
    witness.renew();
    this.problems.push(`${whyRenewed[reason]}: it goes on under a new log, and nothing is lost`);
    return true;
  }

  get state(): FolderState {
    return this.#state;
  }
  get store(): FolderStore {
    return this.#store;
  }
  get log(): FolderLog {
    return this.#log;
  }
  get workingCopy(): WorkingCopyState {
    return this.#workingCopy;
  }
  /** Names on this disk that stand for others. */
  get aliases(): AliasTable {
    return this.#aliases;
  }
  /** Full id in hex. */
  get id(): string {
    return toHex(this.#state.id);
  }
  get name(): string {
    return this.#state.name;
  }

  /** Hands the workers this folder's secrets. */
  configurePool(): void {
    const secrets: ContentSecrets = {
      folderSecret: this.#state.secret,
      epochs: this.#state.epochs,
      params: this.#state.params,
      level: Number(this.#home.setting('compression')),
    };
    this.#environment.pool.configure(this.secrets, secrets);
  }

  /** Changes the state: durable on return. */
  update(change: Partial<FolderState>): void {
    const state = { ...this.#state, ...change };
    const { fileSystem, random } = this.#environment;
    writeFolderFile(fileSystem, this.layout.state, this.#home.keys.folderKey, random, state);
    this.#state = state;
  }

  /** Throws `meta/` away and makes it again from `chunks/`. */
  async rebuild(): Promise<void> {
    await this.#store.close();
    this.#environment.fileSystem.removeTree(this.layout.meta);
    const opened = await openStores(this.#environment, this.#home, this.layout, this.#state);
    this.#store = opened.store;
    this.#log = opened.log;
    this.#aliases = opened.aliases;
    this.#workingCopy = this.#makeWorkingCopy();
    this.problems.push(...opened.problems);
  }

  /**
   * What was last seen in a directory. Where its rows are gone it is made from the log, in a form that
   * no file on disk equals: then every file is read again, and only real changes become versions.
   */
  async seen(directory: string): Promise<SeenNames | undefined> {
    try {
      const rows = await this.#workingCopy.read(directory);
      if (rows !== undefined) return rows;
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    }
    return this.#seenByLog(directory);
  }

  /** The same as rows, sealed where they are whole. */
  async rows(directory: string): Promise<RecordedRows | undefined> {
    try {
      const rows = await this.#workingCopy.sealedRows(directory);
      if (rows !== undefined) return rows;
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    }
    return this.restoredRows(directory);
  }

  /** As {@link rows}, from the log alone. */
  async restoredRows(directory: string): Promise<RecordedRows | undefined> {
    const entries = await this.#seenByLog(directory);
    return entries && plainRows(entries);
  }

  /** Entries by name, of rows in the open. */
  decode(rows: Uint8Array, isWritten: boolean): SeenNames {
    return this.#workingCopy.decode(rows, isWritten);
  }

  async #seenByLog(directory: string): Promise<Map<string, SeenEntry> | undefined> {
    const known = await this.#log.linksIn(directory);
    if (known === undefined) return undefined;
    const entries = new Map<string, SeenEntry>();
    // What others wrote may never have been brought here; no more what another copy of this home did, which
    // came under the log that this one has left.
    const ends = this.#log.heads.size > 1 ? await this.#seenLogs() : undefined;
    for (const [path, all] of known.paths) {
      const links = ends
        ? all.filter(({ dot: { log, seq } }) => seq <= (ends.get(log) ?? -1))
        : all;
      const superseded = new Set(links.flatMap(({ parents }) => parents.map(dotName)));
      const current = links.filter(({ dot }) => !superseded.has(dotName(dot)));
      const shown = current.findLast(({ path: at, kind }) => at === path && kind !== 'deletion');
      if (shown === undefined || shown.kind === 'deletion') continue;
      entries.set(path.slice(directory === '' ? 0 : directory.length + 1), {
        kind: shown.kind,
        size: 0,
        mtimeNs: 0n,
        ctimeNs: 0n,
        inode: 0n,
        executable: false,
        racy: true,
        digest: shown.digest,
        version: { ...shown.dot, hash8: shown.hash8 },
      });
    }
    return entries;
  }

  /**
   * The logs whose versions were in this working copy, with the last entry that was: this home's own,
   * and those it went on from.
   */
  async #seenLogs(): Promise<ReadonlyMap<LogId, number>> {
    const ends = new Map<LogId, number>([[this.#log.own, Infinity]]);
    let before = await this.#startedFrom(this.#log.own);
    while (before !== undefined && !ends.has(before.log)) {
      ends.set(before.log, before.seq);
      before = await this.#startedFrom(before.log);
    }
    return ends;
  }

  /** The entry of another log that a log goes on from, where its first entry is here and says so. */
  async #startedFrom(log: LogId): Promise<LogStartRecord['previous']> {
    if (!this.#log.heads.has(log)) return undefined;
    const records = await this.#log.recordsOf(log, 0).catch(unlessLost);
    for (const { record } of records ?? []) {
      if (record.type === 'log-start') return record.previous;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#environment.pool.configure(this.secrets, undefined);
    await this.#store.close();
  }

  #makeWorkingCopy(): WorkingCopyState {
    return new WorkingCopyState(
      this.#store.meta,
      this.keys.metaKey,
      this.#log.paths,
      (half) => this.#log.fullLogId(half),
      this.#environment.random,
    );
  }
}

function dotName(dot: { log: string; seq: number; index: number }): string {
  return `${dot.log}:${dot.seq}:${dot.index}`;
}

interface Opened {
  readonly store: FolderStore;
  readonly log: FolderLog;
  readonly aliases: AliasTable;
  readonly problems: readonly string[];
}

async function openStores(
  environment: Environment,
  home: Home,
  layout: FolderLayout,
  state: FolderState,
): Promise<Opened> {
  const { fileSystem } = environment;
  const problems: string[] = [];
  const parts = await logParts(environment, home, layout, state);
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
export async function logParts(
  environment: Environment,
  home: Home,
  layout: FolderLayout,
  state: FolderState,
): Promise<Omit<FolderLogParts, 'store'>> {
  const { identity, sodium } = home;
  const current = state.epochs.at(-1)?.id;
  if (current === undefined) throw new RangeError('expected at least one epoch, got none');
  const witness = new LogWitness(environment.fileSystem, layout);
  return {
    folder: state.id,
    keys: deriveFolderKeys(state.secret),
    epochs: new Map(state.epochs.map(({ id, secret }) => [toHex(id), deriveEpochKeys(secret)])),
    epoch: toHex(current),
    zstd: await loadZstd(),
    random: environment.random,
    clock: environment.clock,
    log: logId(identity.id, state.id, state.incarnation),
    onCommitted: (log, count) => witness.note(log, count),
    node: identity.id,
    sign: (label, message) => identity.sign(label, message),
    verify: (node, label, message, signature) =>
      verifySignature(sodium, { label, message, signature, signKey: fromHex(node) }),
  };
}
