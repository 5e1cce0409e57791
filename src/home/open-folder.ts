/** One folder, opened: its store, its log and the state of its working copy, wired together. */

import { fromHex, toHex } from '../bytes.ts';
import { deriveFolderKeys, type FolderKeys } from '../crypto/folder-keys.ts';
import { isVaultError } from '../errors.ts';
import type { ContentSecrets } from '../folder/content-codec.ts';
import type { AliasTable } from '../folder/alias-table.ts';
import { plainRows, type RecordedRows } from '../folder/recorded-rows.ts';
import type { SeenNames } from '../folder/working-copy-row.ts';
import { WorkingCopyState } from '../folder/working-copy-state.ts';
import { MAX_PREDECESSORS } from '../limits.ts';
import { EpochRing, type EpochSecret } from '../log/epoch-ring.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { newIncarnationReason, type IncarnationReason } from '../log/incarnation.ts';
import { logId } from '../log/log-id.ts';
import type { Member } from '../log/membership.ts';
import type { StoredRecord } from '../log/other-record.ts';
import { includesRole } from '../log/permission.ts';
import { epochIdOf } from '../log/rotation-record.ts';
import type { HybridTime, NodeId, Role, RotationRecord } from '../log/types.ts';
import type { FolderStore } from '../store/folder-store.ts';
import { mendTwinIfPossible } from '../store/twin-file.ts';
import type { Environment } from './environment.ts';
import { writeFolderFile, type FolderState } from './folder-file.ts';
import type { Home } from './home.ts';
import { folderLayout, type FolderLayout } from './home-layout.ts';
import { LogWitness } from './log-witness.ts';
import { openStores, type OpenedStores } from './open-stores.ts';
import { seenByLog } from './seen-by-log.ts';

const whyRenewed: Readonly<Record<IncarnationReason, string>> = {
  forked: 'this home was used in two places',
  'newer at a peer': 'other nodes hold newer changes of this one',
  'end lost': 'what its log ended with was damaged',
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
  readonly #ring: EpochRing;
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
    ring: EpochRing,
    opened: OpenedStores,
  ) {
    this.#environment = environment;
    this.#home = home;
    this.layout = layout;
    this.#state = state;
    this.#ring = ring;
    ring.onChanged = () => this.#ringChanged();
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
    const ring = new EpochRing(state.epochs);
    const opened = await openStores(environment, home, layout, state, ring);
    const folder = new OpenFolder(environment, home, layout, state, ring, opened);
    try {
      await folder.renewLogIfNeeded();
      folder.#takeSecrets();
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
          hasAdopted: log.exchange.hasAdoptedOwn,
          isForked: log.lines.isForked(log.own),
        });
    if (reason === undefined) {
      witness.makeIfMissing();
      return false;
    }
    // What came from elsewhere may never have been in this working copy: the new log does not go on from it.
    const isAllWrittenHere = log.exchange.hasAdoptedOwn === false;
    const previous = isAllWrittenHere ? log.heads.get(log.own) : undefined;
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

  /**
   * Who belongs to the folder and is not locked out here, as far as is known: this node among them. The node
   * that this one joined through is one until the logs tell more of it.
   */
  get members(): readonly Member[] {
    const { members } = this.#log;
    const { introducer } = this.#state;
    if (introducer === undefined) return members.inView;
    const { identity } = this.#home;
    const assumed: Member[] = [];
    const assume = (node: NodeId, exchangeKey: Uint8Array, role: Role): void => {
      if (!members.knows(node) && !members.isDenied(node)) {
        assumed.push({ node, exchangeKey, role, distance: Infinity });
      }
    };
    assume(introducer.node, introducer.exchangeKey, 'manage');
    assume(identity.id, identity.exchangeKey, introducer.role);
    return [...members.inView, ...assumed];
  }

  /** What this node may do in the folder; undefined where it is no member, as far as is known. */
  get role(): Role | undefined {
    return this.members.find(({ node }) => node === this.#home.identity.id)?.role;
  }

  /** Holds secrets of epochs that were handed over: durable on return. */
  keepSecrets(secrets: readonly EpochSecret[]): void {
    this.#ring.keep(secrets);
  }

  /**
   * Has new content sealed under an epoch that members alone can read, and begins one where there is none and
   * this node may. To be called before content is sealed.
   */
  async keepEpoch(): Promise<void> {
    const chosen = await this.#log.epochs.choose(this.#ring);
    if (chosen === undefined) return;
    if (chosen.epoch !== undefined) this.#ring.keep([], chosen.epoch);
    else if (includesRole(this.role, 'write')) await this.startEpoch(this.#log.members.all);
  }

  /**
   * Begins an epoch that these members can read, stated together with other records, in one entry: durable on
   * return. What is sealed from then on is sealed under it.
   */
  async startEpoch(
    members: readonly Member[],
    alongside: (time: HybridTime) => readonly StoredRecord[] = () => [],
  ): Promise<void> {
    const { random, clock } = this.#environment;
    const { sodium } = this.#home;
    const secret = random.bytes(32);
    const rotation: RotationRecord = {
      type: 'rotation',
      after: this.#log.epochs.tips().slice(-MAX_PREDECESSORS),
      recipients: members.flatMap(({ node, exchangeKey }) =>
        exchangeKey === undefined
          ? []
          : [{ node, sealed: sodium.sealTo(exchangeKey, secret, random) }],
      ),
      time: Math.floor(clock.wallMs()) * 1000,
    };
    const epoch = epochIdOf(rotation);
    // Held before it is stated: whoever reads the statement may seal under it at once.
    this.#ring.keep([{ id: fromHex(epoch), secret }]);
    await this.#log.state((_clock, time) => [...alongside(time), rotation]);
    this.#ring.keep([], epoch);
  }

  /** Hands the workers this folder's secrets. */
  configurePool(): void {
    const secrets: ContentSecrets = {
      folderSecret: this.#state.secret,
      epochs: this.#ring.held,
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
    const opened = await openStores(
      this.#environment,
      this.#home,
      this.layout,
      this.#state,
      this.#ring,
    );
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
    return seenByLog(this.#log, directory);
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
    const entries = await seenByLog(this.#log, directory);
    return entries && plainRows(entries);
  }

  /** Entries by name, of rows in the open. */
  decode(rows: Uint8Array, isWritten: boolean): SeenNames {
    return this.#workingCopy.decode(rows, isWritten);
  }

  async close(): Promise<void> {
    this.#environment.pool.configure(this.secrets, undefined);
    await this.#store.close();
  }

  /** Secrets that rotations here sealed to this node, and that its file lost. */
  #takeSecrets(): void {
    const { identity } = this.#home;
    const came: EpochSecret[] = [];
    for (const [epoch, { record }] of this.#log.members.rotations) {
      if (this.#ring.holds(epoch)) continue;
      const own = record.recipients.find(({ node }) => node === identity.id);
      const secret = own && identity.openSealedBox(own.sealed);
      if (secret?.length === 32) came.push({ id: fromHex(epoch), secret });
    }
    this.#ring.keep(came);
  }

  #ringChanged(): void {
    this.update({ epochs: this.#ring.held });
    this.configurePool();
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
