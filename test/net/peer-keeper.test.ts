import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_DIALS, MAX_PEER_CONNECTIONS } from '../../src/limits.ts';
import { dialDelayMs } from '../../src/net/dial-delay.ts';
import { PeerKeeper, type KeeperSteps, type ConnectionFacts } from '../../src/net/peer-keeper.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { fixedRandom } from '../crypto/fixtures.ts';

const none = fixedRandom(new Uint8Array(2));
const keeper = (own = 'b'): PeerKeeper => new PeerKeeper(own, none);
const at = (...addresses: string[]): Map<string, string[]> => new Map([['a', addresses]]);
const dialed = ({ dial }: KeeperSteps): string[] => dial.map(({ address }) => address);
const known = (facts: Partial<ConnectionFacts> = {}): ConnectionFacts => ({
  peer: 'a',
  run: 'r',
  isDialer: true,
  sentUs: 1,
  ...facts,
});

test('waits grow from a second to ten minutes, and are cut by chance', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 1000].map((failures) => dialDelayMs(failures, none));
  assert.deepEqual(waits.slice(0, 3), [1000, 5000, 15_000]);
  assert.deepEqual(waits.slice(-2), [600_000, 600_000]);
  assert.deepEqual(
    waits,
    waits.toSorted((a, b) => a - b),
  );
  const random = seededRandom('jitter');
  const cut = Array.from({ length: 200 }, () => dialDelayMs(1, random));
  assert.ok(cut.every((ms) => ms >= 750 && ms <= 1000));
  assert.ok(new Set(cut).size > 50);
});

describe('dialing', () => {
  test('tries the addresses of a peer one by one, the next where one does not answer', () => {
    const one = keeper();
    assert.deepEqual(dialed(one.setPeers(at('x', 'y', 'z'), 0)), ['x']);
    assert.equal(one.nextMs(), 1000);
    assert.deepEqual(dialed(one.due(999)), []);
    assert.deepEqual(dialed(one.due(1000)), ['y']);
    assert.deepEqual(dialed(one.dialEnded('a', 'y', 1100)), []);
    assert.deepEqual(dialed(one.dialEnded('a', 'x', 1200)), ['z'], 'at once where all have failed');
    assert.equal(one.nextMs(), undefined);
    assert.deepEqual(dialed(one.dialEnded('a', 'z', 2000)), []);
    assert.equal(one.nextMs(), 3000);
    assert.deepEqual(dialed(one.due(3000)), ['x']);
  });

  test('waits longer after each round that failed, and anew after a good connection', () => {
    const one = keeper();
    let now = 0;
    let steps = one.setPeers(at('x'), now);
    const waits: number[] = [];
    for (let round = 0; round < 4; round++) {
      assert.deepEqual(dialed(steps), ['x']);
      one.dialEnded('a', 'x', now);
      waits.push((one.nextMs() ?? 0) - now);
      now = one.nextMs() ?? 0;
      steps = one.due(now);
    }
    assert.deepEqual(waits, [1000, 5000, 15_000, 60_000]);
    one.opened(1, known(), now);
    one.dialEnded('a', 'x', now);
    assert.equal(one.nextMs(), undefined);
    one.closed(1, now + 60_000);
    assert.equal(one.nextMs(), now + 61_000);
    one.due(now + 61_000);
    one.opened(2, known(), now + 61_000);
    one.dialEnded('a', 'x', now + 61_000);
    one.closed(2, now + 61_001);
    assert.equal(one.nextMs(), now + 66_001, 'one that fails at once was none');
  });

  test('does so at once when the network changed, or a new address is known', () => {
    const one = keeper();
    one.setPeers(at('x'), 0);
    for (const now of [0, 1000]) one.dialEnded('a', 'x', now);
    assert.deepEqual(dialed(one.due(1001)), []);
    assert.deepEqual(dialed(one.networkChanged(1002)), ['x']);
    one.dialEnded('a', 'x', 1003);
    assert.deepEqual(dialed(one.setPeers(at('x', 'y'), 1004)), ['x']);
    assert.deepEqual(dialed(one.setPeers(at('x', 'y'), 1005)), [], 'nothing is new');
  });

  test('leaves out peers without an address, those that are connected, and this node itself', () => {
    const one = keeper();
    const peers = new Map([
      ['a', ['x']],
      ['b', ['own']],
      ['c', []],
    ]);
    assert.deepEqual(dialed(one.setPeers(peers, 0)), ['x']);
    one.opened(1, known(), 5);
    one.dialEnded('a', 'x', 5);
    assert.deepEqual(dialed(one.due(1_000_000)), []);
    assert.deepEqual(one.opened(2, known({ peer: 'b' }), 6).close, [2], 'a connection with itself');
    assert.equal(one.nextMs(), undefined);
  });

  test('is done a bounded number of times at once', () => {
    const many = new Map(
      Array.from({ length: 200 }, (_, count) => [`p${count}`, [`x${count}`]] as const),
    );
    const one = keeper();
    assert.equal(one.setPeers(many, 0).dial.length, MAX_DIALS);
    assert.equal(one.nextMs(), undefined, 'only the end of one lets in another');
    assert.equal(one.dialEnded('p0', 'x0', 10).dial.length, 1);
    const far = new Map([['a', Array.from({ length: 20 }, (_, count) => `y${count}`)]]);
    const two = keeper();
    let dials = two.setPeers(far, 0).dial.length;
    for (let now = 1000; now < 60_000; now += 1000) dials += two.due(now).dial.length;
    assert.equal(dials, 8);
    assert.equal(two.nextMs(), undefined);
  });
});

