import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_FRAME_BYTES } from '../../src/limits.ts';
import { pad, paddedKinds, paddedLength, unpad } from '../../src/net/padding.ts';

const length = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.integer({ min: 1, max: MAX_FRAME_BYTES }),
);

describe('padding', () => {
  test('comes off again, whatever the frame ends with', () => {
    fc.assert(
      fc.property(length, fc.integer({ min: 0, max: 255 }), (bytes, fill) => {
        const frame = new Uint8Array(bytes).fill(fill);
        const padded = pad('frame', frame);
        assert.ok(padded.length <= 65_519);
        assert.deepEqual(unpad(padded), { kind: 'frame', frame });
      }),
    );
    for (const kind of paddedKinds.filter((one) => one !== 'frame')) {
      assert.deepEqual(unpad(pad(kind)), { kind, frame: new Uint8Array(0) });
    }
    assert.throws(() => pad('frame', new Uint8Array(MAX_FRAME_BYTES + 1)), RangeError);
  });

  test('costs at most an eighth above 128 bytes, and leaves few lengths', () => {
    const lengths = new Set<number>();
    let before = 0;
    for (let bytes = 1; bytes <= MAX_FRAME_BYTES; bytes++) {
      const padded = paddedLength(bytes + 1);
      assert.ok(padded > bytes && padded >= before);
      assert.ok(bytes < 128 ? padded <= 144 : padded <= bytes * 1.125 + 2, `${bytes}`);
      before = padded;
      lengths.add(padded);
    }
    assert.equal(paddedLength(MAX_FRAME_BYTES + 1), 65_519);
    assert.ok(lengths.size < 150, `${lengths.size} lengths`);
  });

  test('that nobody would have made is refused', () => {
    const good = pad('frame', new Uint8Array(300).fill(7));
    assert.ok(unpad(good));
    const wrong = [
      new Uint8Array(0),
      new Uint8Array(128),
      good.subarray(0, -1),
      Uint8Array.of(...good, 0),
      pad('frame', new Uint8Array(300).fill(7)).fill(9, 300, 301),
      pad('end').fill(5, 0, 1),
      pad('frame').fill(0, 1),
    ];
    // A frame without bytes, and an end with some.
    const ended = good.slice();
    ended[300] = paddedKinds.indexOf('end') + 1;
    wrong.push(ended);
    for (const [at, bytes] of wrong.entries()) assert.equal(unpad(bytes), undefined, `case ${at}`);
  });

  test('no bytes make taking it off throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const said = unpad(bytes);
        if (said !== undefined) assert.deepEqual(pad(said.kind, said.frame), bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
