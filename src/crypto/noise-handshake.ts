/**
 * `Noise_IKpsk2_25519_ChaChaPoly_SHA256` (Noise, revision 34): two messages, after which both ends know
 * each other's keys and share a session that nobody else can read.
 *
 *   -> e, es, s, ss          32 + 48 + payload + 16 bytes; opens for the responder only
 *   <- e, ee, se, psk        32 + payload + 16 bytes
 *
 * The responder knows who speaks before it says anything. Nothing here reads or sends: bytes in, bytes out.
 */

import { concat, type Bytes } from '../bytes.ts';
import { isVaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import { TAG_BYTES } from './aead.ts';
import { KEY_BYTES } from './hash.ts';
import type { Identity } from './identity.ts';
import { MAX_NOISE_BYTES, type NoiseCipher } from './noise-cipher.ts';
import { NoiseTranscript } from './noise-transcript.ts';
import type { KeyPair, Sodium } from './sodium.ts';

const PROTOCOL = 'Noise_IKpsk2_25519_ChaChaPoly_SHA256';
/** A public key like any other, where there is none (RFC 7748 §4.1). */
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(KEY_BYTES - 1));
const SEALED_KEY_BYTES = KEY_BYTES + TAG_BYTES;
/** What the first message is longer than its payload, and the second. */
export const FIRST_OVERHEAD = KEY_BYTES + SEALED_KEY_BYTES + TAG_BYTES;
export const SECOND_OVERHEAD = KEY_BYTES + TAG_BYTES;

/** A node's lasting X25519 key. */
export type StaticKey = Pick<Identity, 'exchangeKey' | 'exchange'>;

export interface NoiseSession {
  /** 32 bytes that name this session, the same at both ends and in no other session. */
  readonly hash: Uint8Array;
  /** Seals what this end sends, opens what it receives. */
  readonly send: NoiseCipher;
  readonly receive: NoiseCipher;
}

/** What both ends need. */
export interface NoiseParty {
  readonly sodium: Sodium;
  /** Makes the key of this handshake alone. */
  readonly random: RandomSource;
  readonly own: StaticKey;
  /** What both ends must agree on beforehand: a handshake with another one opens nowhere. */
  readonly prologue: Bytes;
}

/** A handshake that was begun here. */
export interface Initiation {
  readonly message: Uint8Array;
  /**
   * Takes the answer; undefined where it does not prove that the responder has its key and `psk` (32
   * bytes). May be called once.
   */
  finish(answer: Bytes, psk: Bytes): Finished | undefined;
}

export interface Finished {
  readonly payload: Uint8Array;
  readonly session: NoiseSession;
}

/** A first message that was for us: who says it, and what. It may be an old one said again. */
export interface Approach {
  /** The initiator's static key. */
  readonly peer: Uint8Array;
  readonly payload: Uint8Array;
  /** The second message and the session. May be called once. */
  answer(
    payload: Bytes,
    psk: Bytes,
  ): { readonly message: Uint8Array; readonly session: NoiseSession };
}

/** Begins a handshake with the node of this static key. Throws `VAULT_NOT_PERMITTED` for a key of low order. */
export function beginHandshake(party: NoiseParty, peer: Bytes, payload: Bytes): Initiation {
  const { sodium, own } = party;
  if (payload.length > MAX_NOISE_BYTES - FIRST_OVERHEAD) {
    throw new RangeError(`payload of ${payload.length} bytes is too long`);
  }
  const said = begun(party, peer);
  const ephemeral = sodium.exchangePair(party.random.bytes(KEY_BYTES));
  mixEphemeral(said, ephemeral.publicKey);
  said.mixKey(sodium.exchange(ephemeral.secretKey, peer));
  const key = said.seal(own.exchangeKey);
  said.mixKey(own.exchange(peer));
  const message = concat(ephemeral.publicKey, key, said.seal(payload));
  return {
    message,
    finish: once((answer, psk) => {
      if (answer.length < SECOND_OVERHEAD || answer.length > MAX_NOISE_BYTES) return undefined;
      const theirs = answer.subarray(0, KEY_BYTES);
      mixEphemeral(said, theirs);
      const isMixed = mixExchanges(said, () => [
        sodium.exchange(ephemeral.secretKey, theirs),
        own.exchange(theirs),
      ]);
      ephemeral.secretKey.fill(0);
      if (!isMixed) return undefined;
      said.mixSharedKey(expectKey(psk));
      const heard = said.open(answer.subarray(KEY_BYTES));
      if (heard === undefined) return undefined;
      const [send, receive] = said.split();
      return { payload: heard, session: { hash: said.hash, send, receive } };
    }),
  };
}

