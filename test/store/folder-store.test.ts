import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { deferred, type Deferred } from '../../src/async.ts';
import { mapKey, toHex } from '../../src/bytes.ts';
import {
  sealedBound,
  sealValue,
  type ValueType,
  valueTypes,
} from '../../src/crypto/sealed-value.ts';
import { loadZstd, type Zstd } from '../../src/crypto/zstd.ts';
import { VaultError } from '../../src/errors.ts';
import type { RandomSource } from '../../src/random.ts';
import { FolderStore } from '../../src/store/folder-store.ts';
import type { ReplayCounts, ReplayLog } from '../../src/store/replay-log.ts';
import { MemoryChunkStore } from '../../src/store/memory-chunk-store.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { chunkKey, encodeChunkRow, metaKey, metaPrefix } from '../../src/store/meta-keys.ts';
import { want } from '../../src/store/want.ts';
import { named } from '../helpers/log-samples.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { epochId, epochKeys } from '../helpers/test-folder.ts';

const zstd: Zstd = await loadZstd();
const keepAll = { bytes: (length: number) => new Uint8Array(length).fill(0xff) };
const loseAll = { bytes: (length: number) => new Uint8Array(length) };
const random = seededRandom('folder store');

function sealed(name: string, type: ValueType = valueTypes.chunk, length = 50): Uint8Array {
  const out = new Uint8Array(sealedBound(length));
  const plain = seededRandom(name).bytes(length);
  const request = { type, id: named(name), epoch: epochId, keys: epochKeys, plain, zstd, level: 0 };
  return out.slice(0, sealValue({ ...request, random, out, at: 0 }));
}

const idsOf = (...names: string[]): Uint8Array => new Uint8Array(Buffer.concat(names.map(named)));

/** A log that adopts whatever came before a head, and remembers what it was told. */
class FakeLog implements ReplayLog {
  readonly damaged: number[] = [];
  readonly adopted: number[] = [];
  settledTimes = 0;
  #waiting: number[] = [];

  async accept(seq: number, value: Uint8Array): Promise<[]> {
    if (value[4] === valueTypes.head) {
      this.adopted.push(...this.#waiting);
      this.#waiting = [];
    } else this.#waiting.push(seq);
    return Promise.resolve([]);
  }

  settled(): void {
    this.settledTimes++;
  }

  finish(): Promise<[]> {
    return Promise.resolve([]);
  }

  leftover(): readonly number[] {
    return this.#waiting;
  }
}

class Stores {
  chunks = new MemoryChunkStore();
  meta = new MemoryMetaStore();
  store!: FolderStore;
  log = new FakeLog();
  counts: ReplayCounts | undefined;

  static async make(): Promise<Stores> {
    const stores = new Stores();
    await stores.open();
    return stores;
  }

  async open(): Promise<void> {
    this.store = await FolderStore.open(this.chunks, this.meta);
    this.log = new FakeLog();
    this.counts = this.store.needsReplay ? await this.store.replay(this.log) : undefined;
  }

  async crash(chance: RandomSource = keepAll): Promise<void> {
    this.chunks = this.chunks.crash(chance);
    this.meta = this.meta.crash(chance);
    await this.open();
  }
}

async function all(stores: Stores): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of stores.chunks.scan(0)) seqs.push(seq);
  return seqs;
}

