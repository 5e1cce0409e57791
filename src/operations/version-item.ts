/** Versions and snapshots as results show them. */

import { toHex } from '../bytes.ts';
import { isLoss, isVaultError, type VaultError } from '../errors.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { HistoryStep } from '../log/history.ts';
import { hasContent } from '../log/link.ts';
import { recordType } from '../log/record-types.ts';
import type { Body, LogId, SnapshotRecord } from '../log/types.ts';
import { nameOf, versionId } from '../log/version-name.ts';
import type { Item } from './operation.ts';
import type { Session } from './session.ts';
import { timeText } from './time-text.ts';

export class VersionItems {
  readonly #folder: OpenFolder;
  readonly #nodes: ReadonlyMap<LogId, string>;
  readonly #onLost: (path: string, error: VaultError) => void;

  private constructor(
    folder: OpenFolder,
    nodes: ReadonlyMap<LogId, string>,
    onLost: (path: string, error: VaultError) => void,
  ) {
    this.#folder = folder;
    this.#nodes = nodes;
    this.#onLost = onLost;
  }

  /** `onLost` is told of versions whose body cannot be read. */
  static async make(
    session: Session,
    folder: OpenFolder,
    onLost: (path: string, error: VaultError) => void,
  ): Promise<VersionItems> {
    const nodes = new Map<LogId, string>();
    // A lost one costs a name.
    for await (const { dot, record } of folder.log.records(recordType.logStart, () => undefined)) {
      if (record.type === 'log-start') nodes.set(dot.log, record.nodeName);
    }
    nodes.set(folder.log.own, session.home.setting('name'));
    return new VersionItems(folder, nodes, onLost);
  }

  /** A version, as `log` lists it. */
  async brief(step: HistoryStep): Promise<Item> {
    return this.#item(step, await this.#body(step));
  }

  /** A version with all that is known of it. */
  async full(step: HistoryStep): Promise<Item> {
    const body = await this.#body(step);
    const { digest, kind } = step.link;
    return {
      ...(await this.#item(step, body)),
      ...(hasContent(kind) ? { digest: toHex(digest) } : {}),
      ...(body === undefined
        ? {}
        : {
            modified: timeText(Number(body.mtimeNs / 1000n)),
            executable: body.executable,
            ...(body.symlink === undefined ? {} : { target: body.symlink }),
          }),
    };
  }

  async #item({ link, isCurrent, from }: HistoryStep, body: Body | undefined): Promise<Item> {
    const { path, kind, time, parents, dot } = link;
    const root = body?.manifest?.root;
    const isStored = root === undefined || (await this.#folder.store.has([root]))[0] === true;
    return {
      type: 'version',
      version: versionId(nameOf(link)),
      path,
      kind,
      time: timeText(time),
      node: this.#nodes.get(dot.log) ?? 'unknown',
      size: body?.manifest?.size ?? null,
      parents: parents.map((parent) => versionId(parent)),
      current: isCurrent,
      available: !hasContent(kind) || (body !== undefined && isStored),
      // No other node is known of yet.
      nodes: [],
      ...(from.length === 0 ? {} : { from }),
      ...(body?.unstable === true ? { unstable: true } : {}),
    };
  }

  /** Undefined where there is none, where it was dropped and where it is lost. */
  async #body({ link }: HistoryStep): Promise<Body | undefined> {
    if (!hasContent(link.kind)) return undefined;
    try {
      return await this.#folder.log.body(link);
    } catch (error) {
      if (isVaultError(error, 'VAULT_EXPIRED')) return undefined;
      if (!isLoss(error)) throw error;
      this.#onLost(link.path, error);
      return undefined;
    }
  }
}

/** A snapshot, as `snapshots` lists it. */
export function snapshotItem(session: Session, folder: OpenFolder, record: SnapshotRecord): Item {
  return {
    type: 'snapshot',
    snapshot: toHex(record.id),
    folder: folder.id,
    name: folder.name,
    time: timeText(record.time),
    node: session.home.setting('name'),
    message: record.message,
    tags: record.tags,
    pinned: record.pinned,
  };
}
