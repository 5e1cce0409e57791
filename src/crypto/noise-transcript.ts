/** What a Noise handshake has said so far, as keys: the SymmetricState of Noise, revision 34, §5.2. */

import { utf8, type Bytes } from '../bytes.ts';
import { hkdf, KEY_BYTES, sha256 } from './hash.ts';
import { NoiseCipher } from './noise-cipher.ts';

const NO_BYTES = new Uint8Array(0);

/** Both ends make the same one from what they say and share, or nothing of the other's opens. */
export class NoiseTranscript {
  #chain: Uint8Array;
  #hash: Uint8Array;
  #cipher: NoiseCipher | undefined;

  /** `name` is the protocol's name, longer than a hash. */
  constructor(name: string) {
    const bytes = utf8(name);
    if (bytes.length <= KEY_BYTES) throw new RangeError('expected the long name of a protocol');
    this.#hash = sha256(bytes);
    this.#chain = this.#hash;
  }

  /** Hash of everything so far; at the end, the name of the session. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  mixHash(bytes: Bytes): void {
    this.#hash = sha256(this.#hash, bytes);
  }

  mixKey(secret: Bytes): void {
    const [chain, key] = this.#derive(secret);
    this.#chain = chain;
    this.#cipher = new NoiseCipher(key);
  }

  /** Mixes in a key that both ends had before. */
  mixSharedKey(secret: Bytes): void {
    const [chain, hashed, key] = this.#derive(secret);
    this.#chain = chain;
    this.mixHash(hashed);
    this.#cipher = new NoiseCipher(key);
  }

  seal(plain: Bytes): Uint8Array {
    const sealed = this.#keyed().seal(plain, this.#hash);
    this.mixHash(sealed);
    return sealed;
  }

  /** Undefined where the other end's transcript was another one. */
  open(sealed: Bytes): Uint8Array | undefined {
    const plain = this.#keyed().open(sealed, this.#hash);
    this.mixHash(sealed);
    return plain;
  }

  /** Both directions of the session: the first is the initiator's to send with. */
  split(): readonly [NoiseCipher, NoiseCipher] {
    const [first, second] = this.#derive(NO_BYTES);
    this.#chain.fill(0);
    this.#cipher?.end();
    return [new NoiseCipher(first), new NoiseCipher(second)];
  }

  #keyed(): NoiseCipher {
    if (this.#cipher === undefined) throw new TypeError('expected a key to be mixed in first');
    return this.#cipher;
  }

  /** HKDF of Noise §4.3, which is that of RFC 5869 without info. */
  #derive(secret: Bytes): readonly [Uint8Array, Uint8Array, Uint8Array] {
    const out = hkdf(secret, NO_BYTES, 3 * KEY_BYTES, this.#chain);
    const part = (at: number): Uint8Array => out.slice(at * KEY_BYTES, (at + 1) * KEY_BYTES);
    return [part(0), part(1), part(2)];
  }
}
