import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/bytes.ts';
import { encode, type CborValue } from '../../src/codec.ts';
import { isVaultError, VaultError } from '../../src/errors.ts';
import { MAX_ENTRY_BYTES, MAX_MESSAGE_BYTES, MAX_NAMES } from '../../src/limits.ts';
import { decodeMessage, encodeMessage } from '../../src/net/message-codec.ts';
import { endReasons, type Message } from '../../src/net/message.ts';
import { contentKey, pageKey } from '../../src/net/value-key.ts';
import { fakeHead } from '../helpers/memory-folder.ts';
import { log, named } from '../helpers/log-samples.ts';
import { projectPath } from '../helpers/project.ts';
import { anyMessage } from './messages.ts';

const file = projectPath('test', 'vectors', 'messages.json');

const head = fakeHead(log, 1025, named('entry'));
const keys = [contentKey(named('chunk')), pageKey(named('entry'))];
const samples: readonly Message[] = [
  { type: 'hello', features: [], heads: [{ head, through: 1000 }] },
  { type: 'hello', features: ['something new'], heads: [] },
  { type: 'announce', heads: [{ head, through: 1026 }] },
  {
    type: 'ask',
    ask: 7,
    log,
    from: 1020,
    toward: { seq: 1025, hash: named('entry') },
    rideBytes: 16_384,
  },
  { type: 'no-range', ask: 7 },
  {
    type: 'want',
    lane: 'small',
    names: [
      { kind: 'content', id: named('chunk') },
      { kind: 'content', id: named('node') },
      { kind: 'page', log, seq: 1025, hash: named('entry') },
    ],
  },
  { type: 'cancel', asks: [7], keys },
  { type: 'have', keys },
  { type: 'no-data', missing: keys, expired: [contentKey(named('old chunk'))] },
  { type: 'credit', total: 1_048_576 },
  { type: 'credit-back', total: 65_536 },
  ...endReasons.map((reason): Message => ({ type: 'end', reason })),
  { type: 'entries', ask: 7, entries: [named('first'), named('second')], end: undefined },
  { type: 'entries', ask: 7, entries: [named('last')], end: { head, rides: [named('page')] } },
  { type: 'value', sealed: named('sealed') },
];

// `VAULT_VECTORS=write` makes the file anew: only for a new version, never to make a test pass.
if (process.env['VAULT_VECTORS'] === 'write') {
  const vectors = samples.map((sample) => ({
    message: sample.type,
    bytes: toHex(encodeMessage(sample)),
  }));
  const about =
    'Messages of protocol 1: see docs/protocol.md. Ids and hashes are SHA-256 of names.';
  writeFileSync(file, `${JSON.stringify({ about, messages: vectors }, null, 2)}\n`);
}
const { messages } = JSON.parse(readFileSync(file, 'utf8')) as {
  messages: readonly { message: string; bytes: string }[];
};

function invalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

describe('messages', () => {
  test('have the bytes that they had when protocol 1 was fixed', () => {
    assert.equal(messages.length, samples.length);
    for (const [at, sample] of samples.entries()) {
      assert.equal(toHex(encodeMessage(sample)), messages[at]?.bytes, sample.type);
      assert.deepEqual(decodeMessage(fromHex(messages[at]?.bytes ?? '')), sample);
    }
  });

  test('are read back as they were written', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        assert.deepEqual(decodeMessage(encodeMessage(message)), message);
      }),
    );
  });

  test('any cut or flipped byte is refused, or is another message in canonical form', () => {
    fc.assert(
      fc.property(
        anyMessage,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (message, place, flip) => {
          const bytes = encodeMessage(message);
          const at = place % bytes.length;
          assert.throws(() => decodeMessage(bytes.subarray(0, at)), VaultError);
          const damaged = bytes.slice();
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          try {
            const read = decodeMessage(damaged);
            // A reason that only newer programs know is read as the plainest one.
            if (read.type !== 'end') assert.deepEqual(encodeMessage(read), damaged);
          } catch (error) {
            assert.ok(error instanceof VaultError, String(error));
          }
        },
      ),
    );
  });

  test('random bytes never give anything but a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeMessage(bytes);
        } catch (error) {
          assert.ok(error instanceof VaultError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('what exceeds a limit is refused', () => {
    const id = named('chunk');
    const many = (count: number): Uint8Array => new Uint8Array(32 * count);
    const bad: readonly CborValue[] = [
      [1, []],
      [2, 0, id, 5, 4, id, 0],
      [2, 0, id, 0, 4, id, 16_385],
      [4, 0, many(0), []],
      [4, 0, many(MAX_NAMES + 1), []],
      [4, 0, many(MAX_NAMES), [[id, 0, id]]],
      [4, 3, id, []],
      [5, Array.from({ length: 17 }, (_, at) => at), many(0), many(0)],
      [6, id.subarray(1), many(0)],
      [6, many(MAX_NAMES), id],
      [8, -1],
      [16, 0, [], null],
      [16, 0, [new Uint8Array(0)], null],
      [16, 0, [new Uint8Array(MAX_ENTRY_BYTES + 1)], null],
      [11],
      [],
      ['hello'],
      [0, 1, Array.from({ length: 65 }, () => 'x'), []],
    ];
    for (const value of bad) assert.throws(() => decodeMessage(encode(value)), invalid);
  });

  test('a head cannot be held further than it goes', () => {
    const bytes = encodeMessage({ type: 'announce', heads: [{ head, through: head.seq + 2 }] });
    assert.throws(() => decodeMessage(bytes), invalid);
  });

  test('a message that is too long is refused before it is read', () => {
    assert.throws(
      () => decodeMessage(new Uint8Array(MAX_MESSAGE_BYTES + 1)),
      (error) => isVaultError(error, 'VAULT_LIMIT_EXCEEDED'),
    );
  });

  test('a hello of another version says which one', () => {
    assert.throws(
      () => decodeMessage(encode([0, 2, 'whatever comes'])),
      (error) =>
        isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED') && error.details?.['version'] === 2,
    );
  });

  test('a reason that only a newer program knows ends the session all the same', () => {
    assert.deepEqual(decodeMessage(encode([10, 200])), { type: 'end', reason: 'done' });
  });
});