/**
 * Reads a first message; undefined where it is none, is for another node, or of another prologue. All
 * messages of one length take the same time but for microseconds, wherever they turn out to be wrong.
 */
export function readHandshake(party: NoiseParty, message: Bytes): Approach | undefined {
  const { sodium, own } = party;
  if (message.length < FIRST_OVERHEAD || message.length > MAX_NOISE_BYTES) return undefined;
  const said = begun(party, own.exchangeKey);
  const theirs = message.slice(0, KEY_BYTES);
  mixEphemeral(said, theirs);
  const isFresh = mixExchanges(said, () => [own.exchange(theirs)]);
  const peer = said.open(message.subarray(KEY_BYTES, KEY_BYTES + SEALED_KEY_BYTES));
  const isKnown = mixExchanges(said, () => [own.exchange(peer ?? BASE_POINT)]);
  const payload = said.open(message.subarray(KEY_BYTES + SEALED_KEY_BYTES));
  if (!isFresh || peer === undefined || !isKnown || payload === undefined) return undefined;
  return {
    peer,
    payload,
    answer: once((reply, psk) => {
      if (reply.length > MAX_NOISE_BYTES - SECOND_OVERHEAD) {
        throw new RangeError(`payload of ${reply.length} bytes is too long`);
      }
      const ephemeral: KeyPair = sodium.exchangePair(party.random.bytes(KEY_BYTES));
      mixEphemeral(said, ephemeral.publicKey);
      said.mixKey(sodium.exchange(ephemeral.secretKey, theirs));
      said.mixKey(sodium.exchange(ephemeral.secretKey, peer));
      ephemeral.secretKey.fill(0);
      said.mixSharedKey(expectKey(psk));
      const answer = concat(ephemeral.publicKey, said.seal(reply));
      const [receive, send] = said.split();
      return { message: answer, session: { hash: said.hash, send, receive } };
    }),
  };
}

/** A transcript in which the responder's static key is known. */
function begun(party: NoiseParty, responder: Bytes): NoiseTranscript {
  const said = new NoiseTranscript(PROTOCOL);
  said.mixHash(party.prologue);
  said.mixHash(responder);
  return said;
}

/** Token `e` of a handshake with a shared key (Noise §9.2). */
function mixEphemeral(said: NoiseTranscript, publicKey: Bytes): void {
  said.mixHash(publicKey);
  said.mixKey(publicKey);
}

/** Mixes in shared secrets; false where a key of the other end has a low order, as no honest one has. */
function mixExchanges(said: NoiseTranscript, secrets: () => readonly Uint8Array[]): boolean {
  let all: readonly Uint8Array[];
  try {
    all = secrets();
  } catch (error) {
    if (isVaultError(error, 'VAULT_NOT_PERMITTED')) return false;
    throw error;
  }
  for (const secret of all) said.mixKey(secret);
  return true;
}

/** A second call would seal two messages under one key and nonce. */
function once<A extends unknown[], R>(run: (...args: A) => R): (...args: A) => R {
  let isUsed = false;
  return (...args) => {
    if (isUsed) throw new TypeError('expected one call');
    isUsed = true;
    return run(...args);
  };
}

function expectKey(psk: Bytes): Bytes {
  if (psk.length !== KEY_BYTES) {
    throw new RangeError(`expected a key of ${KEY_BYTES} bytes, got ${psk.length}`);
  }
  return psk;
}
