import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { INITIAL_CREDIT_BYTES, MAX_CREDIT_BYTES } from '../../src/limits.ts';
import { CreditPool } from '../../src/net/credit-pool.ts';
import { ReceiveCredit } from '../../src/net/receive-credit.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { ExchangeWorld } from './exchange-world.ts';

describe('credit', () => {
  test('what is granted, received, stored and given back always adds up', () => {
    const action = fc.record({
      what: fc.constantFrom('grant', 'receive', 'settle', 'back'),
      bytes: fc.integer({ min: 1, max: 400_000 }),
      ms: fc.nat({ max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const pool = new CreditPool(64 * 1024 * 1024);
        const credit = new ReceiveCredit(pool);
        let [now, granted, received, settled, back] = [0, 0, 0, 0, 0];
        for (const { what, bytes, ms } of actions) {
          now += ms;
          const open = granted - back - received;
          assert.equal(credit.open, open);
          if (what === 'grant') granted = credit.grant(now) ?? granted;
          else if (what === 'receive') {
            assert.equal(credit.receive(bytes, now), open > 0);
            if (open > 0) received += bytes;
          } else if (what === 'settle') {
            const part = Math.min(bytes, received - settled);
            settled += part;
            credit.settle(part);
          } else {
            assert.equal(credit.takeBack(back + bytes), bytes <= open);
            if (bytes <= open) back += bytes;
          }
          assert.equal(pool.used, Math.max(granted - back, received) - settled);
          assert.ok(granted - back - received <= MAX_CREDIT_BYTES);
        }
        credit.close();
        assert.equal(pool.used, 0);
        credit.settle(received - settled);
        assert.equal(pool.used, 0, 'what is stored after the end counts no more');
      }),
    );
  });

  test('a window doubles while data comes quickly, and not where it comes slowly', () => {
    for (const [ms, final] of [
      [0.5, MAX_CREDIT_BYTES],
      [300, INITIAL_CREDIT_BYTES],
    ] as const) {
      const credit = new ReceiveCredit(new CreditPool(2 ** 40));
      let now = 0;
      credit.grant(now);
      for (let count = 0; count < 400; count++) {
        now += ms;
        assert.ok(credit.receive(INITIAL_CREDIT_BYTES / 8, now));
        credit.settle(INITIAL_CREDIT_BYTES / 8);
        credit.grant(now);
      }
      assert.equal(credit.window, final);
      assert.equal(credit.roundTripMs, ms);
    }
  });

  test('with next to none for all, each peer still gets its turn', () => {
    const random = seededRandom('tight credit');
    const world = new ExchangeWorld();
    const pool = new CreditPool(100_000);
    const receiver = world.node('receiver', pool);
    for (let at = 0; at < 5; at++) {
      const node = world.node(`n${at}`);
      world.append(
        node,
        Array.from({ length: 40 }, () => random.bytes(60_000)),
      );
      world.connect(node, receiver, { delayMs: 10, bytesPerMs: 3000 });
    }
    let most = 0;
    world.runUntil(() => {
      most = Math.max(most, pool.used);
      return receiver.folder.values.size === 5 * 41;
    });
    assert.ok(most <= 5 * (INITIAL_CREDIT_BYTES + 61_000), `${most} at one time`);
    world.run();
    assert.ok(pool.used <= 5 * INITIAL_CREDIT_BYTES);
    for (const link of world.links) world.cut(link);
    assert.equal(pool.used, 0);
  });

  test('that a quiet session does not need is given back', () => {
    const random = seededRandom('quiet credit');
    const world = new ExchangeWorld();
    const [a, b] = [world.node('a'), world.node('b')];
    world.connect(a, b, { delayMs: 20, bytesPerMs: 100_000 });
    world.append(
      a,
      Array.from({ length: 400 }, () => random.bytes(60_000)),
    );
    let most = 0;
    world.runUntil(() => {
      most = Math.max(most, b.credit.used);
      return b.folder.values.size === 401;
    });
    assert.ok(most > 2 * INITIAL_CREDIT_BYTES, 'the window grew');
    world.run();
    assert.ok(b.credit.used <= INITIAL_CREDIT_BYTES, `${b.credit.used} are still held`);
    assert.equal(world.count('credit-back', 'a'), 1);
  });
});
