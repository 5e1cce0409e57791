/** One direction of an established Noise session: sealed messages, in order, each once. */

import { VaultError } from '../errors.ts';
import type { Bytes } from '../bytes.ts';
import { openSealed, sealInto, TAG_BYTES } from './aead.ts';
import { KEY_BYTES } from './hash.ts';

/** Longest sealed message, in bytes (Noise, revision 34, §3). */
export const MAX_NOISE_BYTES = 65_535;
/** Longest plain message. */
export const MAX_NOISE_PLAIN_BYTES = MAX_NOISE_BYTES - TAG_BYTES;
/**
 * After so many messages of a direction its key is replaced by one made from it: who learns a key
 * later cannot open what was sent before. At most 256 MiB go under one key.
 */
export const REKEY_EVERY = 4096;

const NOTHING = new Uint8Array(0);

/**
 * ChaCha20-Poly1305 under a key and a counter (CipherState of Noise §5.1, nonce as in §12.3). The
 * counter is never said and never goes back, so no nonce meets a key twice, and what is lost,
 * repeated, reordered or altered on the way does not open.
 */
export class NoiseCipher {
  #key: Uint8Array | undefined;
  #counter: number;

  /** Takes over the key of 32 bytes. `counter` is where it stands: 0 in a new session. */
  constructor(key: Uint8Array, counter = 0) {
    if (key.length !== KEY_BYTES) {
      throw new RangeError(`expected a key of ${KEY_BYTES} bytes, got ${key.length}`);
    }
    this.#key = key;
    this.#counter = counter;
  }

  /**
   * The next message, 16 bytes longer than `plain`. Throws `RangeError` above
   * {@link MAX_NOISE_PLAIN_BYTES}, `VAULT_CLOSED` once the direction is used up.
   */
  seal(plain: Bytes, aad: Bytes = NOTHING): Uint8Array {
    if (plain.length > MAX_NOISE_PLAIN_BYTES) {
      throw new RangeError(`expected ${MAX_NOISE_PLAIN_BYTES} bytes at most, got ${plain.length}`);
    }
    const key = this.#key;
    if (key === undefined) throw new VaultError('VAULT_CLOSED', 'the session is over');
    const sealed = new Uint8Array(plain.length + TAG_BYTES);
    sealInto(key, nonceOf(this.#counter), aad, plain, sealed, 0);
    this.#advance(key);
    return sealed;
  }

  /**
   * What the next message says, or undefined where it is not the one that was sent. After that nothing
   * opens any more: what follows a message that was lost or altered is not to be believed.
   */
  open(sealed: Bytes, aad: Bytes = NOTHING): Uint8Array | undefined {
    const key = this.#key;
    if (key === undefined) return undefined;
    const isWhole = sealed.length >= TAG_BYTES && sealed.length <= MAX_NOISE_BYTES;
    const plain = isWhole ? openSealed(key, nonceOf(this.#counter), aad, sealed) : undefined;
    if (plain === undefined) this.end();
    else this.#advance(key);
    return plain;
  }

  /** Forgets the key. */
  end(): void {
    this.#key?.fill(0);
    this.#key = undefined;
  }

  #advance(key: Uint8Array): void {
    this.#counter++;
    if (this.#counter >= Number.MAX_SAFE_INTEGER) this.end();
    else if (this.#counter % REKEY_EVERY === 0) this.#key = nextKey(key);
  }
}

/** REKEY of Noise §4.2: 32 zero bytes, enciphered under the greatest nonce. Wipes the old key. */
function nextKey(key: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(KEY_BYTES + TAG_BYTES);
  const nonce = Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255);
  sealInto(key, nonce, NOTHING, new Uint8Array(KEY_BYTES), sealed, 0);
  key.fill(0);
  return sealed.slice(0, KEY_BYTES);
}

/** Four zero bytes, and the counter as u64 little-endian. */
function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, counter % 0x1_0000_0000, true);
  view.setUint32(8, Math.floor(counter / 0x1_0000_0000), true);
  return nonce;
}
