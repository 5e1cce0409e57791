import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, maskedCrc } from '../../src/store/crc32c.ts';
import { logIsDamaged, logRecords } from '../../src/store/level-log.ts';

const BLOCK = 32 * 1024;

/** A log of records as LevelDB writes it. */
function logOf(...records: Uint8Array[]): Buffer {
  let log = Buffer.alloc(0);
  for (const record of records) {
    let at = 0;
    do {
      const room = BLOCK - (log.length % BLOCK);
      if (room < 7) log = Buffer.concat([log, new Uint8Array(room)]);
      const piece = record.subarray(at, at + BLOCK - (log.length % BLOCK) - 7);
      const [first, last] = [at === 0, at + piece.length === record.length];
      const body = Buffer.from([first ? (last ? 1 : 2) : last ? 4 : 3, ...piece]);
      const header = Buffer.alloc(6);
      header.writeUInt32LE(maskedCrc(crc32c(body)));
      header.writeUInt16LE(piece.length, 4);
      log = Buffer.concat([log, header, body]);
      at += piece.length;
    } while (at < record.length);
  }
  return log;
}

const record = (fill: number, length: number): Uint8Array => new Uint8Array(length).fill(fill);
const records = [record(1, 100), record(2, 100_000), record(3, 0), record(4, 32_000), record(5, 9)];

test('records come back whole, however many blocks they span', () => {
  const found = [...logRecords(logOf(...records))].map((one) => new Uint8Array(one));
  assert.deepEqual(found, records);
  assert.deepEqual([...logRecords(new Uint8Array(0))], []);
});

test('an undamaged log is not damaged, closed or not', () => {
  for (const log of [logOf(...records), logOf(), logOf(record(1, BLOCK - 7), record(2, 3))]) {
    assert.equal(logIsDamaged(log, true), false);
    assert.equal(logIsDamaged(log, false), false);
  }
});

test('a cut end is damage only where the log was closed in good order', () => {
  const log = logOf(...records);
  const whole = new Set(records.map((_, at) => logOf(...records.slice(0, at)).length));
  for (let length = 0; length < log.length; length += length < 200 ? 1 : 777) {
    const cut = log.subarray(0, length);
    assert.equal(logIsDamaged(cut, false), false, `${length} bytes`);
    assert.equal(logIsDamaged(cut, true), !whole.has(length), `${length} bytes`);
    const zeros = Buffer.concat([cut, new Uint8Array(500)]);
    assert.equal(logIsDamaged(zeros, false), false, `${length} bytes and zeros`);
  }
});

test('damage with something readable behind it is damage in any case', () => {
  const log = logOf(...records);
  const lastBlock = log.length - (log.length % BLOCK);
  for (let at = 0; at < lastBlock; at += 997) {
    const bad = Buffer.from(log);
    bad[at] = (bad[at] ?? 0) ^ 0x10;
    assert.equal(logIsDamaged(bad, false), true, `byte ${at}`);
  }
});

test('a piece that is missing between whole ones is damage', () => {
  const log = logOf(record(1, 10), record(2, 100_000), record(3, 10));
  const without = Buffer.concat([log.subarray(0, BLOCK), log.subarray(2 * BLOCK)]);
  assert.equal(logIsDamaged(without, false), false, 'a middle piece more or less cannot be seen');
  const begun = Buffer.concat([log.subarray(0, BLOCK), logOf(record(9, 5))]);
  assert.equal(logIsDamaged(begun, false), true);
});
