/**
 * Formats that must never change, held against committed bytes: a home written once stays readable.
 * The bytes are made again here and, where that is possible, by independent implementations.
 */

import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { test } from 'node:test';
import libsodium from 'libsodium-wrappers';
import { fromHex, toHex, utf8 } from '../../src/bytes.ts';
import { chunkId } from '../../src/crypto/chunk-id.ts';
import { formatDeviceKey, parseDeviceKey } from '../../src/crypto/device-key.ts';
import {
  deriveEpochKeys,
  deriveFolderKeys,
  deriveRootKeys,
  expandGearTable,
} from '../../src/crypto/folder-keys.ts';
import { openIdentity, verifySignature } from '../../src/crypto/identity.ts';
import { openRecord, sealRecord } from '../../src/crypto/record-seal.ts';
import { formatRecoveryCode, parseRecoveryCode } from '../../src/crypto/recovery-code.ts';
import { openRow, sealRow } from '../../src/crypto/row-seal.ts';
import { openValue, parseHeader, sealedBound, sealValue } from '../../src/crypto/sealed-value.ts';
import type { ValueType } from '../../src/crypto/sealed-value.ts';
import { decodeSlots, encodeSlots } from '../../src/crypto/slots-file.ts';
import { openSlots } from '../../src/crypto/slots.ts';
import { loadSodium } from '../../src/crypto/sodium.ts';
import { loadZstd } from '../../src/crypto/zstd.ts';
import { readVectors } from '../helpers/project.ts';
import { fixedRandom } from './fixtures.ts';
import { mac, plainValue, record } from './independent.ts';

interface Vectors {
  keySchedule: {
    folderSecret: string;
    folderKeys: Record<string, string>;
    gearTable64: string;
    epochSecret: string;
    epochKeys: Record<string, string>;
    rootKey: string;
    rootKeys: Record<string, string>;
  };
  chunkIds: { type: 1 | 2; plain: string; id: string }[];
  sealedValues: {
    type: ValueType;
    codec: number;
    id: string;
    epoch: string;
    nonce: string;
    plain: string;
    sealed: string;
  }[];
  records: {
    folder: string;
    log: string;
    seq: number;
    index: number;
    type: number;
    epoch: string;
    nonce: string;
    plain: string;
    sealed: string;
  }[];
  rows: { rowKey: string; plain: string; nonce: string; sealed: string }[];
  recoveryCodes: { bytes: string; code: string }[];
  deviceKey: { key: string; file: string };
  identity: Record<
    'signSeed' | 'exchangeSeed' | 'signKey' | 'exchangeKey' | 'label' | 'message' | 'signature',
    string
  >;
  slots: Record<'passphrase' | 'recoveryCode' | 'deviceKey' | 'rootKey' | 'file', string>;
  sealedBox: Record<'ephemeral' | 'plain' | 'sealed', string>;
}

const vectors = readVectors('crypto.json') as Vectors;
const { keySchedule } = vectors;
const [sodium, zstd] = await Promise.all([loadSodium(), loadZstd()]);
await libsodium.ready;

const folderKeys = deriveFolderKeys(fromHex(keySchedule.folderSecret));
const epochSecret = fromHex(keySchedule.epochSecret);
const epochKeys = deriveEpochKeys(epochSecret);

function exported(keys: object): Record<string, string> {
  const entries = Object.entries(keys) as [string, KeyObject | Uint8Array][];
  return Object.fromEntries(
    entries.map(([name, key]) => [name, toHex(key instanceof Uint8Array ? key : key.export())]),
  );
}

test('the key schedule is the committed one', () => {
  assert.deepEqual(exported(folderKeys), keySchedule.folderKeys);
  assert.deepEqual(exported(epochKeys), keySchedule.epochKeys);
  assert.deepEqual(exported(deriveRootKeys(fromHex(keySchedule.rootKey))), keySchedule.rootKeys);
  assert.equal(toHex(expandGearTable(folderKeys.chunkerKey, 64)), keySchedule.gearTable64);
});

test('chunk ids are the committed ones, here and in an independent implementation', () => {
  const idKey = fromHex(keySchedule.folderKeys['idKey'] ?? '');
  for (const { type, plain, id } of vectors.chunkIds) {
    assert.equal(toHex(chunkId(folderKeys.idKey, type, fromHex(plain))), id);
    assert.equal(toHex(mac(idKey, Uint8Array.of(type), fromHex(plain))), id);
  }
  assert.equal(vectors.chunkIds.length, 6);
});

