import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode } from '../../src/codec.ts';
import { loadZstd } from '../../src/crypto/zstd.ts';
import { isVaultError } from '../../src/errors.ts';
import { MAX_LOGS, MAX_RECORD_BYTES } from '../../src/limits.ts';
import {
  checkpointPartToValue,
  joinCheckpoint,
  splitCheckpoint,
  type CheckpointPart,
} from '../../src/log/checkpoint-record.ts';
import { decodeOtherRecord, encodeOtherRecord } from '../../src/log/other-record.ts';
import type { CheckpointRecord, NamedLink } from '../../src/log/types.ts';
import { fileLink, log, named, namedHex, otherLog } from '../helpers/log-samples.ts';

const zstd = await loadZstd();
const compressor = {
  compress: (bytes: Uint8Array) => zstd.compress(bytes, 3),
  decompress: (bytes: Uint8Array, length: number) => zstd.decompress(bytes, length),
};
const id = named('checkpoint').slice(0, 16);

function invalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

function checkpointOf(logs: number, links: number): CheckpointRecord {
  const names = Array.from({ length: logs }, (_, at) => namedHex(`log ${at}`)).toSorted();
  const live = Array.from({ length: links }, (_, at): NamedLink => ({
    ...fileLink,
    path: `directory/${at % 97}/file ${at}`,
    parents: at % 3 === 0 ? [{ log, seq: at, index: 1, hash8: named(`p${at}`).slice(0, 8) }] : [],
    dot: { log: otherLog, seq: Math.floor(at / 1000), index: at % 1000 },
    hash8: named(`entry ${Math.floor(at / 1000)}`).slice(0, 8),
  }));
  return {
    type: 'checkpoint',
    clock: new Map(names.map((name, at) => [name, at + 1])),
    hashes: new Map(names.map((name) => [name, named(name)])),
    live,
    time: 1_800_000_000_000_000,
  };
}

function throughBytes(part: CheckpointPart): CheckpointPart {
  const bytes = encodeOtherRecord(part, compressor);
  assert.ok(bytes.length <= MAX_RECORD_BYTES);
  const read = decodeOtherRecord(6, bytes, compressor);
  assert.ok(read.type === 'checkpoint-part');
  return read;
}

describe('checkpoint records', () => {
  test('come back whole from their parts, however large', () => {
    for (const [logs, links] of [
      [0, 0],
      [1, 1],
      [MAX_LOGS, 0],
      [3, 5000],
    ] as const) {
      const checkpoint = checkpointOf(logs, links);
      const parts = splitCheckpoint(checkpoint, id).map(throughBytes);
      assert.deepEqual(joinCheckpoint(parts), checkpoint);
    }
  });

  test('live links are put in the order of their dots', () => {
    const checkpoint = checkpointOf(1, 30);
    const turned = { ...checkpoint, live: checkpoint.live.toReversed() };
    assert.deepEqual(joinCheckpoint(splitCheckpoint(turned, id)), checkpoint);
  });

  test('parts that are missing, twice, swapped or of another checkpoint are refused', () => {
    const parts = splitCheckpoint(checkpointOf(3, 2500), id);
    const others = splitCheckpoint(checkpointOf(3, 2500), named('other').slice(0, 16));
    const [first, second, third] = parts as [CheckpointPart, CheckpointPart, CheckpointPart];
    assert.equal(parts.length, 3);
    assert.throws(() => joinCheckpoint([]), invalid);
    assert.throws(() => joinCheckpoint([first, second]), invalid);
    assert.throws(() => joinCheckpoint([first, third, second]), invalid);
    assert.throws(() => joinCheckpoint([first, second, second]), invalid);
    assert.throws(() => joinCheckpoint([first, second, others[2] as CheckpointPart]), invalid);
    assert.throws(() => joinCheckpoint([first, second, { ...third, time: 1 }]), invalid);
    assert.throws(() => joinCheckpoint([first, second, { ...third, live: second.live }]), invalid);
    assert.throws(
      () => joinCheckpoint([first, second, { ...third, covered: first.covered }]),
      invalid,
    );
  });

  test('a hash without a count, or the other way round, is refused', () => {
    const checkpoint = checkpointOf(2, 0);
    assert.throws(() => splitCheckpoint({ ...checkpoint, hashes: new Map() }, id), invalid);
    assert.throws(() => splitCheckpoint({ ...checkpoint, clock: new Map() }, id), invalid);
  });

  test('links without names are not live links', () => {
    const [part] = splitCheckpoint(checkpointOf(1, 2), id) as [CheckpointPart];
    const fields = checkpointPartToValue(part, undefined) as unknown as [...unknown[]];
    const plain = Buffer.from(fields[5] as Uint8Array);
    // The last column is the names: an array of 4 small numbers becomes null.
    const without = Buffer.concat([plain.subarray(0, plain.length - 5), Buffer.of(0xf6)]);
    without.writeUInt32BE(without.length - 5, 1);
    const bytes = encode([...fields.slice(0, 5), without] as never);
    assert.throws(() => decodeOtherRecord(6, bytes, undefined), invalid);
  });
});
