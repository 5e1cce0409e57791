import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  decodeKnock,
  decodeWelcome,
  encodeKnock,
  encodeWelcome,
  messageOfText,
  type Knock,
} from '../../src/net/knock.ts';
import { knockCookie } from '../../src/net/http-request.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const knock: fc.Arbitrary<Knock> = fc
  .record({
    sentUs: fc.integer({ min: 0, max: 2 ** 52 - 1 }),
    run: bytes(16),
    invite: fc.option(bytes(32), { nil: undefined }),
  })
  .map(({ invite, ...rest }) => (invite === undefined ? rest : { ...rest, invite }));

describe('what a handshake says', () => {
  test('is read as it was written, and has one length', () => {
    fc.assert(
      fc.property(knock, bytes(16), (said, run) => {
        assert.equal(encodeKnock(said).length, 64);
        assert.deepEqual(decodeKnock(encodeKnock(said)), said);
        assert.equal(encodeWelcome({ run }).length, 32);
        assert.deepEqual(decodeWelcome(encodeWelcome({ run })), { run });
      }),
    );
  });

  test('is one thing, or nothing: no bytes are read that would be written otherwise', () => {
    const near = fc
      .tuple(knock, fc.nat({ max: 63 }), fc.nat({ max: 255 }))
      .map(([said, at, byte]) => encodeKnock(said).fill(byte, at, at + 1));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 70 })), (any) => {
        const said = decodeKnock(any);
        if (said !== undefined) assert.deepEqual(encodeKnock(said), any);
        const welcome = decodeWelcome(any);
        if (welcome !== undefined) assert.deepEqual(encodeWelcome(welcome), any);
      }),
      { numRuns: 1000 },
    );
  });

  test('of another version, of a time that is no date, or with anything behind it is refused', () => {
    const good = encodeKnock({ sentUs: 5, run: new Uint8Array(16) });
    assert.ok(decodeKnock(good));
    for (const at of [0, 1, 2, 3, 26, 57, 58, 63]) {
      assert.equal(decodeKnock(good.slice().fill(0x20, at, at + 1)), undefined, `byte ${at}`);
    }
    assert.equal(decodeKnock(good.subarray(1)), undefined);
    const welcome = encodeWelcome({ run: new Uint8Array(16) });
    for (const at of [0, 17, 31]) {
      assert.equal(decodeWelcome(welcome.slice().fill(2, at, at + 1)), undefined, `byte ${at}`);
    }
    assert.throws(() => encodeWelcome({ run: new Uint8Array(15) }), RangeError);
  });

  test('goes through a request as text', () => {
    const message = new Uint8Array(160).map((_, at) => at * 7);
    const text = knockCookie(message).slice(2);
    assert.deepEqual(messageOfText(text), message);
    for (const wrong of [
      '',
      text.slice(1),
      `${text}A`,
      text.replace(/.$/, '='),
      text.replace(/^./, '+'),
    ]) {
      assert.equal(messageOfText(wrong), undefined);
    }
  });
});
