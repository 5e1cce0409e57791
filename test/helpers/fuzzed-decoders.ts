/** Everything that reads bytes of a peer, with good bytes to begin from. */

import assert from 'node:assert/strict';
import { equalBytes, fromHex, utf8 } from '../../src/bytes.ts';
import { NoiseCipher } from '../../src/crypto/noise-cipher.ts';
import { readHandshake } from '../../src/crypto/noise-handshake.ts';
import { parseHeader } from '../../src/crypto/sealed-value.ts';
import { loadZstd } from '../../src/crypto/zstd.ts';
import { isVaultError } from '../../src/errors.ts';
import { MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES } from '../../src/limits.ts';
import { logCompressor } from '../../src/log/compressed-block.ts';
import { decodeBody, encodeBody } from '../../src/log/body.ts';
import { decodePage, encodePage } from '../../src/log/entry-page.ts';
import { openEntry } from '../../src/log/entry.ts';
import { decodeHead, encodeHead } from '../../src/log/head.ts';
import { decodeLinkBlock } from '../../src/log/link-block.ts';
import { decodeOtherRecord } from '../../src/log/other-record.ts';
import { decodeControl, encodeControl } from '../../src/net/control-message.ts';
import { readTokens } from '../../src/net/folder-tokens.ts';
import { FrameJoiner, FrameQueue } from '../../src/net/frame.ts';
import { parseUpgrade, RequestReader } from '../../src/net/http-request.ts';
import {
  decodeKnock,
  decodeWelcome,
  encodeKnock,
  encodeWelcome,
  messageOfText,
  PROLOGUE,
} from '../../src/net/knock.ts';
import { parseInvite } from '../../src/net/invite-text.ts';
import {
  decodeHandover,
  decodeJoinMessage,
  encodeHandover,
  encodeJoinMessage,
} from '../../src/net/join-message.ts';
import { decodeMessage, encodeMessage } from '../../src/net/message-codec.ts';
import { pad, unpad } from '../../src/net/padding.ts';
import { testDoor } from './doors.ts';
import { readVectors } from './project.ts';
import { upgradeRequest } from './probes.ts';
import { seededRandom } from './seeded.ts';

const zstd = await loadZstd();

export interface FuzzedDecoder {
  readonly name: string;
  /** Good bytes. */
  readonly samples: readonly Uint8Array[];
  /** Reads once in so many rounds: what takes long is read less often. */
  readonly every: number;
  /** Whether the bytes were taken. Throws where the decoder does anything but take or refuse them. */
  readonly read: (bytes: Uint8Array) => boolean;
}

/** A decoder that gives a value or throws; `again`, where given, must make the same bytes of the value. */
function throwing<T>(
  decode: (bytes: Uint8Array) => T,
  again?: (value: T) => Uint8Array,
): FuzzedDecoder['read'] {
  return (bytes) => {
    let value: T;
    try {
      value = decode(bytes);
    } catch (error) {
      if (isVaultError(error)) return false;
      throw error;
    }
    if (again !== undefined) assert.ok(equalBytes(again(value), bytes), 'written otherwise');
    return true;
  };
}

/** The same for one that answers undefined to what it refuses. */
function refusing<T>(
  decode: (bytes: Uint8Array) => T | undefined,
  again?: (value: T) => Uint8Array,
): FuzzedDecoder['read'] {
  return (bytes) => {
    const value = decode(bytes);
    if (value === undefined) return false;
    if (again !== undefined) assert.ok(equalBytes(again(value), bytes), 'written otherwise');
    return true;
  };
}

interface LogVectors {
  readonly bodies: readonly { readonly bytes: string }[];
  readonly linkBlocks: readonly { readonly bytes: string }[];
  readonly records: readonly { readonly type: number; readonly bytes: string }[];
  readonly log: readonly { readonly entry: string; readonly page: string | null }[];
  readonly head: string;
}

