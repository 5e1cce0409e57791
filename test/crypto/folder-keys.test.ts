import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { toHex } from '../../src/bytes.ts';
import {
  deriveEpochKeys,
  deriveFolderKeys,
  deriveRootKeys,
  expandGearTable,
} from '../../src/crypto/folder-keys.ts';
import { aeadSeal, derive } from './independent.ts';

const secret = new Uint8Array(32).fill(0x5a);

function bytesOf(key: KeyObject | Uint8Array): string {
  return toHex(key instanceof Uint8Array ? key : key.export());
}

function all(of: Uint8Array): Map<string, string> {
  const keys = { ...deriveFolderKeys(of), ...deriveEpochKeys(of), ...deriveRootKeys(of) };
  return new Map(Object.entries(keys).map(([name, key]) => [name, bytesOf(key)]));
}

test('every key is HKDF of its own info string', () => {
  const infos = {
    idKey: 'vault v1 id key',
    chunkerKey: 'vault v1 chunker key',
    nameKey: 'vault v1 name key',
    metaKey: 'vault v1 meta key',
    digestKey: 'vault v1 digest key',
    chunkKey: 'vault v1 chunk key',
    recordKey: 'vault v1 record key',
    identityKey: 'vault v1 identity key',
    folderKey: 'vault v1 folder key',
    slotsKey: 'vault v1 slots key',
    homeKey: 'vault v1 home key',
  };
  const expected = Object.entries(infos).map(([name, info]) => [name, toHex(derive(secret, info))]);
  assert.deepEqual(all(secret), new Map(expected as [string, string][]));
});

test('no two keys are the same, nor any of two secrets', () => {
  const one = [...all(secret).values()];
  const other = [...all(new Uint8Array(32).fill(0x5b)).values()];
  assert.equal(new Set([...one, ...other]).size, 22);
});

test('a secret of another length is refused', () => {
  for (const length of [0, 16, 31, 33, 64]) {
    assert.throws(() => deriveFolderKeys(new Uint8Array(length)), RangeError);
    assert.throws(() => expandGearTable(new Uint8Array(length), 8), RangeError);
  }
});

test('the Gear table is the ChaCha20 key stream of the chunker key', () => {
  const key = deriveFolderKeys(secret).chunkerKey;
  const nonce = new Uint8Array(12);
  const table = expandGearTable(key, 2048);
  // The AEAD encrypts from block 1 on; block 0 of the zero key is in RFC 8439, A.1.
  const fromBlock1 = aeadSeal(key, nonce, new Uint8Array(0), new Uint8Array(2048 - 64));
  assert.deepEqual(table.slice(64), fromBlock1.slice(0, -16));
  assert.equal(
    toHex(expandGearTable(new Uint8Array(32), 64)),
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
      'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
  );
  assert.deepEqual(expandGearTable(key, 1024), table.slice(0, 1024));
});
