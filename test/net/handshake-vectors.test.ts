/** The bytes of a connection's beginning, held against committed ones: nodes of today meet those of later. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex, toHex } from '../../src/bytes.ts';
import { beginHandshake, readHandshake } from '../../src/crypto/noise-handshake.ts';
import { encodeControl, joinTokens } from '../../src/net/control-message.ts';
import { folderToken, tokenSet } from '../../src/net/folder-tokens.ts';
import { NO_PSK } from '../../src/net/gate.ts';
import { knockCookie, REFUSAL } from '../../src/net/http-request.ts';
import { encodeKnock, encodeWelcome, PROLOGUE } from '../../src/net/knock.ts';
import { pad, paddedLength } from '../../src/net/padding.ts';
import { staticKey, testDoor } from '../helpers/doors.ts';
import { projectPath } from '../helpers/project.ts';
import { seededRandom } from '../helpers/seeded.ts';

const file = projectPath('test', 'vectors', 'handshake.json');
const named = (name: string, length = 32): Uint8Array => seededRandom(name).bytes(length);

/** Everything that is made anew and must be as committed, by name. */
function made(): Record<string, string | number[]> {
  const { sodium } = testDoor('dialer', []).party;
  const [dialer, listener] = [staticKey('dialer'), staticKey('listener')];
  const run = named('run', 16);
  const member = encodeKnock({ sentUs: 1_767_225_600_000_000, run });
  const joiner = encodeKnock({ sentUs: 1_767_225_600_000_001, run, invite: named('invite') });
  const welcome = encodeWelcome({ run: named('other run', 16) });
  const party = { sodium, prologue: PROLOGUE };
  const begun = beginHandshake(
    { ...party, own: dialer, random: seededRandom('dialer once') },
    listener.exchangeKey,
    member,
  );
  const answered = readHandshake(
    { ...party, own: listener, random: seededRandom('listener once') },
    begun.message,
  )?.answer(welcome, NO_PSK);
  assert.ok(answered);
  const finished = begun.finish(answered.message, NO_PSK);
  assert.ok(finished);
  const { session } = finished;
  const [first, second] = [named('folder one'), named('folder two')];
  const context = { generation: 1, sessionHash: session.hash } as const;
  const token = folderToken(first, { ...context, speaker: 'listener' });
  const tokens = tokenSet([first, second], { ...context, speaker: 'dialer' }, seededRandom('pad'));
  return {
    dialerKey: toHex(dialer.exchangeKey),
    listenerKey: toHex(listener.exchangeKey),
    prologue: toHex(PROLOGUE),
    memberKnock: toHex(member),
    joinerKnock: toHex(joiner),
    welcome: toHex(welcome),
    cookie: knockCookie(begun.message),
    answer: toHex(answered.message),
    sessionHash: toHex(session.hash),
    confirmation: toHex(session.send.seal(pad('confirmation'))),
    frame: toHex(session.send.seal(pad('frame', Uint8Array.of(0, 1, 0, 0)))),
    alive: toHex(answered.session.send.seal(pad('alive'))),
    end: toHex(answered.session.send.seal(pad('end'))),
    paddedLengths: [1, 128, 129, 145, 1000, 5000, 40_000, 65_000, 65_519].map(paddedLength),
    listenerToken: toHex(token),
    tokens: toHex(encodeControl({ type: 'tokens', generation: 1, tokens: joinTokens(tokens) })),
    open: toHex(encodeControl({ type: 'open', generation: 1, token, channel: 1 })),
    refusal: toHex(REFUSAL),
  };
}

// `VAULT_VECTORS=write` makes the file anew: only for a new version, never to make a test pass.
if (process.env['VAULT_VECTORS'] === 'write') {
  const about =
    'The beginning of a connection of protocol 1: see docs/protocol.md. Keys and ids are made from names.';
  writeFileSync(file, `${JSON.stringify({ about, ...made() }, null, 2)}\n`);
}
const committed = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string | number[]>;

test('a connection begins with the bytes that it had when protocol 1 was fixed', () => {
  const { about, ...vectors } = committed;
  assert.match(String(about), /protocol 1/);
  assert.deepEqual(made(), vectors);
  assert.equal(fromHex(String(vectors['answer'])).length, 80);
  assert.equal(String(vectors['cookie']).length, 2 + 214);
});
