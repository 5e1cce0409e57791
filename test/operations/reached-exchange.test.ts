import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Exchange } from '../../src/operations/exchange.ts';
import type { PeerState } from '../../src/operations/online-types.ts';
import { withReached } from '../../src/operations/reached-exchange.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { rejects } from '../helpers/rejects.ts';
import { passingTime } from './passing-time.ts';

const never = new AbortController().signal;
const peer: PeerState = {
  node: 'a',
  name: 'a',
  key: 'b',
  isConnected: true,
  folders: ['folder'],
  addresses: [],
  seenMs: undefined,
  trouble: undefined,
};

type Reached = Parameters<typeof withReached>[0];

function online(of: { peers: () => PeerState[]; isQuiet: boolean; has?: boolean }): Reached {
  return { ...of, exchange: () => (of.has === false ? undefined : ({} as Exchange)) };
}

/** Work that goes on until it is told to end. */
const waiting = (_exchange: Exchange, signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

describe('the exchange of a folder for one operation', () => {
  test('ends where nobody is there', async () => {
    const clock = new VirtualClock();
    const alone = online({ peers: () => [], isQuiet: true });
    const started = clock.monotonicMs();
    await rejects('VAULT_NO_PEER', () =>
      passingTime(clock, withReached(alone, 'folder', clock, never, waiting)),
    );
    assert.ok(clock.monotonicMs() - started <= 5000);
    const dialing = online({ peers: () => [], isQuiet: false });
    await rejects('VAULT_NO_PEER', () =>
      passingTime(clock, withReached(dialing, 'folder', clock, never, waiting)),
    );
    const without = online({ peers: () => [peer], isQuiet: true, has: false });
    await rejects('VAULT_NO_PEER', () => withReached(without, 'folder', clock, never, waiting));
    assert.equal(clock.untilNext(), undefined, 'no timer is left');
  });

  test('goes on while somebody is, and ends when they have gone for a while', async () => {
    const clock = new VirtualClock();
    const peers = [peer];
    const some = online({ peers: () => peers, isQuiet: true });
    const work = withReached(some, 'folder', clock, never, waiting);
    work.catch(() => undefined);
    clock.advance(120_000);
    peers.pop();
    await rejects('VAULT_NO_PEER', () => passingTime(clock, work));
    const done = withReached(
      online({ peers: () => [peer], isQuiet: true }),
      'folder',
      clock,
      never,
      () => Promise.resolve('done'),
    );
    assert.equal(await done, 'done');
    assert.equal(clock.untilNext(), undefined, 'no timer is left');
  });

  test('ends as the operation is told to', async () => {
    const clock = new VirtualClock();
    const ending = new AbortController();
    const some = online({ peers: () => [peer], isQuiet: true });
    const work = withReached(some, 'folder', clock, ending.signal, waiting);
    ending.abort(new Error('enough'));
    await assert.rejects(work, /enough/);
  });
});
