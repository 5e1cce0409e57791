import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type CborValue } from '../../src/codec.ts';
import { isVaultError, VaultError } from '../../src/errors.ts';
import {
  MAX_DROPS,
  MAX_LOGS,
  MAX_MEMBERS,
  MAX_MESSAGE,
  MAX_RECORD_BYTES,
  MAX_TAGS,
} from '../../src/limits.ts';
import {
  decodeOtherRecord,
  encodeOtherRecord,
  recordNumber,
  type StoredRecord,
} from '../../src/log/other-record.ts';
import {
  memberRecordId,
  signMemberRecord,
  verifyMemberRecord,
} from '../../src/log/member-record.ts';
import { epochIdOf } from '../../src/log/rotation-record.ts';
import type { MemberRecord, SnapshotRecord } from '../../src/log/types.ts';
import { anyStoredRecord } from '../helpers/log-arbitraries.ts';
import {
  alice,
  folder,
  named,
  namedHex,
  otherLog,
  rotation,
  sampleNode,
  sampleRecords,
  verifySample,
} from '../helpers/log-samples.ts';

function invalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

function sample<T extends StoredRecord['type']>(type: T): Extract<StoredRecord, { type: T }> {
  const found = sampleRecords.find((record) => record.type === type);
  assert.ok(found !== undefined);
  return found as Extract<StoredRecord, { type: T }>;
}

function roundTrip(record: StoredRecord): unknown {
  return decodeOtherRecord(recordNumber(record), encodeOtherRecord(record, undefined), undefined);
}

/** A record whose fields were changed by hand. */
function altered(record: StoredRecord, change: (fields: CborValue[]) => void): () => unknown {
  const fields = [...(decode(encodeOtherRecord(record, undefined)) as readonly CborValue[])];
  change(fields);
  return () => decodeOtherRecord(recordNumber(record), encode(fields), undefined);
}

const log1 = new Uint8Array(32).fill(1);
const log2 = new Uint8Array(32).fill(2);

describe('records', () => {
  test('are read back as they were written', () => {
    fc.assert(
      fc.property(anyStoredRecord, (record) => assert.deepEqual(roundTrip(record), record)),
    );
  });

  test('any cut or flipped byte is refused, or is another record in canonical form', () => {
    for (const record of sampleRecords) {
      const bytes = encodeOtherRecord(record, undefined);
      const number = recordNumber(record);
      for (let at = 0; at < bytes.length; at++) {
        assert.throws(
          () => decodeOtherRecord(number, bytes.subarray(0, at), undefined),
          VaultError,
        );
        for (const bit of [1, 0x20, 0x80]) {
          const damaged = bytes.slice();
          damaged[at] = (damaged[at] ?? 0) ^ bit;
          try {
            const read = decodeOtherRecord(number, damaged, undefined) as StoredRecord;
            assert.deepEqual(encodeOtherRecord(read, undefined), damaged);
          } catch (error) {
            assert.ok(error instanceof VaultError, `${record.type} byte ${at}: ${String(error)}`);
          }
        }
      }
    }
  });

  test('one type is never read as another', () => {
    for (const record of sampleRecords) {
      const bytes = encodeOtherRecord(record, undefined);
      for (let number = 2; number <= 7; number++) {
        if (number === recordNumber(record)) continue;
        assert.throws(() => decodeOtherRecord(number, bytes, undefined), invalid);
      }
    }
  });

  test('an unknown type is passed over, not refused', () => {
    assert.deepEqual(decodeOtherRecord(99, Uint8Array.of(1, 2), undefined), {
      type: 'unknown',
      number: 99,
    });
  });

  test('fields too many or too few are refused', () => {
    for (const record of sampleRecords) {
      assert.throws(
        altered(record, (fields) => fields.push(null)),
        invalid,
      );
      assert.throws(
        altered(record, (fields) => fields.pop()),
        invalid,
      );
    }
  });

  test('above its greatest size nothing is read', () => {
    assert.throws(
      () => decodeOtherRecord(2, new Uint8Array(MAX_RECORD_BYTES + 1), undefined),
      (error) => isVaultError(error, 'VAULT_LIMIT_EXCEEDED'),
    );
  });
});

