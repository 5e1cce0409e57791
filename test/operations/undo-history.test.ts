import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SnapshotRecord, NamedLink } from '../../src/log/types.ts';
import { newestChange, type HistoryParts } from '../../src/operations/undo-history.ts';

const OWN = 'a'.repeat(64);
const SECOND = 1_000_000;

/** A log of this node alone, in which every version makes a path that was not there. */
class FakeLog {
  readonly #entries: { readonly links: readonly NamedLink[]; readonly message?: string }[] = [];

  /** Paths recorded at once, at this time in seconds. */
  add(time: number, paths: readonly string[]): this {
    const seq = this.#entries.length;
    const links = paths.map((path, index): NamedLink => {
      const dot = { log: OWN, seq, index };
      const content = { kind: 'file', digest: new Uint8Array(16).fill(seq) } as const;
      return {
        path,
        ...content,
        time: time * SECOND + index,
        parents: [],
        dot,
        hash8: new Uint8Array(8),
      };
    });
    this.#entries.push({ links });
    return this;
  }

  snapshot(message: string): this {
    this.#entries.push({ links: [], message });
    return this;
  }

  /** Paths of the change that an undo takes back. */
  async newest(since = this.#entries.length): Promise<string[] | undefined> {
    const shown = new Map<string, NamedLink>();
    for (const { links } of this.#entries) for (const link of links) shown.set(link.path, link);
    const log = {
      own: OWN,
      clock: new Map([[OWN, this.#entries.length]]),
      entry: (_log: string, seq: number) => {
        const links = this.#entries[seq]?.links ?? [];
        return Promise.resolve({ entry: {}, links });
      },
      recordsOf: (_log: string, seq: number) => {
        const record = { type: 'snapshot', message: this.#entries[seq]?.message ?? '' };
        return Promise.resolve([{ index: 0, record: record as SnapshotRecord }]);
      },
    } as unknown as HistoryParts['log'];
    const linkOf = (): Promise<NamedLink> => Promise.reject(new Error('no version has a parent'));
    const parts = { log, linkOf, unwritten: [], since };
    const now = (path: string): Promise<NamedLink | undefined> => Promise.resolve(shown.get(path));
    const change = await newestChange(parts, () => true, now);
    return change && [...change.effects.keys()].toSorted();
  }
}

const many = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${name} ${at}`);

describe('the newest change', () => {
  test('is what followed within two seconds', async () => {
    assert.deepEqual(
      await new FakeLog().add(0, ['a']).add(10, ['b']).add(11, ['c']).add(12.5, ['d']).newest(),
      ['b', 'c', 'd'],
    );
    assert.equal(await new FakeLog().snapshot('empty').newest(), undefined);
  });

  test('ends at a snapshot, and at what was recorded just now', async () => {
    const log = new FakeLog().add(0, ['a']).snapshot('').add(0.1, ['b']).add(0.2, ['c']);
    assert.deepEqual(await log.newest(), ['b', 'c']);
    assert.deepEqual(await log.newest(3), ['c']);
    assert.deepEqual(await log.snapshot('').newest(), ['b', 'c']);
  });

  test('goes on after a thousand versions at once, if soon', async () => {
    const first = many('x', 1_024);
    const log = (apart: number, count = 1_024): FakeLog =>
      new FakeLog().add(0, first.slice(0, count)).add(apart, ['later']);
    assert.equal((await log(30).newest())?.length, 1_025);
    assert.deepEqual(await log(90).newest(), ['later']);
    assert.deepEqual(await log(30, 900).newest(), ['later']);
    // In several entries, as large ones are.
    const halves = new FakeLog().add(0, first.slice(0, 512)).add(0.1, first.slice(512));
    assert.equal((await halves.add(30, ['later']).newest())?.length, 1_025);
  });

  test('is a long revert as a whole, from the snapshot before to the one after', async () => {
    const log = new FakeLog().add(0, ['a']).snapshot('before revert').add(10, ['b']);
    log.add(40, ['c']).add(99, ['d']).snapshot('after revert');
    assert.deepEqual(await log.newest(), ['b', 'c', 'd']);
    assert.deepEqual(await log.add(200, ['e']).newest(), ['e']);
  });

  test('is never what an undo wrote, nor what that stands for', async () => {
    const log = new FakeLog().add(0, ['a', 'b']).snapshot('').add(10, ['a', 'c']);
    log.snapshot('before undo').add(20, ['a', 'c']);
    assert.deepEqual(await log.newest(), ['a', 'b']);
    const long = new FakeLog().add(0, ['z']).snapshot('').add(10, ['a', 'c']);
    long.snapshot('before undo').add(20, ['a']).add(50, ['c']).snapshot('after undo');
    assert.deepEqual(await long.newest(), ['z']);
  });
});
