import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isVaultError } from '../../src/errors.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from '../../src/limits.ts';
import { FrameJoiner, FrameQueue, MAX_CHANNEL, type JoinedMessage } from '../../src/net/frame.ts';
import { lanes, type Lane } from '../../src/net/message.ts';
import { seededRandom } from '../helpers/seeded.ts';

function drain(queue: FrameQueue, joiner = new FrameJoiner()): JoinedMessage[] {
  const messages: JoinedMessage[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    assert.ok(next.frame.length <= MAX_FRAME_BYTES);
    const joined = joiner.add(next.frame);
    assert.equal(joined !== undefined, next.isLast);
    if (joined !== undefined) messages.push(joined);
  }
  return messages;
}

describe('frames', () => {
  test('carry messages of any length whole, in order within a lane', () => {
    const random = seededRandom('frames');
    const message = fc.record({
      channel: fc.nat({ max: MAX_CHANNEL }),
      lane: fc.constantFrom(...lanes),
      length: fc.oneof(
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom(65_514, 65_515, 65_516, 131_030, 131_031, MAX_MESSAGE_BYTES),
      ),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (shapes) => {
        const queue = new FrameQueue();
        const sent = shapes.map(({ channel, lane, length }) => {
          const bytes = random.bytes(length);
          queue.push(channel, lane, bytes);
          return { channel, lane, bytes };
        });
        const got = drain(queue);
        for (const lane of lanes) {
          const of = (all: readonly JoinedMessage[]): JoinedMessage[] =>
            all.filter((one) => one.lane === lane);
          assert.deepEqual(of(got), of(sent));
        }
      }),
      { numRuns: 50 },
    );
  });

  test('what is urgent passes between the pieces of what is not', () => {
    const queue = new FrameQueue();
    queue.push(1, 'bulk', new Uint8Array(1_000_000));
    const order: Lane[] = [];
    for (let next = queue.next(); next !== undefined; next = queue.next()) {
      order.push(next.lane);
      if (order.length === 2) queue.push(2, 'control', Uint8Array.of(1));
      if (order.length === 3) queue.push(2, 'entries', new Uint8Array(70_000));
    }
    assert.deepEqual(order.slice(0, 6), ['bulk', 'bulk', 'control', 'entries', 'entries', 'bulk']);
  });

  test('of a dropped channel control messages and what was begun still go', () => {
    const queue = new FrameQueue();
    queue.push(1, 'bulk', new Uint8Array(100_000));
    queue.push(1, 'bulk', new Uint8Array(10));
    queue.push(2, 'bulk', new Uint8Array(20));
    const joiner = new FrameJoiner();
    const first = queue.next();
    assert.ok(first);
    joiner.add(first.frame);
    queue.push(1, 'control', new Uint8Array(30));
    queue.dropData(1);
    const rest = drain(queue, joiner).map(({ channel, bytes }) => [channel, bytes.length]);
    assert.deepEqual(rest, [
      [1, 30],
      [1, 100_000],
      [2, 20],
    ]);
  });

  test('malformed ones are refused', () => {
    const full = new Uint8Array(MAX_FRAME_BYTES);
    const malformed = (...frames: readonly Uint8Array[]): void => {
      const joiner = new FrameJoiner();
      for (const frame of frames.slice(0, -1)) joiner.add(frame);
      const last = frames.at(-1) ?? full;
      assert.throws(
        () => joiner.add(last),
        (error) => isVaultError(error, 'VAULT_ENTRY_INVALID'),
      );
    };
    malformed(new Uint8Array(0));
    malformed(Uint8Array.of(0, 0, 0));
    malformed(Uint8Array.of(0, 0, 4, 1));
    malformed(Uint8Array.of(0, 0, 0x80, 1));
    full[2] = 0x83;
    malformed(full, Uint8Array.of(0, 1, 3, 1));
  });

  test('too long ones, and messages that never end, are refused', () => {
    const tooLong = (error: unknown): boolean => isVaultError(error, 'VAULT_LIMIT_EXCEEDED');
    assert.throws(() => new FrameJoiner().add(new Uint8Array(MAX_FRAME_BYTES + 1)), tooLong);
    const joiner = new FrameJoiner();
    const more = new Uint8Array(MAX_FRAME_BYTES);
    more[2] = 0x83;
    assert.throws(() => {
      for (let count = 0; count < 18; count++) joiner.add(more);
    }, tooLong);
  });

  test('only messages that can be sent are taken', () => {
    const queue = new FrameQueue();
    assert.throws(() => queue.push(MAX_CHANNEL + 1, 'bulk', Uint8Array.of(1)), RangeError);
    assert.throws(() => queue.push(0, 'bulk', new Uint8Array(0)), RangeError);
    assert.throws(() => queue.push(0, 'bulk', new Uint8Array(MAX_MESSAGE_BYTES + 1)), RangeError);
  });
});
