import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c, maskedCrc } from '../../src/store/crc32c.ts';

const ascending = Uint8Array.from({ length: 32 }, (_, at) => at);

test('the published vectors of RFC 3720 hold', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(ascending), 0x46dd794e);
  assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c);
  assert.equal(crc32c(new Uint8Array(Buffer.from('123456789'))), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(0)), 0);
});

test('it equals the definition bit by bit, of any part of any array', () => {
  const bitwise = (bytes: Uint8Array): number => {
    let crc = -1;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, start) => {
      const part = bytes.subarray(start);
      assert.equal(crc32c(bytes, Math.min(start, bytes.length)), bitwise(part));
      assert.equal(crc32c(part), bitwise(part));
    }),
  );
});

test('masking is that of LevelDB', () => {
  assert.equal(maskedCrc(0), 0xa282ead8);
  assert.equal(maskedCrc(crc32c(new Uint8Array(Buffer.from('foo')))), 0xfebe8a61);
});
