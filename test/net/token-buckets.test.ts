import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addressGroup, TokenBuckets } from '../../src/net/token-buckets.ts';

describe('tries of an address', () => {
  test('are let through at once up to the burst, and then at the rate', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 3, most: 10 });
    const at = (ms: number): boolean => buckets.take('a', ms);
    assert.deepEqual([at(0), at(0), at(0), at(0)], [true, true, true, false]);
    assert.deepEqual([at(99), at(100), at(100), at(250)], [false, true, false, true]);
    assert.ok(buckets.take('b', 250), 'another address has its own');
    assert.deepEqual([at(10_000), at(10_000), at(10_000), at(10_000)], [true, true, true, false]);
  });

  test('are never more than burst and rate allow, whenever they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 200 }),
        (gaps) => {
          const buckets = new TokenBuckets({ perSecond: 20, burst: 5, most: 10 });
          let [now, taken] = [0, 0];
          for (const gap of gaps) {
            now += gap;
            if (buckets.take('a', now)) taken++;
            assert.ok(taken <= 5 + (now * 20) / 1000 + 1e-6, `${taken} in ${now} ms`);
          }
        },
      ),
    );
  });

  test('of addresses beyond the limit forget the one that was quiet the longest', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1, most: 3 });
    for (const name of ['a', 'b', 'c', 'a']) buckets.take(name, 0);
    buckets.take('d', 1);
    assert.equal(buckets.size, 3);
    assert.equal(buckets.take('a', 2), false, 'a is remembered');
    assert.equal(buckets.take('b', 2), true, 'b was forgotten');
    for (let count = 0; count < 1000; count++) buckets.take(`${count}`, 3);
    assert.equal(buckets.size, 3);
  });
});

test('addresses of one machine are one group', () => {
  const groups: [string, string][] = [
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1::', '2001:db8:1:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ];
  for (const [address, group] of groups) assert.equal(addressGroup(address), group);
});