/** All of them. */
export function fuzzedDecoders(): readonly FuzzedDecoder[] {
  const handshake = readVectors('handshake.json') as Readonly<Record<string, string>>;
  const { messages } = readVectors('messages.json') as { messages: readonly { bytes: string }[] };
  const join = readVectors('join.json') as {
    readonly messages: readonly { readonly bytes: string }[];
    readonly handover: string;
    readonly invite: { readonly line: string };
  };
  const logs = readVectors('log.json') as LogVectors;
  const sealedValues = (readVectors('crypto.json') as { sealedValues: { sealed: string }[] })
    .sealedValues;
  const vector = (name: string): Uint8Array => fromHex(handshake[name] ?? '');
  const all = (list: readonly { readonly bytes: string }[]): Uint8Array[] =>
    list.map(({ bytes }) => fromHex(bytes));
  const { cookie = '' } = handshake;
  const knock = messageOfText(cookie.slice(2));
  assert.ok(knock);
  const compressor = logCompressor(zstd);
  const { party } = testDoor('listener', []);
  const noise = { ...party, random: seededRandom('fuzz'), prologue: PROLOGUE };
  const types = new Set(logs.records.map(({ type }) => type));
  const pages = logs.log.flatMap(({ page }) => (page === null ? [] : [fromHex(page)]));
  const records = [...types].map((type): FuzzedDecoder => {
    const samples = all(logs.records.filter((record) => record.type === type));
    const read = throwing((bytes) => decodeOtherRecord(type, bytes, compressor));
    return { name: `record ${type}`, samples, every: 1, read };
  });
  const decoders: Omit<FuzzedDecoder, 'every'>[] = [
    {
      name: 'request',
      samples: [upgradeRequest(cookie), upgradeRequest(`a=b; ${cookie}`, '/a/long/path')],
      read: (bytes) => {
        const reader = new RequestReader();
        reader.add(bytes);
        assert.ok(reader.head.length <= MAX_REQUEST_BYTES);
        return parseUpgrade(reader.head) !== undefined;
      },
    },
    {
      name: 'cookie',
      samples: [utf8(cookie.slice(2))],
      read: refusing((bytes) => messageOfText(Buffer.from(bytes).toString('latin1'))),
    },
    {
      name: 'knock',
      samples: [vector('memberKnock'), vector('joinerKnock')],
      read: refusing(decodeKnock, encodeKnock),
    },
    { name: 'welcome', samples: [vector('welcome')], read: refusing(decodeWelcome, encodeWelcome) },
    {
      name: 'padding',
      samples: [pad('frame', new Uint8Array(300).fill(5)), pad('end'), pad('confirmation')],
      read: refusing(unpad, ({ kind, frame }) => pad(kind, frame)),
    },
    {
      name: 'tokens',
      samples: [vector('tokens').subarray(-512)],
      read: refusing(readTokens),
    },
    {
      name: 'control message',
      samples: [vector('tokens'), vector('open')],
      read: throwing(decodeControl, encodeControl),
    },
    {
      name: 'message',
      samples: all(messages),
      read: throwing((bytes) => {
        const message = decodeMessage(bytes);
        // Reasons that a later version may have are read as one of ours.
        if (message.type !== 'end') assert.ok(equalBytes(encodeMessage(message), bytes));
      }),
    },
    {
      name: 'join message',
      samples: all(join.messages),
      read: throwing((bytes) => {
        const message = decodeJoinMessage(bytes);
        if (message.type !== 'refused') assert.ok(equalBytes(encodeJoinMessage(message), bytes));
      }),
    },
    {
      name: 'handover',
      samples: [fromHex(join.handover)],
      read: throwing(decodeHandover, encodeHandover),
    },
    {
      name: 'invite',
      samples: [utf8(join.invite.line)],
      read: throwing((bytes) => parseInvite(Buffer.from(bytes).toString('latin1'))),
    },
    { name: 'frames', samples: frameSamples(), read: readFrames },
    {
      name: 'sealed value',
      samples: sealedValues.map(({ sealed }) => fromHex(sealed)),
      read: throwing(parseHeader),
    },
    {
      name: 'entry',
      samples: logs.log.map(({ entry }) => fromHex(entry)),
      read: throwing(openEntry),
    },
    { name: 'page', samples: pages, read: throwing(decodePage, encodePage) },
    { name: 'head', samples: [fromHex(logs.head)], read: throwing(decodeHead, encodeHead) },
    { name: 'body', samples: all(logs.bodies), read: throwing(decodeBody, encodeBody) },
    { name: 'links', samples: all(logs.linkBlocks.slice(0, 1)), read: throwing(decodeLinkBlock) },
  ];
  return [
    ...decoders.map((decoder): FuzzedDecoder => ({ ...decoder, every: 1 })),
    ...records,
    {
      name: 'sealed message',
      samples: [vector('frame'), vector('end')],
      every: 10,
      read: refusing((bytes) => new NoiseCipher(new Uint8Array(32)).open(bytes)),
    },
    {
      name: 'first message',
      samples: [knock],
      every: 500,
      read: refusing((bytes) => readHandshake(noise, bytes)),
    },
  ];
}

/** Frames after one another, each behind its length u16. */
function frameSamples(): readonly Uint8Array[] {
  const queue = new FrameQueue();
  queue.push(1, 'control', new Uint8Array(20));
  queue.push(2, 'bulk', new Uint8Array(100));
  queue.push(1, 'control', new Uint8Array(1));
  const parts: number[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    parts.push(next.frame.length >> 8, next.frame.length & 0xff, ...next.frame);
  }
  return [Uint8Array.from(parts)];
}

const readFrames: FuzzedDecoder['read'] = (bytes) => {
  const joiner = new FrameJoiner();
  let joined = 0;
  for (let at = 0; at + 2 < bytes.length;) {
    const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    try {
      const message = joiner.add(bytes.subarray(at + 2, at + 2 + length));
      if (message !== undefined) joined++;
      assert.ok((message?.bytes.length ?? 0) <= MAX_MESSAGE_BYTES);
    } catch (error) {
      if (isVaultError(error)) return false;
      throw error;
    }
    at += 2 + length;
  }
  return joined > 0;
};
