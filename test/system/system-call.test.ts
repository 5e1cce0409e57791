import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { secondsForModified } from '../../src/system/modification-time.ts';
import { systemCall } from '../../src/system/system-call.ts';
import { fails } from '../helpers/files.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test('a call interrupted by a signal is made again', () => {
  let calls = 0;
  const result = systemCall('read', '/file', () => {
    if (++calls < 3) throw systemError('EINTR');
    return calls;
  });
  assert.equal(result, 3);
});

test('a system error becomes a FileError with its cause, anything else passes', () => {
  const cause = systemError('EIO');
  const error = fails('EIO', () =>
    systemCall('read', '/file', () => {
      throw cause;
    }),
  );
  assert.deepEqual([error.cause, error.path, error.operation], [cause, '/file', 'read']);
  for (const mistake of [new TypeError('wrong'), systemError('ERR_INVALID_ARG_VALUE')]) {
    const call = (): never => {
      throw mistake;
    };
    assert.throws(
      () => systemCall('read', '/file', call),
      (thrown) => thrown === mistake,
    );
  }
});

test('a time survives the two ways in which systems cut it, and then changes no more', () => {
  const maxNs = 2n ** 34n * 1_000_000_000n;
  fc.assert(
    fc.property(fc.bigInt(-maxNs, maxNs), (wanted) => {
      for (const unit of [1n, 1000n]) {
        const kept = cut(secondsForModified(wanted), unit);
        const error = kept - wanted;
        assert.ok(error > -2000n && error < 2000n, `${wanted} became ${kept}`);
        assert.equal(cut(secondsForModified(kept), unit), kept, `after ${wanted}`);
      }
    }),
    { numRuns: 20_000, examples: [[0n], [1n], [-1n], [123_456_789n], [5_123_456_789n]] },
  );
});

/** What libuv makes of seconds: cut to nanoseconds, and before 1.52 to microseconds. */
function cut(seconds: string, unit: bigint): bigint {
  const value = Number(seconds);
  const ns = BigInt(Math.trunc((value - Math.trunc(value)) * 1e9));
  return BigInt(Math.trunc(value)) * 1_000_000_000n + ns - (ns % unit);
}
