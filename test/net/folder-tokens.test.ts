import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concat, mapKey, toHex } from '../../src/bytes.ts';
import { isVaultError } from '../../src/errors.ts';
import { MAX_FOLDER_TOKENS } from '../../src/limits.ts';
import { decodeControl, encodeControl, joinTokens } from '../../src/net/control-message.ts';
import { folderToken, readTokens, statedFolders, tokenSet } from '../../src/net/folder-tokens.ts';
import { seededRandom } from '../helpers/seeded.ts';

const random = seededRandom('tokens');
const ids = (count: number): Uint8Array[] => Array.from({ length: count }, () => random.bytes(32));
const sessionHash = random.bytes(32);
const context = { speaker: 'dialer', generation: 1, sessionHash } as const;

describe('folder tokens', () => {
  test('of one folder differ by speaker, generation and connection', () => {
    const [folder = sessionHash, other = sessionHash] = ids(2);
    const all = [
      folderToken(folder, context),
      folderToken(other, context),
      folderToken(folder, { ...context, speaker: 'listener' }),
      folderToken(folder, { ...context, generation: 2 }),
      folderToken(folder, { ...context, sessionHash: random.bytes(32) }),
    ];
    assert.equal(new Set(all.map(toHex)).size, all.length);
  });

  test('are stated among random ones, a power of two of them, in the order of their bytes', () => {
    for (const [count, padded] of [
      [0, 16],
      [1, 16],
      [16, 16],
      [17, 32],
      [100, 128],
      [MAX_FOLDER_TOKENS, MAX_FOLDER_TOKENS],
    ] as const) {
      const folders = ids(count);
      const tokens = tokenSet(folders, context, random);
      assert.equal(tokens.length, padded);
      assert.deepEqual(tokens.map(toHex), tokens.map(toHex).toSorted());
      const stated = readTokens(joinTokens(tokens));
      assert.ok(stated);
      const known = [...folders, ...ids(5)];
      assert.deepEqual(
        statedFolders(known, stated, context),
        known.map((_, at) => at < count),
      );
      const back = { ...context, speaker: 'listener' } as const;
      assert.ok(!statedFolders(known, stated, back).includes(true), 'said back they mean nothing');
    }
    assert.throws(() => tokenSet(ids(MAX_FOLDER_TOKENS + 1), context, random), RangeError);
  });

  test('of another form are refused', () => {
    const tokens = tokenSet([], context, random);
    const wrong = [
      [],
      tokens.slice(1),
      [...tokens, random.bytes(32)],
      tokens.toReversed(),
      [...tokens.slice(0, 15), tokens[14] ?? sessionHash],
      Array.from({ length: 2 * MAX_FOLDER_TOKENS }, () => sessionHash),
    ];
    for (const list of wrong) assert.equal(readTokens(joinTokens(list)), undefined);
    assert.equal(readTokens(concat(joinTokens(tokens), Uint8Array.of(1))), undefined);
    assert.equal(readTokens(joinTokens(tokens))?.has(mapKey(tokens[3] ?? sessionHash)), true);
  });
});

describe('messages about channels', () => {
  test('are read as they were written, and nothing else is', () => {
    const tokens = joinTokens(tokenSet([], context, random));
    for (const message of [
      { type: 'tokens', generation: 1, tokens },
      { type: 'open', generation: 4096, token: sessionHash, channel: 65_535 },
    ] as const) {
      const bytes = encodeControl(message);
      assert.deepEqual(decodeControl(bytes), message);
      for (let at = 0; at < bytes.length; at++) {
        assert.throws(() => decodeControl(bytes.subarray(0, at)), isVaultError);
      }
    }
    for (const wrong of [
      { type: 'open', generation: 0, token: sessionHash, channel: 1 },
      { type: 'open', generation: 1, token: sessionHash, channel: 0 },
      { type: 'open', generation: 1, token: tokens, channel: 1 },
      { type: 'open', generation: 4097, token: sessionHash, channel: 1 },
      { type: 'open', generation: 1, token: sessionHash, channel: 65_536 },
      { type: 'tokens', generation: 1, tokens: new Uint8Array(32 * 1025) },
    ] as const) {
      assert.throws(() => decodeControl(encodeControl(wrong)), isVaultError);
    }
  });

  test('no bytes make reading them throw anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          assert.deepEqual(encodeControl(decodeControl(bytes)), bytes);
        } catch (error) {
          if (!isVaultError(error)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
