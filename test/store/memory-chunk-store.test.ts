import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VaultError, type VaultError as Failure } from '../../src/errors.ts';
import { MemoryChunkStore } from '../../src/store/memory-chunk-store.ts';
import { chunkStoreContract, putsOf, seqsOf, valueOf } from '../contracts/chunk-store.ts';
import { seededRandom } from '../helpers/seeded.ts';

chunkStoreContract('memory', async (t) => {
  const store = new MemoryChunkStore();
  t.after(() => store.close());
  return store;
});

test('a power cut keeps what a barrier or a sync covers, and of the rest whole batches', async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ sync: fc.boolean(), size: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 1, arbitrary: fc.constant('barrier' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.integer(), async (steps, seed) => {
      const store = new MemoryChunkStore();
      const batches: { seqs: number[]; durable: boolean }[] = [];
      let next = 0;
      for (const one of steps) {
        if (one === 'barrier') {
          await store.barrier();
          for (const batch of batches) batch.durable = true;
          continue;
        }
        const puts = putsOf(next, next + one.size);
        next += one.size;
        await store.write({ puts }, { sync: one.sync });
        batches.push({ seqs: puts.map(({ seq }) => seq), durable: one.sync });
      }
      const left = store.crash(seededRandom(seed));
      const found = new Set(await seqsOf(left.scan(0)));
      for (const { seqs, durable } of batches) {
        const kept = seqs.filter((seq) => found.has(seq)).length;
        assert.ok(kept === seqs.length || (kept === 0 && !durable), `${kept} of ${seqs.length}`);
      }
    }),
  );
});

test('a power cut may lose any unsynced batch while keeping later ones', async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const store = new MemoryChunkStore();
    for (let seq = 0; seq < 3; seq++) {
      await store.write({ puts: [{ seq, value: valueOf(seq) }] }, { sync: seq === 2 });
    }
    const left = store.crash(seededRandom(seed));
    outcomes.add((await seqsOf(left.scan(0))).join());
    await assert.rejects(store.lastSeq(), (error: Failure) => error.code === 'VAULT_CLOSED');
  }
  assert.deepEqual([...outcomes].sort(), ['0,1,2', '0,2', '1,2', '2']);
});

test('what is left after one power cut is durable in the next', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const store = new MemoryChunkStore();
    await store.write({ puts: putsOf(0, 1) }, { sync: false });
    await store.write({ puts: putsOf(1, 2) }, { sync: false });
    const random = seededRandom(seed);
    const first = store.crash(random);
    const kept = await seqsOf(first.scan(0));
    assert.deepEqual(await seqsOf(first.crash(random).scan(0)), kept);
  }
});

test('a write that fails applies nothing and stops all further ones until reopening', async () => {
  const store = new MemoryChunkStore();
  await store.write({ puts: putsOf(0, 1) }, { sync: true });
  let full = true;
  store.onWrite = () => {
    if (full) throw new VaultError('VAULT_NO_SPACE', 'no space left on the device');
  };
  const noSpace = (error: Failure): boolean => error.code === 'VAULT_NO_SPACE';
  await assert.rejects(store.write({ puts: putsOf(1, 2) }, { sync: false }), noSpace);
  full = false;
  await assert.rejects(store.write({ deletes: [0] }, { sync: true }), noSpace);
  await assert.rejects(store.barrier(), noSpace);
  assert.deepEqual(await seqsOf(store.scan(0)), [0]);
  await store.reopen();
  await store.write({ puts: putsOf(1, 2) }, { sync: true });
  assert.deepEqual(await seqsOf(store.scan(0)), [0, 1]);
});
