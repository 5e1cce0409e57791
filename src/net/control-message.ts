/** What is said on channel 0, about folder channels: canonical CBOR arrays that begin with a number. */

import { concat, type Bytes } from '../bytes.ts';
import { asArray, asBytes, asInteger, decode, encode } from '../codec.ts';
import { VaultError } from '../errors.ts';
import { MAX_FOLDER_TOKENS, MAX_TOKEN_GENERATIONS } from '../limits.ts';
import { TOKEN_BYTES } from './folder-tokens.ts';
import { MAX_CHANNEL } from './frame.ts';

export type ControlMessage =
  /** The sender's tokens, from now on, one after another. */
  | { readonly type: 'tokens'; readonly generation: number; readonly tokens: Uint8Array }
  /** From the dialer: the folder of this token of the listener's is spoken of on this channel. */
  | {
      readonly type: 'open';
      readonly generation: number;
      readonly token: Uint8Array;
      readonly channel: number;
    };

export function encodeControl(message: ControlMessage): Uint8Array {
  switch (message.type) {
    case 'tokens':
      return encode([0, message.generation, message.tokens]);
    case 'open':
      return encode([1, message.generation, message.token, message.channel]);
  }
}

/** Throws `VAULT_ENTRY_INVALID` where `bytes` are no such message. */
export function decodeControl(bytes: Bytes): ControlMessage {
  const fields = asArray(decode(bytes), 3, 4);
  const type = asInteger(fields[0], 0, 1);
  const generation = asInteger(fields[1], 1, MAX_TOKEN_GENERATIONS);
  if (fields.length !== type + 3) throw new VaultError('VAULT_ENTRY_INVALID', 'malformed message');
  if (type === 0) {
    const tokens = asBytes(fields[2]);
    if (tokens.length > MAX_FOLDER_TOKENS * TOKEN_BYTES) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', 'too many tokens');
    }
    return { type: 'tokens', generation, tokens };
  }
  const token = asBytes(fields[2], TOKEN_BYTES);
  return { type: 'open', generation, token, channel: asInteger(fields[3], 1, MAX_CHANNEL) };
}

/** A list of tokens as a message has it. */
export function joinTokens(tokens: readonly Bytes[]): Uint8Array {
  return concat(...tokens);
}
