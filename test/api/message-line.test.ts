import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageLine, MessageReader } from '../../src/api/message-line.ts';
import { deferred } from '../../src/async.ts';
import { encode, type CborValue } from '../../src/codec.ts';
import { MAX_API_UNSENT_BYTES } from '../../src/limits.ts';
import type { LocalLine } from '../../src/system/local-socket.ts';
import { isVaultError } from '../../src/errors.ts';

function framed(value: CborValue): Uint8Array {
  const body = encode(value);
  const bytes = Buffer.alloc(4 + body.length);
  bytes.writeUInt32BE(body.length);
  bytes.set(body, 4);
  return bytes;
}

class FakeStream implements LocalLine {
  bufferedBytes = 0;
  readonly calls: string[] = [];
  send(): void {
    this.calls.push('send');
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  end(): void {
    this.calls.push('end');
  }
  destroy(): void {
    this.calls.push('destroy');
  }
}

test('messages are found wherever the stream was cut', () => {
  const values: CborValue[] = [[1], ['text', new Uint8Array(300)], [], [null, true]];
  const all = Buffer.concat(values.map(framed));
  for (const size of [1, 2, 3, 5, 7, 64, all.length]) {
    const reader = new MessageReader();
    const found: Uint8Array[] = [];
    for (let at = 0; at < all.length; at += size) {
      reader.add(new Uint8Array(all.subarray(at, at + size)));
      for (let one = reader.next(); one !== undefined; one = reader.next()) found.push(one);
    }
    assert.deepEqual(
      found.map((bytes) => Buffer.from(bytes).toString('hex')),
      values.map((value) => Buffer.from(encode(value)).toString('hex')),
    );
  }
});

test('a message that says it is too long is refused before it arrives', () => {
  const reader = new MessageReader();
  reader.maxBytes = 100;
  reader.add(Uint8Array.of(0, 0, 0, 101));
  assert.throws(() => reader.next(), { code: 'VAULT_LIMIT_EXCEEDED' });
});

test('while a message is handled nothing is read, and the next one waits', async () => {
  const stream = new FakeStream();
  const first = deferred<void>();
  const seen: CborValue[] = [];
  const line = new MessageLine(stream, {
    message: (message) => {
      seen.push(message);
      return seen.length === 1 ? first.promise : undefined;
    },
    closed: () => undefined,
  });
  const events = line.streamEvents;
  events.data(Buffer.concat([framed([1]), framed([2])]));
  assert.deepEqual([seen, stream.calls], [[[1]], ['pause']]);
  events.data(framed([3]));
  assert.equal(seen.length, 1);
  first.resolve();
  await first.promise;
  await Promise.resolve();
  assert.deepEqual(seen, [[1], [2], [3]]);
  assert.equal(stream.calls.at(-1), 'resume');
});

test('bytes that are no message end the line with the reason, once', () => {
  const stream = new FakeStream();
  const ends: unknown[] = [];
  const line = new MessageLine(stream, {
    message: () => undefined,
    closed: (error) => void ends.push(error),
  });
  const events = line.streamEvents;
  events.data(Uint8Array.of(0, 0, 0, 1, 0xff));
  events.data(framed([1]));
  events.closed();
  assert.equal(ends.length, 1);
  assert.ok(isVaultError(ends[0], 'VAULT_ENTRY_INVALID'));
  assert.deepEqual(stream.calls, ['destroy']);
});

test('a message that cannot be handled ends the line', async () => {
  const stream = new FakeStream();
  const ended = deferred<unknown>();
  const line = new MessageLine(stream, {
    message: () => Promise.reject(new Error('no')),
    closed: (error) => ended.resolve(error),
  });
  line.streamEvents.data(framed([1]));
  assert.equal(((await ended.promise) as Error).message, 'no');
});

test('there is room while little waits, and again once it has left or nobody is there', async () => {
  const stream = new FakeStream();
  const line = new MessageLine(stream, { message: () => undefined, closed: () => undefined });
  const events = line.streamEvents;
  assert.equal(line.room(), undefined);
  stream.bufferedBytes = MAX_API_UNSENT_BYTES + 1;
  const room = line.room();
  assert.ok(room !== undefined);
  events.drained();
  await room;
  const again = line.room();
  events.closed();
  await again;
  assert.equal(line.room(), undefined);
});
