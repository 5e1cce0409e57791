import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import sodiumWrappers from 'libsodium-wrappers';
import { concat, fromHex, toHex, utf8 } from '../../src/bytes.ts';
import { isVaultError } from '../../src/errors.ts';
import {
  MAX_NOISE_BYTES,
  MAX_NOISE_PLAIN_BYTES,
  NoiseCipher,
  REKEY_EVERY,
} from '../../src/crypto/noise-cipher.ts';
import {
  beginHandshake,
  FIRST_OVERHEAD,
  readHandshake,
  SECOND_OVERHEAD,
  type NoiseParty,
  type NoiseSession,
  type StaticKey,
} from '../../src/crypto/noise-handshake.ts';
import { NoiseTranscript } from '../../src/crypto/noise-transcript.ts';
import { loadSodium } from '../../src/crypto/sodium.ts';
import type { RandomSource } from '../../src/random.ts';
import { readVectors } from '../helpers/project.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { fixedRandom, named } from './fixtures.ts';

const sodium = await loadSodium();
await sodiumWrappers.ready;

/** As published: see test/vectors/noise-README.md. */
interface Published {
  protocol_name: string;
  init_prologue: string;
  init_psks: readonly [string];
  init_static: string;
  init_ephemeral: string;
  init_remote_static: string;
  resp_prologue: string;
  resp_psks: readonly [string];
  resp_static: string;
  resp_ephemeral: string;
  handshake_hash: string;
  messages: readonly { payload: string; ciphertext: string }[];
}

function staticKey(secret: Uint8Array): StaticKey {
  const pair = sodium.exchangePair(secret);
  return {
    exchangeKey: pair.publicKey,
    exchange: (publicKey) => sodium.exchange(pair.secretKey, publicKey),
  };
}

const prologue = utf8('test');
const psk = named('psk');

function party(name: string, random: RandomSource = seededRandom(`${name} once`)): NoiseParty {
  return { sodium, random, own: staticKey(named(name)), prologue };
}

/** Two ends that have shaken hands. */
function connected(): { near: NoiseSession; far: NoiseSession } {
  const [a, b] = [party('a'), party('b')];
  const begun = beginHandshake(a, b.own.exchangeKey, utf8('knock'));
  const answered = readHandshake(b, begun.message)?.answer(utf8('come in'), psk);
  assert.ok(answered);
  const finished = begun.finish(answered.message, psk);
  assert.ok(finished);
  return { near: finished.session, far: answered.session };
}

test('the handshake and what follows are those of the published vectors', () => {
  const all = readVectors('noise-ikpsk2-25519-chachapoly-sha256.json') as Published[];
  assert.equal(all.length, 1);
  for (const vector of all) {
    assert.equal(vector.protocol_name, 'Noise_IKpsk2_25519_ChaChaPoly_SHA256');
    const initiator: NoiseParty = {
      sodium,
      random: fixedRandom(fromHex(vector.init_ephemeral)),
      own: staticKey(fromHex(vector.init_static)),
      prologue: fromHex(vector.init_prologue),
    };
    const responder: NoiseParty = {
      sodium,
      random: fixedRandom(fromHex(vector.resp_ephemeral)),
      own: staticKey(fromHex(vector.resp_static)),
      prologue: fromHex(vector.resp_prologue),
    };
    const [first, second, ...rest] = vector.messages;
    assert.ok(first && second);
    const remote = fromHex(vector.init_remote_static);
    const begun = beginHandshake(initiator, remote, fromHex(first.payload));
    assert.equal(toHex(begun.message), first.ciphertext);
    const approach = readHandshake(responder, begun.message);
    assert.deepEqual(approach?.peer, initiator.own.exchangeKey);
    assert.equal(toHex(approach.payload), first.payload);
    const answered = approach.answer(fromHex(second.payload), fromHex(vector.resp_psks[0]));
    assert.equal(toHex(answered.message), second.ciphertext);
    const finished = begun.finish(answered.message, fromHex(vector.init_psks[0]));
    assert.ok(finished);
    assert.equal(toHex(finished.payload), second.payload);
    for (const { hash } of [finished.session, answered.session]) {
      assert.equal(toHex(hash), vector.handshake_hash);
    }
    rest.forEach(({ payload, ciphertext }, at) => {
      const ends = [finished.session, answered.session];
      const [from, to] = at % 2 === 0 ? ends : ends.toReversed();
      assert.ok(from && to);
      const sealed = from.send.seal(fromHex(payload));
      assert.equal(toHex(sealed), ciphertext);
      assert.equal(toHex(to.receive.open(sealed) ?? utf8('nothing')), payload);
    });
    assert.equal(rest.length, 4);
  }
});

