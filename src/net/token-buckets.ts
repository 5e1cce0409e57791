/** How often each address may try: a bucket of tokens each, filled at a steady rate. Pure but for what it counts. */

export interface BucketSettings {
  readonly perSecond: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
  /** Addresses that are remembered. */
  readonly most: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export class TokenBuckets {
  readonly #settings: BucketSettings;
  /** In the order in which they were last used. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(settings: BucketSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes a token of `group`; false where it has none left. `nowMs` never goes back. When there are more
   * groups than can be remembered, the one that was quiet the longest is forgotten: it begins again with
   * a full bucket.
   */
  take(group: string, nowMs: number): boolean {
    const { perSecond, burst, most } = this.#settings;
    const bucket = this.#buckets.get(group) ?? { tokens: burst, at: nowMs };
    const filled = bucket.tokens + ((nowMs - bucket.at) * perSecond) / 1000;
    bucket.tokens = Math.min(burst, filled);
    bucket.at = nowMs;
    const isTaken = bucket.tokens >= 1;
    if (isTaken) bucket.tokens--;
    this.#buckets.delete(group);
    this.#buckets.set(group, bucket);
    if (this.#buckets.size > most) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return isTaken;
  }
}

/**
 * Who counts as one: an IPv4 address, or the 64 bits of an IPv6 network, of which a single machine has
 * all addresses. Text that is no address is a group of its own.
 */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [bare = ''] = address.toLowerCase().split('%');
  const [left = '', right] = bare.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const gap = right === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const all = [...head, ...Array<string>(gap).fill('0'), ...tail];
  const network = all.slice(0, 4).map((part) => part.replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}