describe('snapshot records', () => {
  const snapshot = sample('snapshot');

  test('hold the longest message beside every log a folder can know', () => {
    const clock = new Map(
      Array.from({ length: MAX_LOGS }, (_, at): [string, number] => [
        at.toString(16).padStart(64, '0'),
        Number.MAX_SAFE_INTEGER,
      ]),
    );
    const tags = Array.from({ length: MAX_TAGS }, (_, at) => `${at}`.padEnd(64, '標'));
    const full: SnapshotRecord = { ...snapshot, clock, message: '語'.repeat(MAX_MESSAGE), tags };
    assert.deepEqual(roundTrip(full), full);
    assert.throws(() => roundTrip({ ...full, message: `${full.message}.` }), invalid);
    assert.throws(() => roundTrip({ ...full, tags: [...tags, 'one more'] }), invalid);
    assert.throws(() => roundTrip({ ...full, clock: clock.set(otherLog, 1) }), invalid);
  });

  test('keep tags in the order given, each once', () => {
    assert.deepEqual(roundTrip({ ...snapshot, tags: ['b', 'a'] }), {
      ...snapshot,
      tags: ['b', 'a'],
    });
    for (const tags of [['a', 'a'], [''], ['x'.repeat(65)]]) {
      assert.throws(() => roundTrip({ ...snapshot, tags }), invalid);
    }
  });

  test('a text that UTF-8 cannot hold is refused, not changed', () => {
    assert.throws(() => roundTrip({ ...snapshot, message: 'a\ud800' }), invalid);
    assert.throws(() => roundTrip({ ...snapshot, tags: ['\udc80'] }), invalid);
    assert.throws(() => roundTrip({ ...sample('log-start'), nodeName: '\ud800' }), invalid);
  });

  test('ids of another length are refused', () => {
    assert.throws(() => roundTrip({ ...snapshot, id: named('id') }), invalid);
    assert.throws(() => roundTrip({ ...snapshot, time: -1 }), invalid);
  });
});

describe('membership records', () => {
  const members = sampleRecords.filter(
    (record): record is MemberRecord => record.type === 'member',
  );

  test('verify for their folder and the node that states them', () => {
    for (const record of members) {
      assert.ok(verifyMemberRecord(verifySample, folder, record));
      assert.ok(!verifyMemberRecord(verifySample, named('another folder'), record));
      const forged = { ...record, by: sampleNode('bob').id };
      assert.ok(!verifyMemberRecord(verifySample, folder, forged));
    }
  });

  test('a change of any field breaks the signature and changes the id', () => {
    const record = members[1] as MemberRecord;
    const changes: readonly Partial<MemberRecord>[] = [
      { action: 'role' },
      { node: alice.id },
      { exchangeKey: named('other') },
      { role: 'write' },
      { cutoffs: [] },
      { cutoffs: record.cutoffs.map((cutoff) => ({ ...cutoff, seq: cutoff.seq + 1 })) },
      { after: [] },
      { time: record.time + 1 },
    ];
    const id = memberRecordId(folder, record);
    for (const change of changes) {
      const changed = { ...record, ...change };
      assert.ok(!verifyMemberRecord(verifySample, folder, changed), Object.keys(change).join());
      assert.notDeepEqual(memberRecordId(folder, changed), id);
    }
  });

  test('the id is of the statement: signing it again changes nothing', () => {
    const record = members[0] as MemberRecord;
    const again = signMemberRecord(alice.sign, folder, record);
    const other = { ...record, signature: new Uint8Array(64) };
    assert.deepEqual(memberRecordId(folder, again), memberRecordId(folder, record));
    assert.deepEqual(memberRecordId(folder, other), memberRecordId(folder, record));
    assert.notDeepEqual(memberRecordId(named('f'), record), memberRecordId(folder, record));
  });

  test('the order in which cut-offs and predecessors were given does not show', () => {
    const cutoffs = [log1, log2].map((log) => ({
      log: Buffer.from(log).toString('hex'),
      seq: 1,
      hash: named('h'),
    }));
    const one = { ...(members[1] as MemberRecord), cutoffs, after: [log1, log2] };
    const two = { ...one, cutoffs: cutoffs.toReversed(), after: [log2, log1] };
    assert.deepEqual(memberRecordId(folder, one), memberRecordId(folder, two));
    assert.deepEqual(roundTrip(two), one);
    assert.throws(() => roundTrip({ ...one, after: [log1, log1] }), invalid);
    assert.throws(() => roundTrip({ ...one, cutoffs: [...cutoffs, ...cutoffs] }), invalid);
  });

  test('unknown actions and roles, and lists out of order, are refused', () => {
    const record = members[1] as MemberRecord;
    assert.throws(
      altered(record, (fields) => (fields[0] = 3)),
      invalid,
    );
    assert.throws(
      altered(record, (fields) => (fields[3] = 3)),
      invalid,
    );
    assert.throws(
      altered(record, (fields) => (fields[5] = [log2, log1])),
      invalid,
    );
    assert.throws(
      altered(record, (fields) => (fields[8] = new Uint8Array(63))),
      invalid,
    );
  });
});

