import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unsnap } from '../../src/store/snappy.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const text = (found: Uint8Array | undefined): string | undefined =>
  found && Buffer.from(found).toString('latin1');

test('literals and copies of all kinds are undone', () => {
  assert.equal(text(unsnap(bytes('00'), 10)), '');
  assert.equal(text(unsnap(bytes('0308616263'), 10)), 'abc');
  // "ab", then 6 bytes from 2 back with a one-byte offset: overlapping.
  assert.equal(text(unsnap(bytes('080461620902'), 10)), 'abababab');
  // The same with two-byte and four-byte offsets.
  assert.equal(text(unsnap(bytes('08046162160200'), 10)), 'abababab');
  assert.equal(text(unsnap(bytes('080461621702000000'), 10)), 'abababab');
  // A literal of 64 bytes with its length in one more byte, and in two.
  assert.equal(text(unsnap(bytes(`40f03f${'61'.repeat(64)}`), 100)), 'a'.repeat(64));
  assert.equal(text(unsnap(bytes(`40f43f00${'61'.repeat(64)}`), 100)), 'a'.repeat(64));
});

test('what is malformed or larger than allowed gives nothing', () => {
  const bad = [
    '', // no length
    'ff', // an unfinished length
    'ffffffffff01', // a length beyond 32 bits
    '0308616', // cut
    '03086162', // a literal that is cut
    '0408616263', // fewer bytes than announced
    '0208616263', // more bytes than announced
    '080461620903', // a copy from before the start
    '080461620900', // a copy from nowhere
    '08046162', // ends early
    '080461621602', // a cut offset
  ];
  for (const hex of bad)
    assert.equal(unsnap(bytes(hex.slice(0, hex.length & ~1)), 100), undefined, hex);
  assert.equal(unsnap(bytes('0308616263'), 2), undefined);
});

test('no input throws or gives more than allowed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (packed) => {
      const found = unsnap(packed, 1000);
      assert.ok(found === undefined || found.length <= 1000);
    }),
    { numRuns: 1000 },
  );
});
