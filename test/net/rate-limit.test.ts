import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Channels, type ChannelEvents, type SendLimits } from '../../src/net/channels.ts';
import { FrameQueue } from '../../src/net/frame.ts';
import { MemoryNetwork } from '../../src/net/memory-network.ts';
import type { Message } from '../../src/net/message.ts';
import { RateLimit } from '../../src/net/rate-limit.ts';
import type { Connection } from '../../src/net/transport.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';

describe('a rate limit', () => {
  test('lets through no more than its rate, a burst, and the end of the last message', () => {
    const sends = fc.array(
      fc.record({ pause: fc.nat({ max: 500 }), bytes: fc.integer({ min: 1, max: 65_000 }) }),
      { maxLength: 100 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 10_000_000 }), sends, (rate, all) => {
        const limit = new RateLimit(rate, 0);
        let [now, sent, last] = [0, 0, 0];
        for (const { pause, bytes } of all) {
          now += pause;
          now += limit.waitMs(now);
          assert.equal(limit.waitMs(now), 0, 'after the wait it may go');
          limit.spend(bytes, now);
          sent += bytes;
          last = bytes;
          assert.ok(sent - last <= (rate * now) / 1000 + rate * 0.1 + 1);
        }
      }),
    );
    assert.throws(() => new RateLimit(0, 0), RangeError);
  });
});

test('of a queue only what may go is begun, and what is begun is ended', () => {
  const queue = new FrameQueue();
  queue.push(1, 'bulk', new Uint8Array(100_000));
  queue.push(1, 'bulk', new Uint8Array(10));
  queue.push(2, 'bulk', new Uint8Array(20));
  queue.push(2, 'bulk', new Uint8Array(30));
  queue.push(1, 'control', new Uint8Array(5));
  const only = (channel: number) => (one: number) => one === channel;
  const taken = (channel: number): [number, number] | undefined => {
    const next = queue.next(only(channel));
    return next && [next.channel, next.frame.length - 3];
  };
  assert.deepEqual(taken(2), [1, 5], 'control waits for nobody');
  assert.deepEqual(taken(2), [2, 20]);
  assert.deepEqual(taken(1), [1, 65_515]);
  assert.deepEqual(taken(2), [1, 34_485], 'begun before');
  assert.deepEqual(taken(2), [2, 30]);
  assert.equal(taken(2), undefined);
  assert.deepEqual(taken(1), [1, 10]);
});

test('channels keep to their limits, each to its own, and control messages pass', async () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const rates = new Map([[1, new RateLimit(100_000, 0)]]);
  const limits: SendLimits = {
    clock,
    waitMs: (channel) => rates.get(channel)?.waitMs(clock.monotonicMs()) ?? 0,
    spent: (channel, bytes) => rates.get(channel)?.spend(bytes, clock.monotonicMs()),
  };
  const received: string[] = [];
  const events = (channel: number): ChannelEvents => ({
    received: ({ type }: Message) => received.push(`${channel} ${type} ${clock.monotonicMs()}`),
    broken: () => assert.fail('broken'),
    drained: () => undefined,
    closed: () => undefined,
  });
  let near: Channels | undefined;
  await network.transport('far').listen('far', (connection: Connection) => {
    const channels = new Channels(connection);
    for (const channel of [1, 2]) channels.open(channel, events(channel));
    return channels;
  });
  const dialed = network.transport('near').dial('far', (connection: Connection) => {
    near = new Channels(connection, undefined, limits);
    return near;
  });
  clock.advance(2);
  await dialed;
  assert.ok(near);
  const [one, two] = [near.open(1, events(1)), near.open(2, events(2))];
  const value = (): Message => ({ type: 'value', sealed: new Uint8Array(50_000) });
  for (let count = 0; count < 10; count++) one.send('bulk', value());
  for (let count = 0; count < 10; count++) two.send('bulk', value());
  one.send('control', { type: 'credit', total: 1 });
  clock.advance(20_000);
  const times = (prefix: string): number[] =>
    received.filter((line) => line.startsWith(prefix)).map((line) => Number(line.split(' ')[2]));
  assert.equal(times('1 value').length, 10);
  assert.ok((times('2 value').at(-1) ?? Infinity) < 100, 'the other does not wait');
  assert.ok((times('1 credit')[0] ?? Infinity) < 100);
  const last = times('1 value').at(-1) ?? 0;
  // The first two fit the burst, half over it; the rest comes at the rate.
  assert.ok(last > 4200 && last < 5000, `${last}`);
  assert.equal(clock.timers, 0);
});