describe('of several connections with one peer', () => {
  test('those of nobody to be connected with are closed', () => {
    const one = keeper();
    one.setPeers(at('x'), 0);
    one.opened(1, known(), 0);
    assert.deepEqual(one.opened(2, known({ peer: 'stranger' }), 0).close, [2]);
    assert.deepEqual(one.setPeers(new Map(), 1).close, [1]);
  });

  test('a run of the peer keeps one, copies of its home one each, up to a limit', () => {
    const one = keeper();
    one.setPeers(at('x'), 0);
    const close: number[] = [];
    for (let id = 1; id <= MAX_PEER_CONNECTIONS + 2; id++) {
      close.push(...one.opened(id, known({ run: `r${id}`, isDialer: false }), id).close);
    }
    assert.deepEqual(close, [1, 2]);
  });

  test('one that comes long after takes the place of the one before', () => {
    const one = keeper();
    one.setPeers(at('x'), 0);
    one.opened(1, known({ sentUs: 1 }), 0);
    assert.deepEqual(one.opened(2, known({ sentUs: 2, isDialer: false }), 20_000).close, [1]);
    assert.deepEqual(one.opened(3, known({ sentUs: 3, isDialer: false }), 20_001).close, [3]);
  });

  test('both ends keep the same, however they saw them come', () => {
    const facts = fc.record({ isDialer: fc.boolean(), sentUs: fc.integer({ min: 1, max: 1000 }) });
    fc.assert(
      fc.property(
        fc.uniqueArray(facts, { minLength: 1, maxLength: 4, selector: ({ sentUs }) => sentUs }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (connections, chance) => {
          const kept = [true, false].map((isNear) => {
            const one = keeper(isNear ? 'b' : 'a');
            const peer = isNear ? 'a' : 'b';
            one.setPeers(new Map([[peer, []]]), 0);
            const open = new Set<number>();
            const order = connections
              .map((each, id) => ({ ...each, id, key: chance.next().value ?? 0 }))
              .toSorted((x, y) => x.key - y.key);
            for (const { id, isDialer, sentUs } of order) {
              open.add(id);
              const mine = { peer, run: 'r', isDialer: isDialer === isNear, sentUs };
              for (const gone of one.opened(id, mine, id).close) open.delete(gone);
            }
            return [...open];
          });
          assert.equal(kept[0]?.length, 1);
          assert.deepEqual(kept[0], kept[1]);
        },
      ),
    );
  });

  test('two nodes that dial each other end with one, and keep it', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 8 }),
        (seed, delays) => {
          const clock = new VirtualClock();
          const random = seededRandom(`${seed}`);
          const delay = (): number => delays[(random.bytes(1)[0] ?? 0) % delays.length] ?? 1;
          const nodes = ['a', 'b'].map((own) => new PeerKeeper(own, random));
          const open = new Set<number>();
          const gone: number[] = [];
          let [connections, lastClose] = [0, 0];
          const close = (id: number): void => {
            if (!open.delete(id)) return;
            lastClose = clock.monotonicMs();
            gone.push(id);
            for (const side of [0, 1]) {
              clock.timer(delay(), () => act(side, nodes[side]?.closed(id, clock.monotonicMs())));
            }
          };
          function act(side: number, steps: KeeperSteps | undefined): void {
            for (const id of steps?.close ?? []) close(id);
            for (const { peer, address } of steps?.dial ?? []) dial(side, peer, address);
            const next = nodes[side]?.nextMs();
            if (next === undefined) return;
            clock.timer(Math.max(0, next - clock.monotonicMs()), () =>
              act(side, nodes[side]?.due(clock.monotonicMs())),
            );
          }
          function dial(side: number, peer: string, address: string): void {
            const sentUs = clock.wallMs() * 1000 + side;
            clock.timer(delay(), () => {
              const id = ++connections;
              open.add(id);
              const tell = (of: number): void => {
                if (!open.has(id)) return;
                const facts = {
                  peer: of === 0 ? 'b' : 'a',
                  run: 'r',
                  isDialer: of === side,
                  sentUs,
                };
                act(of, nodes[of]?.opened(id, facts, clock.monotonicMs()));
              };
              tell(side);
              act(side, nodes[side]?.dialEnded(peer, address, clock.monotonicMs()));
              clock.timer(delay(), () => tell(1 - side));
            });
          }
          act(0, nodes[0]?.setPeers(new Map([['b', ['x', 'y']]]), 0));
          clock.timer(delay(), () =>
            act(1, nodes[1]?.setPeers(new Map([['a', ['z']]]), clock.monotonicMs())),
          );
          clock.advance(600_000);
          assert.equal(open.size, 1, `${open.size} are open`);
          assert.ok(lastClose < 120_000, `the last was closed after ${lastClose} ms`);
        },
      ),
      { numRuns: 200 },
    );
  });
});
