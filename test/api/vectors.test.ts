import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  decodeCommand,
  decodeFromDaemon,
  encodeCommand,
  encodeFromDaemon,
  type CommandMessage,
  type DaemonMessage,
} from '../../src/api/api-message.ts';
import {
  checkProof,
  decodeHello,
  decodeProof,
  decodeWelcome,
  encodeHello,
  encodeProof,
  encodeWelcome,
  proofOf,
} from '../../src/api/greeting.ts';
import { shapes } from '../../src/api/operation-table.ts';
import { toHex } from '../../src/bytes.ts';
import { decode, encode, type CborValue } from '../../src/codec.ts';
import { VaultError } from '../../src/errors.ts';
import { FileError } from '../../src/system/file-system.ts';
import { projectPath } from '../helpers/project.ts';
import { rejects } from '../helpers/rejects.ts';

const file = projectPath('test', 'vectors', 'api.json');

const keys = { secret: new Uint8Array(32).fill(1), homeId: '0123456789abcdef'.repeat(2) };
const command = { version: 1, program: '0.1.0', nonce: new Uint8Array(32).fill(2) };
const daemon = { version: 1, program: '0.1.0', nonce: new Uint8Array(32).fill(3) };
const state = { locked: false, deviceKey: true, place: '64768:1234' };

const fromCommand: readonly CommandMessage[] = [
  { kind: 'call', operation: 'status', args: [{ folders: ['work', '\udce9'], limit: 0.5 }] },
  { kind: 'cancel' },
  { kind: 'answer', answer: true },
  { kind: 'answer', answer: undefined },
];
const fromDaemon: readonly DaemonMessage[] = [
  { kind: 'event', event: { type: 'warning', message: 'cannot be read', path: 'a' } },
  { kind: 'question', text: 'go on?' },
  { kind: 'content', bytes: new Uint8Array([1, 2, 3]) },
  { kind: 'result', value: { files: 1, snapshot: null } },
  {
    kind: 'failure',
    error: new VaultError('VAULT_NOT_FOUND', 'no folder', {
      hint: 'add one',
      details: { size: 2n ** 60n },
      cause: new FileError('ENOENT', 'read', '/x'),
    }),
  },
];

const hex = (value: CborValue): string => toHex(encode(value));

test('greetings and messages are the bytes of the vectors', () => {
  const proofs = {
    daemon: proofOf(keys, 'daemon', command, daemon),
    command: proofOf(keys, 'command', command, daemon),
  };
  const actual = {
    secret: toHex(keys.secret),
    homeId: keys.homeId,
    greeting: [
      hex(encodeHello(command)),
      hex(encodeWelcome({ ...daemon, proof: proofs.daemon, state })),
      hex(encodeProof(proofs.command)),
    ],
    command: fromCommand.map((message) => hex(encodeCommand(message))),
    daemon: fromDaemon.map((message) => hex(encodeFromDaemon(message))),
  };
  if (process.env['VAULT_WRITE_VECTORS'] === '1') {
    writeFileSync(file, `${JSON.stringify(actual, undefined, 2)}\n`);
  }
  assert.deepEqual(actual, JSON.parse(readFileSync(file, 'utf8')));
});

test('greetings and messages come back as they were', () => {
  const again = (value: CborValue): CborValue => decode(encode(value));
  assert.deepEqual(decodeHello(again(encodeHello(command))), command);
  const proof = proofOf(keys, 'daemon', command, daemon);
  const welcome = { ...daemon, proof, state };
  assert.deepEqual(decodeWelcome(again(encodeWelcome(welcome))), welcome);
  assert.deepEqual(decodeProof(again(encodeProof(proof))), proof);
  for (const message of fromCommand) {
    assert.deepEqual(decodeCommand(again(encodeCommand(message))), message);
  }
  for (const message of fromDaemon) {
    const back = decodeFromDaemon(again(encodeFromDaemon(message)));
    if (message.kind !== 'failure') assert.deepEqual(back, message);
  }
});

test('an error keeps its code, hint, details and causes', () => {
  const sent = fromDaemon.at(-1);
  const back = decodeFromDaemon(decode(encode(encodeFromDaemon(sent as DaemonMessage))));
  assert.ok(back.kind === 'failure' && back.error instanceof VaultError);
  const { code, message, hint, details, cause } = back.error;
  assert.deepEqual(
    { code, message, hint, details },
    {
      code: 'VAULT_NOT_FOUND',
      message: 'no folder',
      hint: 'add one',
      details: { size: 2n ** 60n },
    },
  );
  assert.ok(cause instanceof FileError && cause.code === 'ENOENT' && cause.path === '/x');
});

test('a proof is one for one speaker, one home, one secret and one greeting only', async () => {
  const right = proofOf(keys, 'daemon', command, daemon);
  checkProof(right, proofOf(keys, 'daemon', command, daemon));
  const nonce = new Uint8Array(32).fill(9);
  const others = [
    proofOf(keys, 'command', command, daemon),
    proofOf({ ...keys, homeId: 'f'.repeat(32) }, 'daemon', command, daemon),
    proofOf({ ...keys, secret: nonce }, 'daemon', command, daemon),
    proofOf(keys, 'daemon', { ...command, nonce }, daemon),
    proofOf(keys, 'daemon', command, { ...daemon, nonce }),
    proofOf(keys, 'daemon', { ...command, version: 2 }, daemon),
  ];
  for (const other of others) await rejects('VAULT_REFUSED', () => checkProof(right, other));
});

test('messages of no known form are refused', async () => {
  const wrong: CborValue[] = [
    [],
    [9],
    [0],
    [0, 'status'],
    [0, 'status', [1, 'a', 1]],
    [0, 'x'.repeat(65), [0]],
    [2, 'yes'],
    ['vault api', 0, '', new Uint8Array(32)],
    ['vault', 1, '', new Uint8Array(32)],
  ];
  for (const value of wrong) {
    await rejects('VAULT_ENTRY_INVALID', () => decodeCommand(value));
    await rejects('VAULT_ENTRY_INVALID', () => decodeHello(value));
  }
  for (const value of [[], [0, 1], [1, 2], [2, 'text'], [4, null], [5, 1]] as CborValue[]) {
    await rejects('VAULT_ENTRY_INVALID', () => decodeFromDaemon(value));
  }
});

test('every operation is served, under names short enough to be called', () => {
  assert.ok(Object.keys(shapes).length > 30);
  for (const name of Object.keys(shapes)) assert.ok(name.length <= 64);
});
