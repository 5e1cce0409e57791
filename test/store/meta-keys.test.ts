import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { toHex, utf8 } from '../../src/bytes.ts';
import {
  chunkKey,
  decodeChunkRow,
  decodeCommitted,
  decodeSeq,
  encodeChunkRow,
  encodeCommitted,
  encodeSeq,
  isLostChunk,
  LOST_CHUNK,
  metaKey,
  metaPrefix,
  metaRange,
  workingCopyKey,
} from '../../src/store/meta-keys.ts';
import { named } from '../helpers/log-samples.ts';

const seqs = fc.oneof(fc.maxSafeNat(), fc.nat());

describe('rows of meta/', () => {
  test('every kind has a first byte of its own', () => {
    const bytes = Object.values(metaPrefix);
    assert.equal(new Set(bytes).size, bytes.length);
    assert.ok(bytes.every((byte) => byte > 0 && byte < 0xff));
  });

  test('the bytes are these', () => {
    assert.equal(toHex(chunkKey(named('x'))), `10${toHex(named('x'))}`);
    assert.equal(
      toHex(encodeChunkRow({ seq: 2 ** 33 + 1, bytes: 258 })),
      '000000020000000100000102',
    );
    assert.equal(toHex(encodeSeq(258)), '0000000000000102');
    assert.equal(
      toHex(workingCopyKey(new Uint8Array(16).fill(7), 258)),
      `50${'07'.repeat(16)}00000102`,
    );
    assert.equal(toHex(metaKey(metaPrefix.head, utf8('ab'), utf8('c'))), '21616263');
  });

  test('what was encoded is decoded', () => {
    fc.assert(
      fc.property(seqs, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seq, bytes) => {
        assert.deepEqual(decodeChunkRow(encodeChunkRow({ seq, bytes })), { seq, bytes });
        assert.equal(decodeSeq(encodeSeq(seq)), seq);
        if (seq < Number.MAX_SAFE_INTEGER) assert.equal(decodeCommitted(encodeCommitted(seq)), seq);
      }),
    );
    assert.equal(decodeCommitted(encodeCommitted(-1)), -1);
  });

  test('bytes that are none of them are told', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16 }), (bytes) => {
        const row = decodeChunkRow(bytes);
        if (row !== undefined) assert.deepEqual(encodeChunkRow(row), Buffer.from(bytes));
        const seq = decodeSeq(bytes);
        if (seq !== undefined) assert.deepEqual(encodeSeq(seq), bytes);
      }),
    );
    assert.equal(decodeSeq(undefined), undefined);
    for (const bytes of [new Uint8Array(8).fill(0xff), Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)]) {
      assert.equal(decodeSeq(bytes), undefined);
      assert.equal(decodeChunkRow(new Uint8Array([...bytes, 0, 0, 0, 0])), undefined);
    }
    assert.ok(isLostChunk(LOST_CHUNK) && decodeChunkRow(LOST_CHUNK) === undefined);
  });

  test('any changed bit of the committed number is noticed', () => {
    const row = encodeCommitted(123_456);
    for (let bit = 0; bit < row.length * 8; bit++) {
      const changed = row.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(decodeCommitted(changed), undefined, `bit ${bit}`);
    }
    assert.equal(decodeCommitted(row.subarray(0, 8)), undefined);
  });

  test('a range holds exactly the keys that begin so', () => {
    fc.assert(
      fc.property(
        fc
          .uint8Array({ minLength: 1, maxLength: 3 })
          .filter((bytes) => bytes.some((byte) => byte < 0xff)),
        fc.uint8Array({ maxLength: 5 }),
        (prefix, key) => {
          const { gte, lt } = metaRange(prefix);
          const isInside = Buffer.compare(key, gte) >= 0 && Buffer.compare(key, lt) < 0;
          const begins = Buffer.compare(key.subarray(0, prefix.length), prefix) === 0;
          assert.equal(isInside, begins);
        },
      ),
    );
    assert.throws(() => metaRange(Uint8Array.of(0xff, 0xff)), RangeError);
  });
});
