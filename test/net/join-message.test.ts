import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fromHex, toHex } from '../../src/bytes.ts';
import { defaultChunkerParams } from '../../src/chunking/params.ts';
import { decode, encode, type CborValue } from '../../src/codec.ts';
import { verifySignature, openIdentity } from '../../src/crypto/identity.ts';
import { inviteKeys } from '../../src/crypto/invite-secret.ts';
import { loadSodium } from '../../src/crypto/sodium.ts';
import { isVaultError } from '../../src/errors.ts';
import { formatInvite } from '../../src/net/invite-text.ts';
import {
  decodeHandover,
  decodeJoinMessage,
  encodeHandover,
  encodeJoinMessage,
  isGenuineRequest,
  joinRefusals,
  joinRequest,
  type JoinHandover,
  type JoinMessage,
} from '../../src/net/join-message.ts';
import { named } from '../helpers/log-samples.ts';
import { projectPath, readVectors } from '../helpers/project.ts';

const sodium = await loadSodium();
const seeds = { sign: named('joiner signing seed'), exchange: named('joiner exchange seed') };
const joiner = openIdentity(sodium, seeds);
const session = {
  sessionHash: named('session'),
  invite: named('invite'),
  joiner: joiner.exchangeKey,
};
const request = joinRequest((label, said) => joiner.sign(label, said), joiner.id, session);
const messages: readonly JoinMessage[] = [
  request,
  { type: 'admitted', sealed: named('sealed') },
  ...joinRefusals.map((reason): JoinMessage => ({ type: 'refused', reason })),
  { type: 'joined' },
];
const handover: JoinHandover = {
  folder: named('folder'),
  secret: named('folder secret'),
  epochs: [
    { id: named('first epoch').slice(0, 16), secret: named('first secret') },
    { id: named('second epoch').slice(0, 16), secret: named('second secret') },
  ],
  name: 'photos',
  params: defaultChunkerParams,
  role: 'write',
  issuer: toHex(named('issuer')),
};

function made(): Record<string, unknown> {
  const line = {
    issuer: named('issuer exchange key'),
    secret: named('invite secret').slice(0, 16),
    addresses: ['vault.example.org:7420', '[2001:db8::1]:7420', 'wss://example.org/vault'],
  };
  const { id, psk } = inviteKeys(line.secret);
  return {
    about: 'Joining, protocol 1: see docs/protocol.md. Keys, ids and seeds are SHA-256 of names.',
    invite: {
      issuer: toHex(line.issuer),
      secret: toHex(line.secret),
      addresses: line.addresses,
      line: formatInvite(line),
      id: toHex(id),
      psk: toHex(psk),
    },
    messages: messages.map((message) => ({
      message: message.type,
      bytes: toHex(encodeJoinMessage(message)),
    })),
    handover: toHex(encodeHandover(handover)),
  };
}

// `VAULT_VECTORS=write` makes the file anew: only for a new version, never to make a test pass.
if (process.env['VAULT_VECTORS'] === 'write') {
  const file = projectPath('test', 'vectors', 'join.json');
  writeFileSync(file, `${JSON.stringify(made(), null, 2)}\n`);
}
const vectors = readVectors('join.json') as {
  readonly messages: readonly { readonly bytes: string }[];
  readonly handover: string;
};
const invalid = (error: unknown): boolean => isVaultError(error, 'VAULT_ENTRY_INVALID');

describe('messages of a join', () => {
  test('have the bytes that they had when protocol 1 was fixed', () => {
    assert.deepEqual(made(), vectors);
    for (const [at, message] of messages.entries()) {
      assert.deepEqual(decodeJoinMessage(fromHex(vectors.messages[at]?.bytes ?? '')), message);
    }
    assert.deepEqual(decodeHandover(fromHex(vectors.handover)), handover);
  });

  test('of another form are refused', () => {
    for (const bytes of [
      encode([]),
      encode([4]),
      encode([3, 1]),
      encode([2]),
      encode([1, 'text']),
      encode([0, 1, named('node')]),
      encode([0, 1, named('node'), named('short')]),
      Uint8Array.of(0xff),
    ]) {
      assert.throws(() => decodeJoinMessage(bytes), invalid, toHex(bytes));
    }
    const newer = encode([0, 2, named('node'), named('what it may hold')]);
    assert.throws(
      () => decodeJoinMessage(newer),
      (error) => isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED'),
    );
    assert.deepEqual(decodeJoinMessage(encode([2, 99])), { type: 'refused', reason: 'unable' });
  });

  test('what opens a folder is whole, or refused', () => {
    const fields = decode(encodeHandover(handover)) as CborValue[];
    const changes: readonly (readonly [number, CborValue])[] = [
      [1, named('folder').slice(1)],
      [2, 'secret'],
      [3, []],
      [3, [[named('first epoch')]]],
      [4, 'x'.repeat(256)],
      [5, [1, 2, 3]],
      [5, [1, 7, 64, 1024]],
      [6, 3],
      [7, 'node'],
    ];
    for (const [at, value] of changes) {
      assert.throws(() => decodeHandover(encode(fields.with(at, value))), invalid, String(at));
    }
    assert.throws(
      () => decodeHandover(encode(fields.with(0, 2))),
      (error) => isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED'),
    );
  });

  test('a request is good for its node, connection and invite alone', () => {
    const verify: Parameters<typeof isGenuineRequest>[0] = (node, label, message, signature) =>
      verifySignature(sodium, { label, message, signature, signKey: fromHex(node) });
    assert.ok(request.type === 'request');
    assert.equal(isGenuineRequest(verify, request, session), true);
    const other = openIdentity(sodium, { sign: named('other'), exchange: named('other') });
    assert.equal(isGenuineRequest(verify, { ...request, node: other.id }, session), false);
    for (const change of [
      { sessionHash: named('another session') },
      { invite: named('another invite') },
      { joiner: other.exchangeKey },
    ]) {
      assert.equal(isGenuineRequest(verify, request, { ...session, ...change }), false);
    }
  });
});