test('sealed values are the committed ones and open', () => {
  const types = new Set<number>();
  let compressed = 0;
  for (const vector of vectors.sealedValues) {
    const { type, codec } = vector;
    const [id, epoch, nonce] = [vector.id, vector.epoch, vector.nonce].map(fromHex);
    assert.ok(id && epoch && nonce);
    const plain = fromHex(vector.plain);
    const keyring = new Map([[vector.epoch, epochKeys]]);
    const opener = { keyring, idKey: folderKeys.idKey, zstd };
    const opened = openValue(fromHex(vector.sealed), opener, { type, id });
    assert.deepEqual(opened.plain, plain);
    assert.equal(parseHeader(fromHex(vector.sealed)).codec, codec);
    types.add(type);
    // Encoders may differ in how they compress: only what is stored as it is has one form.
    if (codec === 1) {
      compressed++;
      continue;
    }
    const out = new Uint8Array(sealedBound(plain.length));
    const random = fixedRandom(nonce);
    const request = { type, id, epoch, keys: epochKeys, plain, zstd, level: 0, random, out, at: 0 };
    assert.equal(toHex(out.subarray(0, sealValue(request))), vector.sealed);
    const independent = plainValue({ type, id, epoch, epochSecret, nonce, plain });
    assert.equal(toHex(independent), vector.sealed);
  }
  assert.deepEqual([types.size, compressed], [5, 1]);
});

test('sealed records are the committed ones and open', () => {
  assert.equal(vectors.records.length, 2);
  for (const vector of vectors.records) {
    const { seq, index, type } = vector;
    const [folder, log, epoch, nonce] = [
      fromHex(vector.folder),
      fromHex(vector.log),
      fromHex(vector.epoch),
      fromHex(vector.nonce),
    ];
    const plain = fromHex(vector.plain);
    const context = { folder, log, seq, index, type, epoch };
    const { recordKey } = epochKeys;
    const sealed = sealRecord({ recordKey, context, plain, random: fixedRandom(nonce) });
    assert.equal(toHex(sealed), vector.sealed);
    assert.equal(toHex(record({ ...context, epochSecret, nonce, plain })), vector.sealed);
    assert.deepEqual(openRecord({ recordKey, context, sealed }), plain);
  }
});

test('sealed rows are the committed ones and open', () => {
  assert.equal(vectors.rows.length, 2);
  for (const vector of vectors.rows) {
    const [rowKey, plain] = [fromHex(vector.rowKey), fromHex(vector.plain)];
    const random = fixedRandom(fromHex(vector.nonce));
    assert.equal(toHex(sealRow(folderKeys.metaKey, rowKey, plain, random)), vector.sealed);
    assert.deepEqual(openRow(folderKeys.metaKey, rowKey, fromHex(vector.sealed)), plain);
  }
});

test('recovery codes and device keys are written as committed', () => {
  for (const { bytes, code } of vectors.recoveryCodes) {
    assert.equal(formatRecoveryCode(fromHex(bytes)), code);
    assert.equal(toHex(parseRecoveryCode(code)), bytes);
  }
  assert.equal(vectors.recoveryCodes.length, 3);
  const { key, file } = vectors.deviceKey;
  assert.equal(Buffer.from(formatDeviceKey(fromHex(key))).toString(), file);
  assert.equal(toHex(parseDeviceKey(utf8(file))), key);
});

test('an identity, its signature and a box sealed to it are the committed ones', () => {
  const { identity, sealedBox } = vectors;
  const [sign, exchange] = [fromHex(identity.signSeed), fromHex(identity.exchangeSeed)];
  const own = openIdentity(sodium, { sign, exchange });
  assert.equal(toHex(own.signKey), identity.signKey);
  assert.equal(toHex(own.exchangeKey), identity.exchangeKey);
  const message = fromHex(identity.message);
  assert.equal(toHex(own.sign(identity.label, message)), identity.signature);
  const signature = fromHex(identity.signature);
  const { label } = identity;
  assert.ok(verifySignature(sodium, { label, message, signature, signKey: own.signKey }));
  const random = fixedRandom(fromHex(sealedBox.ephemeral));
  const sealed = sodium.sealTo(own.exchangeKey, fromHex(sealedBox.plain), random);
  assert.equal(toHex(sealed), sealedBox.sealed);
  assert.deepEqual(own.openSealedBox(sealed), fromHex(sealedBox.plain));
  const theirs = libsodium.crypto_box_seal_open(sealed, own.exchangeKey, exchange);
  assert.deepEqual(theirs, fromHex(sealedBox.plain));
});

test('the committed key slots open with each of their secrets', async () => {
  const { passphrase, recoveryCode, deviceKey, rootKey, file } = vectors.slots;
  const read = decodeSlots(fromHex(file));
  for (const [secret, label] of [
    [{ kind: 'passphrase', passphrase }, 'typed'],
    [{ kind: 'recovery-code', code: recoveryCode }, 'on paper'],
    [{ kind: 'device-key', key: fromHex(deviceKey) }, 'this machine'],
  ] as const) {
    const { root, slot } = await openSlots(sodium, read, secret);
    assert.equal(toHex(root), rootKey);
    assert.equal(slot.label, label);
  }
  assert.equal(toHex(encodeSlots(read.slots, fromHex(rootKey))), file);
});