describe('the handshake', () => {
  test('brings both payloads over, of any length, and says who is there', () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constant(new Uint8Array(60_000)),
    );
    fc.assert(
      fc.property(payload, payload, fc.nat(), (there, back, seed) => {
        const a = party('a', seededRandom(`a ${seed}`));
        const b = party('b', seededRandom(`b ${seed}`));
        const begun = beginHandshake(a, b.own.exchangeKey, there);
        assert.equal(begun.message.length, there.length + FIRST_OVERHEAD);
        const approach = readHandshake(b, begun.message);
        assert.deepEqual(approach?.peer, a.own.exchangeKey);
        assert.deepEqual(approach.payload, there);
        const answered = approach.answer(back, psk);
        assert.equal(answered.message.length, back.length + SECOND_OVERHEAD);
        const finished = begun.finish(answered.message, psk);
        assert.deepEqual(finished?.payload, back);
        assert.deepEqual(finished.session.hash, answered.session.hash);
      }),
      { numRuns: 25 },
    );
  });

  test('shows nothing of who speaks: what is said twice has no byte in common but by chance', () => {
    const [a, b] = [party('a'), party('b')];
    const say = (): Uint8Array => beginHandshake(a, b.own.exchangeKey, new Uint8Array(64)).message;
    const [one, two] = [say(), say()];
    const equal = one.filter((byte, at) => byte === two[at]).length;
    assert.ok(equal < 10, `${equal} of ${one.length} bytes are equal`);
    assert.ok(!toHex(one).includes(toHex(a.own.exchangeKey)));
    assert.ok(!toHex(one).includes(toHex(b.own.exchangeKey)));
  });

  test('a first message with any byte changed, cut or added opens nowhere', () => {
    const [a, b] = [party('a'), party('b')];
    const { message } = beginHandshake(a, b.own.exchangeKey, utf8('knock'));
    for (let at = 0; at < message.length; at++) {
      const changed = message.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7));
      assert.equal(readHandshake(b, changed), undefined, `byte ${at}`);
      assert.equal(readHandshake(b, message.subarray(0, at)), undefined, `${at} bytes`);
    }
    assert.equal(readHandshake(b, concat(message, Uint8Array.of(0))), undefined);
    assert.equal(readHandshake(b, new Uint8Array(MAX_NOISE_BYTES + 1)), undefined);
    assert.ok(readHandshake(b, message));
  });

  test('a second message with any byte changed or cut ends nothing well', () => {
    const b = party('b');
    const length = 7 + SECOND_OVERHEAD;
    for (let at = 0; at < length; at++) {
      for (const isCut of [true, false]) {
        const begun = beginHandshake(party('a'), b.own.exchangeKey, utf8('knock'));
        const message = readHandshake(b, begun.message)?.answer(utf8('come in'), psk).message;
        assert.equal(message?.length, length);
        const changed = isCut ? message.subarray(0, at) : message.slice();
        // The topmost bit of an X25519 key is not part of it, but of what is hashed.
        if (!isCut) changed[at] = (changed[at] ?? 0) ^ 0x80;
        assert.equal(begun.finish(changed, psk), undefined, `byte ${at}`);
      }
    }
  });

  test('opens only for the node it is meant for, with the same prologue and shared key', () => {
    const [a, b, c] = [party('a'), party('b'), party('c')];
    const knock = (): ReturnType<typeof beginHandshake> =>
      beginHandshake(a, b.own.exchangeKey, utf8('knock'));
    assert.equal(readHandshake(c, knock().message), undefined);
    assert.equal(readHandshake({ ...b, prologue: utf8('other') }, knock().message), undefined);
    const begun = knock();
    const answered = readHandshake(b, begun.message)?.answer(new Uint8Array(0), named('other'));
    assert.ok(answered);
    assert.equal(begun.finish(answered.message, psk), undefined);
  });

  test('keys of low order, which make secrets that anybody knows, are refused', () => {
    const low = [
      new Uint8Array(32),
      fromHex('0100000000000000000000000000000000000000000000000000000000000000'),
      fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
      fromHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
    ];
    const [a, b] = [party('a'), party('b')];
    for (const key of low) {
      assert.throws(
        () => beginHandshake(a, key, utf8('knock')),
        (error) => isVaultError(error, 'VAULT_NOT_PERMITTED'),
      );
      assert.equal(readHandshake(b, concat(key, new Uint8Array(100))), undefined);
      const begun = beginHandshake(a, b.own.exchangeKey, utf8('knock'));
      assert.equal(begun.finish(concat(key, new Uint8Array(40)), psk), undefined);
    }
  });

  test('is finished once, from either side: a second time would use a nonce again', () => {
    const [a, b] = [party('a'), party('b')];
    const begun = beginHandshake(a, b.own.exchangeKey, utf8('knock'));
    const approach = readHandshake(b, begun.message);
    assert.ok(approach);
    const { message } = approach.answer(new Uint8Array(0), psk);
    assert.throws(() => approach.answer(new Uint8Array(0), psk), TypeError);
    assert.ok(begun.finish(message, psk));
    assert.throws(() => begun.finish(message, psk), TypeError);
  });

  test('takes only payloads and keys that fit', () => {
    const [a, b] = [party('a'), party('b')];
    const { exchangeKey } = b.own;
    const most = MAX_NOISE_BYTES - FIRST_OVERHEAD;
    assert.throws(() => beginHandshake(a, exchangeKey, new Uint8Array(most + 1)), RangeError);
    const begun = beginHandshake(a, exchangeKey, new Uint8Array(most));
    assert.equal(begun.message.length, MAX_NOISE_BYTES);
    const answer = (payload: number, key: number): unknown =>
      readHandshake(b, begun.message)?.answer(new Uint8Array(payload), new Uint8Array(key));
    assert.throws(() => answer(MAX_NOISE_BYTES - SECOND_OVERHEAD + 1, 32), RangeError);
    assert.throws(() => answer(0, 31), RangeError);
    assert.throws(() => new NoiseTranscript('a short name'), RangeError);
    assert.throws(() => new NoiseTranscript('x'.repeat(33)).seal(utf8('early')), TypeError);
  });
});