describe('FolderStore', () => {
  test('what is staged is readable at once, and there after a commit', async () => {
    const stores = await Stores.make();
    const { store } = stores;
    assert.deepEqual(await store.wanted(idsOf('a', 'b')), Uint8Array.of(1, 1));
    const [a, b] = [sealed('a'), sealed('b', valueTypes.node)];
    await store.stage(new Uint8Array([...a, ...b]));
    assert.deepEqual(await store.getSealed([named('b'), named('a')]), [b, a]);
    assert.deepEqual(await store.has([named('a')]), [true]);
    assert.equal(store.pendingChunks, 2);
    await store.commit({});
    assert.equal(store.pendingChunks, 0);
    assert.deepEqual(await store.getSealed([named('a')]), [a]);
    await stores.crash(loseAll);
    assert.equal(stores.counts, undefined, 'nothing to replay');
    assert.deepEqual(await stores.store.getSealed([named('a'), named('b')]), [a, b]);
  });

  test('a chunk is wanted once: not while it is promised, staged or stored', async () => {
    const { store } = await Stores.make();
    assert.deepEqual(
      await store.wanted(idsOf('a', 'a', 'b')),
      Uint8Array.of(want.bring, want.promised, want.bring),
    );
    assert.deepEqual(await store.wanted(idsOf('a')), Uint8Array.of(want.promised));
    assert.equal(store.isPromised(named('a')), true);
    await store.stage(sealed('a'));
    assert.equal(store.isPromised(named('a')), false);
    assert.deepEqual(
      await store.wanted(idsOf('a', 'b')),
      Uint8Array.of(want.nothing, want.promised),
    );
    await store.commit({});
    assert.deepEqual(await store.wanted(idsOf('a')), Uint8Array.of(want.nothing));
  });

  test('a chunk brought twice is stored once', async () => {
    const stores = await Stores.make();
    await stores.store.stage(sealed('a'));
    await stores.store.stage(sealed('a'));
    await stores.store.commit({});
    assert.deepEqual(await all(stores), [0]);
    const { chunks, plainBytes, sealedBytes } = stores.store.takeStagedCounts();
    assert.deepEqual([chunks, plainBytes, sealedBytes], [1, 50, sealed('a').length]);
    assert.equal(stores.store.takeStagedCounts().chunks, 0);
  });

  test('entries count with the head that follows them, and their rows with it', async () => {
    const stores = await Stores.make();
    const { store } = stores;
    const first = store.stageLogValues([sealed('entry', 3), sealed('page', 4)]);
    const key = Uint8Array.of(0x7f);
    const heads: (number | undefined)[] = [];
    await store.commit({
      head: sealed('head', 5),
      rows: (headSeq) => {
        heads.push(headSeq);
        return [{ type: 'put', key, value: Uint8Array.of(1) }];
      },
    });
    assert.deepEqual([first, heads], [0, [2]]);
    assert.equal(store.committedSeq, 2);
    await stores.crash(loseAll);
    assert.equal(stores.counts, undefined);
    assert.deepEqual(await stores.meta.get(key), Uint8Array.of(1));
  });

  test('a crash undoes log values that no head covers, also where chunks were committed since', async () => {
    const stores = await Stores.make();
    await stores.store.stage(sealed('a'));
    stores.store.stageLogValues([sealed('entry', 3)]);
    await stores.store.stage(sealed('b'));
    await stores.store.commit({});
    await stores.crash(loseAll);
    assert.deepEqual(stores.counts, { chunks: 1, dropped: 1, damaged: [] });
    assert.deepEqual(await all(stores), [0, 2]);
    assert.deepEqual(await stores.store.has([named('a'), named('b')]), [true, true]);
  });

  test('a power cut after the head and before the index adopts entries older than a commit of chunks', async () => {
    const stores = await Stores.make();
    const { store } = stores;
    store.stageLogValues([sealed('entry', 3)]);
    await store.stage(sealed('b'));
    await store.commit({});
    stores.meta.onWrite = () => {
      throw new VaultError('VAULT_IO', 'cut');
    };
    await rejects('VAULT_IO', () => store.commit({ head: sealed('head', 5) }));
    await stores.crash(loseAll);
    assert.deepEqual(stores.log.adopted, [0]);
    assert.equal(stores.counts?.dropped, 0);
  });

  test('an index without its last row is refused, an empty one is made from the values', async () => {
    const stores = await Stores.make();
    await stores.store.stage(sealed('a'));
    await stores.store.commit({});
    await stores.meta.write([{ type: 'delete', key: metaKey(metaPrefix.committed) }], {
      sync: true,
    });
    await rejects('VAULT_DAMAGED', () => FolderStore.open(stores.chunks, stores.meta));
    await stores.meta.write(
      [{ type: 'put', key: metaKey(metaPrefix.committed), value: new Uint8Array(12) }],
      { sync: true },
    );
    await rejects('VAULT_DAMAGED', () => FolderStore.open(stores.chunks, stores.meta));
    stores.meta = new MemoryMetaStore();
    await stores.crash();
    assert.equal(stores.counts?.chunks, 1);
    assert.deepEqual(await stores.store.has([named('a')]), [true]);
  });

  test('a replay of nothing but leftovers leaves an empty store', async () => {
    const stores = await Stores.make();
    stores.store.stageLogValues([sealed('entry', 3)]);
    await stores.store.commit({});
    assert.equal(stores.store.committedSeq, -1);
    await stores.crash(loseAll);
    assert.deepEqual(await all(stores), []);
    assert.equal(stores.store.committedSeq, -1);
    await stores.store.stage(sealed('a'));
    await stores.store.commit({});
    await stores.crash(loseAll);
    assert.deepEqual(await stores.store.has([named('a')]), [true]);
  });

  test('values that cannot be told apart from noise are damage, and then nothing is deleted', async () => {
    const stores = await Stores.make();
    await stores.chunks.write(
      {
        puts: [
          { seq: 0, value: sealed('entry', 3) },
          { seq: 1, value: Uint8Array.of(1, 2, 3) },
          { seq: 2, value: sealed('a') },
        ],
      },
      { sync: true },
    );
    await stores.crash();
    assert.deepEqual(stores.counts, { chunks: 1, dropped: 0, damaged: [1] });
    assert.deepEqual(await all(stores), [0, 1, 2]);
  });

  test('a replay of many values writes as it goes, and says so', async () => {
    const stores = await Stores.make();
    const puts = Array.from({ length: 20_500 }, (_, seq) => ({
      seq,
      value: sealed(`c${seq}`, 1, 1),
    }));
    await stores.chunks.write({ puts }, { sync: true });
    let writes = 0;
    stores.meta.onWrite = () => {
      writes++;
    };
    await stores.open();
    assert.equal(stores.counts?.chunks, 20_500);
    assert.equal(stores.log.settledTimes, 3);
    assert.equal(writes, 4);
  });

  test('where an index is wrong the caller is told, where it is new the chunk is lost', async () => {
    const stores = await Stores.make();
    const [a, b] = [sealed('a'), sealed('b')];
    await stores.store.stage(new Uint8Array([...a, ...b]));
    await stores.store.commit({});
    const { store } = stores;
    await rejects('VAULT_DAMAGED', async () => {
      await stores.crash();
      await stores.store.getSealed([named('never')]);
    });
    const rowOfB = await stores.meta.get(chunkKey(named('b')));
    assert.ok(rowOfB);
    await stores.meta.write([{ type: 'put', key: chunkKey(named('a')), value: rowOfB }], {
      sync: true,
    });
    await rejects('VAULT_DAMAGED', () => stores.store.getSealed([named('a')]));
    // Behind everything there is: a damaged number, not a value that was lost.
    const value = encodeChunkRow({ seq: 1_000_000, bytes: a.length });
    await stores.meta.write([{ type: 'put', key: chunkKey(named('a')), value }], { sync: true });
    await rejects('VAULT_DAMAGED', () => stores.store.getSealed([named('a')]));
    stores.meta = new MemoryMetaStore();
    await stores.crash();
    assert.deepEqual(await stores.store.getSealed([named('never'), named('a')]), [undefined, a]);
    assert.deepEqual(
      await stores.store.wanted(idsOf('never')),
      Uint8Array.of(1),
      'it may come again',
    );
    await stores.store.commit({});
    await stores.crash();
    assert.deepEqual(await stores.store.has([named('never'), named('b')]), [false, true]);
    assert.ok(store);
  });

  test('one value that the database cannot read hides no other', async () => {
    const stores = await Stores.make();
    await stores.store.stage(new Uint8Array([...sealed('a'), ...sealed('b'), ...sealed('c')]));
    await stores.store.commit({});
    const { chunks } = stores;
    const get = chunks.get.bind(chunks);
    chunks.getMany = () => Promise.reject(new VaultError('VAULT_DAMAGED', 'a block is damaged'));
    chunks.get = (seq) =>
      seq === 1 ? Promise.reject(new VaultError('VAULT_DAMAGED', 'a block is damaged')) : get(seq);
    const values = await stores.store.getSealed([named('a'), named('b'), named('c')]);
    assert.deepEqual(values, [sealed0(values[0]), undefined, sealed0(values[2])]);
    assert.ok(values[0] && values[2]);
  });

  test('numbers that no value has are answered with nothing', async () => {
    const { store } = await Stores.make();
    await store.stage(sealed('a'));
    const [a, ...others] = await store.getValues([0, -1, 1, Number.MAX_SAFE_INTEGER]);
    assert.ok(a);
    assert.deepEqual(others, [undefined, undefined, undefined]);
    await store.commit({});
    assert.deepEqual(
      (await store.getValues([7, 0])).map((value) => value?.length),
      [undefined, a.length],
    );
  });

  test('what is committed while it is looked up is found', async () => {
    const { store, meta } = await Stores.make();
    await store.stage(sealed('a'));
    const gate = deferred<void>();
    const getMany = meta.getMany.bind(meta);
    // The rows as they were before the commit that is let pass.
    meta.getMany = async (keys) => {
      const rows = await getMany(keys);
      await gate.promise;
      return rows;
    };
    const looked = Promise.all([store.has([named('a')]), store.getSealed([named('a')])]);
    await turn();
    meta.getMany = getMany;
    await store.commit({});
    gate.resolve();
    const [has, [value]] = await looked;
    assert.deepEqual([has, value !== undefined], [[true], true]);
  });

  test('a value is readable while it is on its way', async () => {
    const { store, chunks } = await Stores.make();
    const gates: Deferred<void>[] = [];
    const write = chunks.write.bind(chunks);
    chunks.write = async (batch, options) => {
      const gate = deferred<void>();
      gates.push(gate);
      await gate.promise;
      return write(batch, options);
    };
    const large = sealed('large', 1, 900_000);
    await store.stage(large);
    await store.stage(sealed('more', 1, 300_000));
    assert.equal(gates.length, 1, 'they are being written');
    assert.deepEqual(await store.getSealed([named('large')]), [large]);
    const committed = store.commit({});
    for (let at = 0; at < gates.length || at < 1; at++) gates[at]?.resolve();
    await committed;
    assert.deepEqual(await store.getSealed([named('large')]), [large]);
  });

  test('staged bytes may be used again once they are written, and what was read of them stays', async () => {
    const { store, chunks } = await Stores.make();
    const gate = deferred<void>();
    const write = chunks.write.bind(chunks);
    chunks.write = async (batch, options) => {
      await gate.promise;
      return write(batch, options);
    };
    const [a, b] = [sealed('a'), sealed('b')];
    const bytes = new Uint8Array([...a, ...b]);
    let written = 0;
    await store.stage(bytes, () => {
      written++;
      bytes.fill(0);
    });
    // Nothing of it is new: nothing is written.
    await store.stage(a, () => (written += 10));
    assert.equal(written, 10);
    const read = await store.getSealed([named('a')]);
    const committed = store.commit({});
    await turn();
    assert.equal(written, 10, 'on its way');
    gate.resolve();
    await committed;
    assert.equal(written, 11);
    assert.deepEqual(read, [a]);
    assert.deepEqual(await store.getSealed([named('b')]), [b]);
  });

  test('staged bytes are given back where writing them fails', async () => {
    const { store, chunks } = await Stores.make();
    chunks.write = () => Promise.reject(new Error('no disk'));
    let written = 0;
    await store.stage(sealed('a'), () => written++);
    await assert.rejects(store.commit({}), /no disk/);
    assert.equal(written, 1);
  });

  test('staging waits while too much is on its way', async () => {
    const { store, chunks } = await Stores.make();
    const gate = deferred<void>();
    const write = chunks.write.bind(chunks);
    chunks.write = async (batch, options) => {
      await gate.promise;
      return write(batch, options);
    };
    let staged = 0;
    const staging = (async () => {
      for (let at = 0; at < 20; at++) {
        await store.stage(sealed(`large ${at}`, 1, 1_000_000));
        staged++;
      }
    })();
    for (let passed = 0; passed < 50; passed++) await turn();
    assert.ok(staged >= 3 && staged <= 6, `${staged} were taken`);
    gate.resolve();
    await staging;
    await store.commit({});
    assert.equal((await store.has([named('large 19')]))[0], true);
  });

  test('a failed write fails this commit and every later one, and nothing of it counts', async () => {
    const stores = await Stores.make();
    const { store, chunks } = stores;
    await store.stage(sealed('a'));
    await store.commit({});
    chunks.onWrite = () => {
      throw new VaultError('VAULT_NO_SPACE', 'full');
    };
    await store.stage(sealed('b'));
    await rejects('VAULT_NO_SPACE', () => store.commit({}));
    chunks.onWrite = () => undefined;
    await rejects('VAULT_NO_SPACE', () => store.commit({}));
    await rejects('VAULT_NO_SPACE', () =>
      store.stage(sealed('large', 1, 1_000_000)).then(() => store.commit({})),
    );
    await store.close();
    await store.close();
    await stores.crash(loseAll);
    await stores.store.stage(sealed('c'));
    await stores.store.commit({});
    assert.deepEqual(await stores.store.has([named('a'), named('c')]), [true, true]);
    assert.deepEqual(await stores.store.wanted(idsOf('b')), Uint8Array.of(1));
  });

  test('whatever a power cut leaves of any run, what was committed is there', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('chunk' as const),
        name: fc.integer({ min: 0, max: 40 }),
        large: fc.boolean(),
      }),
      fc.record({ do: fc.constant('entry' as const) }),
      fc.record({ do: fc.constant('commit' as const), head: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(), async (steps, seed) => {
        const stores = await Stores.make();
        const { store } = stores;
        const staged = new Set<string>();
        let committed = new Set<string>();
        let entries = 0;
        let covered = 0;
        for (const one of steps) {
          if (one.do === 'chunk') {
            const name = `chunk ${one.name}`;
            await store.stage(sealed(name, 1, one.large ? 600_000 : 10));
            staged.add(name);
          } else if (one.do === 'entry') {
            store.stageLogValues([sealed(`entry ${entries++}`, 3)]);
          } else {
            await store.commit(one.head ? { head: sealed('head', 5) } : {});
            committed = new Set(staged);
            if (one.head) covered = entries;
          }
        }
        await stores.crash(seededRandom(seed));
        const names = [...committed];
        const values = await stores.store.getSealed(names.map(named));
        for (const [at, value] of values.entries()) {
          assert.equal(value && toHex(value.subarray(32, 64)), toHex(named(names[at] ?? '')));
        }
        let left = 0;
        for await (const { value } of stores.chunks.scan(0)) if (value[4] === 3) left++;
        assert.equal(left, covered, 'entries are there exactly where a head covers them');
      }),
      { numRuns: 60 },
    );
  });
});

/** The value itself: what is compared is only whether it is there. */
function sealed0(value: Uint8Array | undefined): Uint8Array | undefined {
  assert.ok(value === undefined || mapKey(value.subarray(0, 3)) === 'VLT');
  return value;
}
