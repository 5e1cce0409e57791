import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  openRecord,
  RECORD_OVERHEAD,
  sealRecord,
  sealRecords,
  type RecordContext,
} from '../../src/crypto/record-seal.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { fixedRandom, folder, named } from './fixtures.ts';
import { record } from './independent.ts';

const here = folder('here');
const { recordKey } = here.keys;
const context: RecordContext = {
  folder: named('folder id'),
  log: named('log id'),
  seq: 7,
  index: 3,
  type: 2,
  epoch: here.epoch,
};
const invalid = { code: 'VAULT_ENTRY_INVALID' };

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const contexts = fc.record({
  folder: bytes(32),
  log: bytes(32),
  seq: fc.maxSafeNat(),
  index: fc.integer({ min: 0, max: 0xffff_ffff }),
  type: fc.integer({ min: 0, max: 255 }),
});

test('any record opens in its place and is that of an independent implementation', () => {
  fc.assert(
    fc.property(contexts, fc.uint8Array({ maxLength: 300 }), bytes(12), (place, plain, nonce) => {
      const { epoch, epochSecret } = here;
      const at = { ...place, epoch };
      const random = fixedRandom(nonce);
      const sealed = sealRecord({ recordKey, context: at, plain, random });
      assert.equal(sealed.length, plain.length + RECORD_OVERHEAD);
      assert.deepEqual(sealed, record({ ...at, epochSecret, nonce, plain }));
      assert.deepEqual(openRecord({ recordKey, context: at, sealed }), plain);
    }),
  );
});

test('a record opens in no other place, under no other key', () => {
  const sealed = sealRecord({
    recordKey,
    context,
    plain: Buffer.from('a body'),
    random: seededRandom('record'),
  });
  const edits: Partial<RecordContext>[] = [
    { folder: named('another folder') },
    { log: named('another log') },
    { folder: context.log, log: context.folder },
    { seq: 8 },
    { seq: 7 + 2 ** 32 },
    { index: 2 },
    { seq: 3, index: 7 },
    { type: 3 },
    { epoch: folder('here', 'second').epoch },
  ];
  for (const edit of edits) {
    const moved = { ...context, ...edit };
    const open = (): Uint8Array => openRecord({ recordKey, context: moved, sealed });
    assert.throws(open, invalid, JSON.stringify(edit));
  }
  for (const other of [folder('there').keys, folder('here', 'second').keys]) {
    const open = (): Uint8Array => openRecord({ recordKey: other.recordKey, context, sealed });
    assert.throws(open, invalid);
  }
  const wrongKey = { recordKey: here.keys.chunkKey, context, sealed };
  assert.throws(() => openRecord(wrongKey), invalid);
  assert.equal(Buffer.from(openRecord({ recordKey, context, sealed })).toString(), 'a body');
});

test('any flipped bit and any missing or added byte is found', () => {
  const plain = Buffer.from('a body');
  const sealed = sealRecord({ recordKey, context, plain, random: seededRandom('record') });
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = sealed.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => openRecord({ recordKey, context, sealed: changed }), invalid, `bit ${bit}`);
  }
  for (let length = 0; length < sealed.length; length++) {
    const cut = sealed.subarray(0, length);
    assert.throws(() => openRecord({ recordKey, context, sealed: cut }), invalid, `${length}`);
  }
  const longer = Buffer.concat([sealed, Buffer.alloc(1)]);
  assert.throws(() => openRecord({ recordKey, context, sealed: longer }), invalid);
});

test('records sealed together are those sealed one by one', () => {
  const { index: _index, type: _type, ...shared } = context;
  const records = [0, 1, 500, 4, 5].map((length, at) => ({
    index: at * 2,
    type: at,
    plain: seededRandom(length).bytes(length),
  }));
  const random = seededRandom('one by one');
  const expected = records.map(({ index, type, plain }) =>
    sealRecord({ recordKey, context: { ...shared, index, type }, plain, random }),
  );
  const together = { recordKey, context: shared, records, random: seededRandom('one by one') };
  assert.deepEqual(sealRecords(together), expected);
  assert.deepEqual(sealRecords({ ...together, records: [] }), []);
});

test('a place that cannot be written down is a programming mistake', () => {
  const edits: Partial<RecordContext>[] = [
    { folder: new Uint8Array(31) },
    { log: new Uint8Array(33) },
    { epoch: new Uint8Array(32) },
    { seq: -1 },
    { seq: 2 ** 53 },
    { index: 2 ** 32 },
    { index: 0.5 },
    { type: 256 },
    { type: -1 },
  ];
  for (const edit of edits) {
    const request = {
      recordKey,
      context: { ...context, ...edit },
      plain: new Uint8Array(1),
      random: seededRandom(1),
    };
    assert.throws(() => sealRecord(request), RangeError, JSON.stringify(edit));
  }
});
