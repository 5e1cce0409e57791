/**
 * Messages of a folder channel in canonical CBOR: arrays that begin with the message's number. The
 * byte-level truth is docs/protocol.md.
 */

import { concat } from '../bytes.ts';
import { asArray, asBytes, asInteger, asText, decode, encode, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';
import {
  MAX_ENTRY_BYTES,
  MAX_FEATURE_LENGTH,
  MAX_HELLO_FEATURES,
  MAX_MESSAGE_BYTES,
  MAX_NAMES,
  MAX_OPEN_ASKS,
  MAX_KEY_RIDE_BYTES,
  MAX_RIDE_BYTES,
  MAX_RIDES,
  MAX_STATED_HEADS,
  SIGNED_EVERY,
} from '../limits.ts';
import { asId, idToBytes } from '../log/clock-codec.ts';
import { decodeHead, encodeHead } from '../log/head.ts';
import { invalid } from '../log/link.ts';
import { ID_BYTES } from '../log/log-id.ts';
import type { DataLane, HeldHead, ValueName } from './folder-side.ts';
import { endReasons, totalLength, type Entries, type Message } from './message.ts';
import { contentKey, isPageKey, keyBytes, pageKey, type ValueKey } from './value-key.ts';

export const PROTOCOL_VERSION = 1;

const numbers = {
  hello: 0,
  announce: 1,
  ask: 2,
  'no-range': 3,
  want: 4,
  cancel: 5,
  have: 6,
  'no-data': 7,
  credit: 8,
  'credit-back': 9,
  end: 10,
  entries: 16,
  value: 17,
} as const satisfies Record<Message['type'], number>;

const dataLanes: readonly DataLane[] = ['entries', 'small', 'bulk'];

/** The canonical bytes. {@link decodeMessage} on them throws where a limit was exceeded. */
export function encodeMessage(message: Message): Uint8Array {
  return encode([numbers[message.type], ...fieldsOf(message)]);
}

function fieldsOf(message: Message): CborValue[] {
  switch (message.type) {
    case 'hello':
      return [PROTOCOL_VERSION, message.features, message.heads.map(heldHeadToValue)];
    case 'announce':
      return [message.heads.map(heldHeadToValue)];
    case 'ask': {
      const { ask, log, from, toward, rideBytes } = message;
      return [ask, idToBytes(log), from, toward.seq, toward.hash, rideBytes];
    }
    case 'no-range':
      return [message.ask];
    case 'want':
      return [dataLanes.indexOf(message.lane), ...namesToValue(message.names)];
    case 'cancel':
      return [[...message.asks], ...keysToValue(message.keys)];
    case 'have':
      return keysToValue(message.keys);
    case 'no-data':
      return [...keysToValue(message.missing), ...keysToValue(message.expired)];
    case 'credit':
    case 'credit-back':
      return [message.total];
    case 'end':
      return [endReasons.indexOf(message.reason)];
    case 'entries': {
      const { ask, entries, end } = message;
      return [ask, entries, end === undefined ? null : [encodeHead(end.head), end.rides]];
    }
    case 'value':
      return [message.sealed];
  }
}

/**
 * The message of canonical bytes; arrays in it may share their memory. Nothing in it is verified but
 * its form. Throws `VAULT_ENTRY_INVALID` where it is malformed, `VAULT_LIMIT_EXCEEDED` where it is too
 * long, `VAULT_FORMAT_UNSUPPORTED` for a hello of another version.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `message above ${MAX_MESSAGE_BYTES} bytes`);
  }
  const [number, ...fields] = asArray(decode(bytes), 1, 8);
  switch (number) {
    case numbers.hello:
      return decodeHello(fields);
    case numbers.announce:
      asArray(fields, 1, 1);
      return { type: 'announce', heads: asHeldHeads(fields[0], 1) };
    case numbers.ask:
      return decodeAsk(fields);
    case numbers['no-range']:
      asArray(fields, 1, 1);
      return { type: 'no-range', ask: asInteger(fields[0]) };
    case numbers.want:
      asArray(fields, 3, 3);
      return {
        type: 'want',
        lane: dataLanes[asInteger(fields[0], 0, dataLanes.length - 1)] ?? 'bulk',
        names: asNames(fields[1], fields[2]),
      };
    case numbers.cancel: {
      asArray(fields, 3, 3);
      const asks = asArray(fields[0], 0, MAX_OPEN_ASKS).map((ask) => asInteger(ask));
      return { type: 'cancel', asks, keys: asKeys(fields[1], fields[2]) };
    }
    case numbers.have:
      asArray(fields, 2, 2);
      return { type: 'have', keys: asKeys(fields[0], fields[1]) };
    case numbers['no-data']:
      asArray(fields, 4, 4);
      return {
        type: 'no-data',
        missing: asKeys(fields[0], fields[1]),
        expired: asKeys(fields[2], fields[3]),
      };
    case numbers.credit:
    case numbers['credit-back']:
      asArray(fields, 1, 1);
      return {
        type: number === numbers.credit ? 'credit' : 'credit-back',
        total: asInteger(fields[0]),
      };
    case numbers.end: {
      asArray(fields, 1, 1);
      const reason = endReasons[asInteger(fields[0])];
      // A newer program may know more reasons; the session ends all the same.
      return { type: 'end', reason: reason ?? 'done' };
    }
    case numbers.entries:
      return decodeEntries(fields);
    case numbers.value:
      asArray(fields, 1, 1);
      return { type: 'value', sealed: asBytes(fields[0]) };
    default:
      throw invalid('a message of a known type');
  }
}

function decodeHello(fields: readonly CborValue[]): Message {
  const version = asInteger(fields[0]);
  if (version !== PROTOCOL_VERSION) {
    throw new VaultError('VAULT_FORMAT_UNSUPPORTED', `peer speaks protocol ${version}`, {
      hint: 'use the same version of vault on both machines',
      details: { version },
    });
  }
  asArray(fields, 3, 3);
  const features = asArray(fields[1], 0, MAX_HELLO_FEATURES);
  return {
    type: 'hello',
    features: features.map((name) => asText(name, MAX_FEATURE_LENGTH)),
    heads: asHeldHeads(fields[2], 0),
  };
}

function decodeAsk(fields: readonly CborValue[]): Message {
  asArray(fields, 6, 6);
  const from = asInteger(fields[2]);
  return {
    type: 'ask',
    ask: asInteger(fields[0]),
    log: asId(fields[1]),
    from,
    toward: { seq: asInteger(fields[3], from), hash: asBytes(fields[4], ID_BYTES) },
    rideBytes: asInteger(fields[5], 0, MAX_RIDE_BYTES),
  };
}

function decodeEntries(fields: readonly CborValue[]): Entries {
  asArray(fields, 3, 3);
  const entries = asArray(fields[1], 1, SIGNED_EVERY).map((entry) => asBytes(entry));
  if (entries.some(({ length }) => length === 0 || length > MAX_ENTRY_BYTES)) {
    throw invalid(`entries of at most ${MAX_ENTRY_BYTES} bytes`);
  }
  const ask = asInteger(fields[0]);
  const last = fields[2];
  if (last === null) return { type: 'entries', ask, entries, end: undefined };
  const [head, list] = asArray(last, 2, 2);
  const rides = asArray(list, 0, MAX_RIDES).map((ride) => asBytes(ride));
  const most = MAX_RIDE_BYTES + MAX_KEY_RIDE_BYTES;
  if (totalLength(rides) > most) throw invalid(`rides of ${most} bytes`);
  return { type: 'entries', ask, entries, end: { head: decodeHead(asBytes(head)), rides } };
}

function heldHeadToValue({ head, through }: HeldHead): CborValue {
  return [encodeHead(head), through];
}

function asHeldHeads(value: CborValue | undefined, min: number): HeldHead[] {
  return asArray(value, min, MAX_STATED_HEADS).map((item) => {
    const [bytes, through] = asArray(item, 2, 2);
    const head = decodeHead(asBytes(bytes));
    return { head, through: asInteger(through, 0, head.seq + 1) };
  });
}

/** Ids of contents one after another, then places of pages. */
function namesToValue(names: readonly ValueName[]): CborValue[] {
  const ids = names.flatMap((name) => (name.kind === 'content' ? [name.id] : []));
  const pages = names.flatMap((name) =>
    name.kind === 'page' ? [[idToBytes(name.log), name.seq, name.hash]] : [],
  );
  return [concat(...ids), pages];
}

function asNames(ids: CborValue | undefined, pages: CborValue | undefined): ValueName[] {
  const names: ValueName[] = asIds(ids).map((id) => ({ kind: 'content', id }));
  for (const item of asArray(pages, 0, MAX_NAMES)) {
    const [log, seq, hash] = asArray(item, 3, 3);
    names.push({
      kind: 'page',
      log: asId(log),
      seq: asInteger(seq),
      hash: asBytes(hash, ID_BYTES),
    });
  }
  if (names.length === 0 || names.length > MAX_NAMES) throw invalid(`1 … ${MAX_NAMES} names`);
  return names;
}

/** Ids of contents one after another, then hashes of pages' entries. */
function keysToValue(keys: readonly ValueKey[]): CborValue[] {
  const of = (isPage: boolean): Uint8Array =>
    concat(...keys.filter((key) => isPageKey(key) === isPage).map(keyBytes));
  return [of(false), of(true)];
}

function asKeys(ids: CborValue | undefined, hashes: CborValue | undefined): ValueKey[] {
  const keys = [...asIds(ids).map(contentKey), ...asIds(hashes).map(pageKey)];
  if (keys.length > MAX_NAMES) throw invalid(`at most ${MAX_NAMES} names`);
  return keys;
}

function asIds(value: CborValue | undefined): Uint8Array[] {
  const bytes = asBytes(value);
  if (bytes.length % ID_BYTES !== 0 || bytes.length > MAX_NAMES * ID_BYTES) {
    throw invalid(`at most ${MAX_NAMES} ids`);
  }
  return Array.from({ length: bytes.length / ID_BYTES }, (_, at) =>
    bytes.subarray(at * ID_BYTES, (at + 1) * ID_BYTES),
  );
}
