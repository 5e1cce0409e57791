/** Which epoch new content belongs under, as the folder's logs tell. */

import { fromHex } from '../bytes.ts';
import { unlessLost } from '../errors.ts';
import type { EpochRing, EpochSecret } from './epoch-ring.ts';
import { epochTips, sealingEpoch, type Epoch } from './epochs.ts';
import type { Entry } from './entry.ts';
import type { FolderMembers, PlacedRotation } from './folder-members.ts';
import type { LogLines } from './log-lines.ts';
import type { Dot, EpochId, LogId, RotationRecord } from './types.ts';

/** Where secrets come from and are kept. */
export interface EpochSecrets {
  readonly ring: EpochRing;
  /** The secret that a rotation sealed to this node; undefined where it sealed none. */
  open(rotation: RotationRecord): Uint8Array | undefined;
}

export interface EpochChoiceParts {
  readonly members: FolderMembers;
  readonly lines: Pick<LogLines, 'origin'>;
  /** An entry of a line's history. Throws where it is lost. */
  readonly entry: (line: LogId, seq: number) => Promise<Entry>;
}

/** What came with a rotation, where it was meant for this node. */
export function secretOf(
  secrets: EpochSecrets,
  epoch: EpochId,
  rotation: RotationRecord,
): EpochSecret | undefined {
  const secret = secrets.open(rotation);
  return secret?.length === 32 ? { id: fromHex(epoch), secret } : undefined;
}

export class EpochChoice {
  readonly #parts: EpochChoiceParts;
  /** By epoch and dot: whether the author of the rotation knew of what lies there. */
  readonly #known = new Map<string, boolean>();

  constructor(parts: EpochChoiceParts) {
    this.#parts = parts;
  }

  /**
   * The epoch that members alone can read, of those that are held; without one, one has to begin. Undefined
   * where the logs that are here do not tell who the members are.
   */
  async choose(ring: EpochRing): Promise<{ readonly epoch: EpochId | undefined } | undefined> {
    const { members } = this.#parts;
    const { view, rotations } = members;
    if (view === undefined || rotations.size === 0) return undefined;
    const dots = [...view.former.values()].flat();
    const epochs: Epoch[] = [];
    for (const [id, placed] of rotations) {
      if (members.standing(placed.line, placed.seq, 'rotation') !== 'accepted') continue;
      epochs.push(await this.#epoch(id, placed, dots));
    }
    return { epoch: sealingEpoch(epochs, view, (id) => ring.holds(id))?.id };
  }

  /** What a new epoch comes after. */
  tips(): EpochId[] {
    const { rotations } = this.#parts.members;
    const clock = new Map<LogId, number>();
    return epochTips(
      [...rotations].map(([id, { record }]) => ({
        id,
        after: record.after,
        recipients: [],
        time: record.time,
        clock,
      })),
    );
  }

  async #epoch(id: EpochId, placed: PlacedRotation, dots: readonly Dot[]): Promise<Epoch> {
    const { record } = placed;
    const clock = new Map<LogId, number>();
    for (const dot of dots) {
      const key = `${id} ${dot.log}:${dot.seq}:${dot.index}`;
      let isKnown = this.#known.get(key);
      if (isKnown === undefined) {
        isKnown = await this.#knew(placed, dot);
        this.#known.set(key, isKnown);
      }
      if (isKnown) clock.set(dot.log, Math.max(clock.get(dot.log) ?? 0, dot.seq + 1));
    }
    const recipients = record.recipients.map(({ node }) => node);
    return { id, after: record.after, recipients, time: record.time, clock };
  }

  /** Whether the author of an entry knew of another: the last that it told of that log says so. */
  async #knew({ line, seq }: PlacedRotation, dot: Dot): Promise<boolean> {
    const { lines, entry } = this.#parts;
    const other = lines.origin(dot.log);
    if (lines.origin(line) === other) return dot.seq <= seq;
    for (let at = seq; at >= 0; at--) {
      const count = (await entry(line, at).catch(unlessLost))?.clock.get(other);
      if (count !== undefined) return count > dot.seq;
    }
    return false;
  }
}
