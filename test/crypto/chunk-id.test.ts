import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunkId } from '../../src/crypto/chunk-id.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { mac } from './independent.ts';

test('a chunk id is the HMAC of type and content in an independent implementation', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constantFrom(1 as const, 2 as const),
      fc.uint8Array({ maxLength: 3000 }),
      (key, type, plain) => {
        const id = chunkId(secretKey(key), type, plain);
        assert.deepEqual(id, mac(key, Uint8Array.of(type), plain));
      },
    ),
  );
});

test('content, type and key each change the id', () => {
  const plain = new Uint8Array(100);
  const ids = [
    chunkId(secretKey(new Uint8Array(32)), 1, plain),
    chunkId(secretKey(new Uint8Array(32)), 2, plain),
    chunkId(secretKey(new Uint8Array(32).fill(1)), 1, plain),
    chunkId(secretKey(new Uint8Array(32)), 1, plain.subarray(1)),
  ].map((id) => Buffer.from(id).toString('hex'));
  assert.equal(new Set(ids).size, 4);
});
