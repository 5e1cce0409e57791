import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode } from '../../src/codec.ts';
import { isVaultError, VaultError } from '../../src/errors.ts';
import {
  decodeHead,
  encodeHead,
  headMessage,
  isSignedPosition,
  signedPositions,
  signHead,
  verifyHead,
} from '../../src/log/head.ts';
import {
  alice,
  folder,
  log,
  named,
  otherLog,
  sampleNode,
  verifySample,
} from '../helpers/log-samples.ts';

const entry = { log, seq: 70_000_000_000, hash: named('entry') };
const head = signHead(alice.sign, folder, entry);

describe('heads', () => {
  test('are read back as they were written', () => {
    assert.deepEqual(decodeHead(encodeHead(head)), head);
  });

  test('verify for their node and folder, and not for others', () => {
    assert.ok(verifyHead(verifySample, folder, alice.id, head));
    assert.ok(!verifyHead(verifySample, folder, sampleNode('bob').id, head));
    assert.ok(!verifyHead(verifySample, named('another folder'), alice.id, head));
  });

  test('a change of any field breaks the signature', () => {
    const changes = [{ log: otherLog }, { seq: head.seq + 1 }, { hash: named('other') }];
    for (const change of changes) {
      assert.ok(!verifyHead(verifySample, folder, alice.id, { ...head, ...change }));
    }
  });

  test('the message is folder, log, number and hash', () => {
    const expected = Buffer.concat([
      folder,
      Buffer.from(log, 'hex'),
      Buffer.from('000000104c533c00', 'hex'),
      entry.hash,
    ]);
    assert.deepEqual(headMessage(folder, entry), new Uint8Array(expected));
    assert.throws(() => headMessage(folder.subarray(1), entry), RangeError);
  });

  test('cut, longer or of another format they are refused', () => {
    const bytes = encodeHead(head);
    for (let at = 0; at < bytes.length; at++) {
      assert.throws(() => decodeHead(bytes.subarray(0, at)), VaultError);
    }
    assert.throws(
      () => decodeHead(encode([1, named('a'), 0, named('b'), new Uint8Array(64), null])),
      (error) => isVaultError(error, 'VAULT_ENTRY_INVALID'),
    );
    assert.throws(
      () => decodeHead(encode([2, 'whatever comes'])),
      (error) => isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED'),
    );
  });

  test('a flipped byte never gives a head that verifies', () => {
    const bytes = encodeHead(head);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      try {
        assert.ok(!verifyHead(verifySample, folder, alice.id, decodeHead(damaged)), `byte ${at}`);
      } catch (error) {
        assert.ok(error instanceof VaultError, String(error));
      }
    }
  });

  test('are signed at the end and at every 1024th number on the way', () => {
    assert.deepEqual(signedPositions(0, 0), [0]);
    assert.deepEqual(signedPositions(1, 5), [5]);
    assert.deepEqual(signedPositions(1000, 1024), [1024]);
    assert.deepEqual(signedPositions(1000, 3000), [1024, 2048, 3000]);
    assert.ok(isSignedPosition(2048) && !isSignedPosition(2047));
  });
});