describe('a session', () => {
  test('carries messages of any length both ways', () => {
    const { near, far } = connected();
    const random = seededRandom('session');
    for (const length of [0, 1, 100, MAX_NOISE_PLAIN_BYTES]) {
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        const plain = random.bytes(length);
        const sealed = from.send.seal(plain);
        assert.equal(sealed.length, length + 16);
        assert.deepEqual(to.receive.open(sealed), plain);
      }
    }
    assert.throws(() => near.send.seal(new Uint8Array(MAX_NOISE_PLAIN_BYTES + 1)), RangeError);
  });

  test('takes each message once, in order, unaltered; after anything else nothing', () => {
    const wrongs: ((one: Uint8Array, two: Uint8Array) => Uint8Array[])[] = [
      (one) => [one, one],
      (_one, two) => [two],
      (one, two) => [one, concat(two, Uint8Array.of(0))],
      (one, two) => [one, two.subarray(1)],
      (one) => [one, new Uint8Array(15)],
      (one) => [one, new Uint8Array(MAX_NOISE_BYTES + 1)],
    ];
    for (const [number, wrong] of wrongs.entries()) {
      const { near, far } = connected();
      const [one, two, three] = ['one', 'two', 'three'].map((text) => near.send.seal(utf8(text)));
      assert.ok(one && two && three);
      const opened = wrong(one, two).map((sealed) => far.receive.open(sealed));
      assert.equal(opened.at(-1), undefined, `case ${number}`);
      for (const sealed of [one, two, three]) assert.equal(far.receive.open(sealed), undefined);
    }
  });

  test('what one end sent does not open at that end', () => {
    const { near } = connected();
    assert.equal(near.receive.open(near.send.seal(utf8('mine'))), undefined);
  });

  test('changes its key every so often, both ends alike, so that old messages stay closed', () => {
    const cipher = (counter: number): NoiseCipher => new NoiseCipher(named('key'), counter);
    const aead = (key: Uint8Array, counter: number, text: string): string => {
      const nonce = Buffer.alloc(12);
      nonce.writeUInt32LE(counter, 4);
      return toHex(
        sodiumWrappers.crypto_aead_chacha20poly1305_ietf_encrypt(
          utf8(text),
          null,
          null,
          nonce,
          key,
        ),
      );
    };
    const last = Buffer.from('00000000ffffffffffffffff', 'hex');
    const next = sodiumWrappers
      .crypto_aead_chacha20poly1305_ietf_encrypt(new Uint8Array(32), null, null, last, named('key'))
      .slice(0, 32);
    const sender = cipher(REKEY_EVERY - 1);
    assert.equal(toHex(sender.seal(utf8('a'))), aead(named('key'), REKEY_EVERY - 1, 'a'));
    assert.equal(toHex(sender.seal(utf8('b'))), aead(next, REKEY_EVERY, 'b'));
    const { near, far } = connected();
    for (let count = 0; count < REKEY_EVERY * 2 + 3; count++) {
      assert.equal(far.receive.open(near.send.seal(Uint8Array.of(count & 255)))?.[0], count & 255);
    }
  });

  test('counts beyond 2^32, and ends before a counter could repeat', () => {
    const at = 2 ** 40 + 1;
    const [sender, receiver] = [new NoiseCipher(named('k'), at), new NoiseCipher(named('k'), at)];
    assert.deepEqual(receiver.open(sender.seal(utf8('far on'))), utf8('far on'));
    assert.equal(receiver.open(new NoiseCipher(named('k'), 1).seal(utf8('far on'))), undefined);
    const end = new NoiseCipher(named('k'), Number.MAX_SAFE_INTEGER - 1);
    end.seal(utf8('the last one'));
    assert.throws(
      () => end.seal(utf8('one more')),
      (error) => isVaultError(error, 'VAULT_CLOSED'),
    );
    assert.throws(() => new NoiseCipher(new Uint8Array(31)), RangeError);
  });
});

test('no bytes make the readers throw, nor anything open', () => {
  const b = party('b');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(readHandshake(b, bytes), undefined);
      assert.equal(new NoiseCipher(named('key')).open(bytes), undefined);
      const begun = beginHandshake(party('a'), b.own.exchangeKey, utf8('knock'));
      assert.equal(begun.finish(bytes, psk), undefined);
    }),
    { numRuns: 300 },
  );
});
