/** The epoch secrets that this node holds, and under which of them new content is sealed. */

import { fromHex, toHex } from '../bytes.ts';
import { deriveEpochKeys, type EpochKeys } from '../crypto/folder-keys.ts';
import type { EpochId } from './types.ts';

export interface EpochSecret {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

export class EpochRing {
  /** Called where what is held, or the current epoch, is another than before: to make it durable. */
  onChanged: () => void = () => undefined;
  readonly #secrets = new Map<EpochId, Uint8Array>();
  readonly #keys = new Map<EpochId, EpochKeys>();
  #current: EpochId;

  /** New content goes under the last one. Throws `RangeError` where there is none. */
  constructor(held: readonly EpochSecret[]) {
    const current = held.at(-1);
    if (current === undefined) throw new RangeError('expected at least one epoch, got none');
    for (const one of held) this.#hold(one);
    this.#current = toHex(current.id);
  }

  /** Keys by epoch; the same map from beginning to end. */
  get keys(): ReadonlyMap<EpochId, EpochKeys> {
    return this.#keys;
  }

  /** What new content is sealed under. */
  get current(): EpochId {
    return this.#current;
  }

  /** All that are held, the current one last. */
  get held(): readonly EpochSecret[] {
    const ids = [...this.#secrets.keys()].filter((id) => id !== this.#current);
    return [...ids, this.#current].map((id) => ({
      id: fromHex(id),
      secret: this.#secrets.get(id) ?? new Uint8Array(0),
    }));
  }

  holds(id: EpochId): boolean {
    return this.#secrets.has(id);
  }

  /** Holds these from now on, and seals under `current` where it is given: durable on return. */
  keep(secrets: readonly EpochSecret[], current: EpochId = this.#current): void {
    const fresh = secrets.filter(({ id }) => !this.holds(toHex(id)));
    if (fresh.length === 0 && current === this.#current) return;
    for (const one of fresh) this.#hold(one);
    if (!this.holds(current))
      throw new RangeError(`expected an epoch that is held, got ${current}`);
    this.#current = current;
    this.onChanged();
  }

  /** Opens what is sealed under these during `work`, without holding them after it. */
  async lending<T>(work: (lend: (secret: EpochSecret) => void) => Promise<T>): Promise<T> {
    const lent = new Set<EpochId>();
    try {
      return await work(({ id, secret }) => {
        const name = toHex(id);
        if (this.#keys.has(name)) return;
        lent.add(name);
        this.#keys.set(name, deriveEpochKeys(secret));
      });
    } finally {
      for (const name of lent) if (!this.holds(name)) this.#keys.delete(name);
    }
  }

  #hold({ id, secret }: EpochSecret): void {
    this.#secrets.set(toHex(id), secret);
    this.#keys.set(toHex(id), deriveEpochKeys(secret));
  }
}