describe('rotation records', () => {
  test('name their epoch by the hash of their bytes', () => {
    const bytes = encodeOtherRecord(rotation, undefined);
    assert.equal(
      epochIdOf(rotation),
      createHash('sha256').update(bytes).digest('hex').slice(0, 32),
    );
    assert.notEqual(epochIdOf({ ...rotation, time: rotation.time + 1 }), epochIdOf(rotation));
  });

  test('list every member once, in order, and at least one', () => {
    const recipients = Array.from({ length: MAX_MEMBERS }, (_, at) => ({
      node: namedHex(`member ${at}`),
      sealed: new Uint8Array(80),
    }));
    const sorted = recipients.toSorted((a, b) => (a.node < b.node ? -1 : 1));
    assert.deepEqual(roundTrip({ ...rotation, recipients }), { ...rotation, recipients: sorted });
    const more = { node: namedHex('one more'), sealed: new Uint8Array(80) };
    assert.throws(() => roundTrip({ ...rotation, recipients: [...recipients, more] }), invalid);
    assert.throws(() => roundTrip({ ...rotation, recipients: [] }), invalid);
    assert.throws(() => roundTrip({ ...rotation, recipients: [more, more] }), invalid);
    for (const length of [31, 257]) {
      const bad = [{ ...more, sealed: new Uint8Array(length) }];
      assert.throws(() => roundTrip({ ...rotation, recipients: bad }), invalid);
    }
  });

  test('epochs they come after are a set of ids', () => {
    const after = ['0b'.repeat(16), '0a'.repeat(16)];
    assert.deepEqual(roundTrip({ ...rotation, after }), { ...rotation, after: after.toReversed() });
    assert.throws(() => roundTrip({ ...rotation, after: ['0b'.repeat(15)] }), invalid);
    assert.throws(() => roundTrip({ ...rotation, after: ['0B'.repeat(16)] }), invalid);
  });
});

describe('drop-set records', () => {
  const dropSet = sample('drop-set');

  test('hold as many dots as they may, and no more', () => {
    const dots = Array.from({ length: MAX_DROPS }, (_, seq) => ({ log: otherLog, seq, index: 9 }));
    assert.deepEqual(roundTrip({ ...dropSet, dots: dots.toReversed() }), { ...dropSet, dots });
    const more = { log: otherLog, seq: MAX_DROPS, index: 0 };
    assert.throws(() => roundTrip({ ...dropSet, dots: [...dots, more] }), invalid);
  });

  test('dots and snapshots twice, out of order or out of range are refused', () => {
    const dot = { log: otherLog, seq: 1, index: 1 };
    assert.throws(() => roundTrip({ ...dropSet, dots: [dot, dot] }), invalid);
    assert.throws(() => roundTrip({ ...dropSet, dots: [{ ...dot, index: 1024 }] }), invalid);
    const id = named('s').slice(0, 16);
    assert.throws(() => roundTrip({ ...dropSet, snapshots: [id, id] }), invalid);
    for (const dots of [
      [log1, []],
      [log1],
      [log2, [0, 0], log1, [0, 0]],
      [log1, [0, 1, 0]],
      [log1, [1, 0, 0, 0]],
    ]) {
      assert.throws(
        altered(dropSet, (fields) => (fields[1] = dots as CborValue)),
        invalid,
      );
    }
    assert.throws(
      altered(dropSet, (fields) => (fields[0] = 2)),
      invalid,
    );
  });
});
