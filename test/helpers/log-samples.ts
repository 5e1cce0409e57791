import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { toHex } from '../../src/bytes.ts';
import { secretKey, sha256 } from '../../src/crypto/hash.ts';
import { signedBytes } from '../../src/crypto/identity.ts';
import { deriveEpochKeys } from '../../src/crypto/folder-keys.ts';
import type { RecordKeys } from '../../src/log/entry-records.ts';
import type { Sign, VerifySignature } from '../../src/log/head.ts';
import { folderId, logId } from '../../src/log/log-id.ts';
import type { StoredRecord } from '../../src/log/other-record.ts';
import { signMemberRecord } from '../../src/log/member-record.ts';
import { epochIdOf } from '../../src/log/rotation-record.ts';
import type { Body, Link, RotationRecord } from '../../src/log/types.ts';

/** 32 bytes that stand for something called `name`: its SHA-256. */
export function named(name: string): Uint8Array {
  return sha256(Buffer.from(name, 'utf8'));
}

export function namedHex(name: string): string {
  return toHex(named(name));
}

/** Ed25519 by `node:crypto`: the implementation that is not the one in use. */
function signingKeyOf(name: string): ReturnType<typeof createPrivateKey> {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const key = Buffer.concat([prefix, named(`${name} signing seed`)]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** A node whose signing seed is the SHA-256 of `<name> signing seed`. */
export function sampleNode(name: string): { readonly id: string; readonly sign: Sign } {
  const key = signingKeyOf(name);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    id: spki.subarray(-32).toString('hex'),
    sign: (label, message) => new Uint8Array(sign(null, signedBytes(label, message), key)),
  };
}

export const verifySample: VerifySignature = (node, label, message, signature) => {
  const key = Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from(node, 'hex'),
  ]);
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
  return verify(null, signedBytes(label, message), publicKey, signature);
};

export const alice = sampleNode('alice');
export const folderSalt = named('folder salt');
export const folder = folderId(alice.id, folderSalt);
export const incarnation = named('incarnation').slice(0, 16);
export const log = logId(alice.id, folder, incarnation);
export const otherLog = namedHex('another log');

export const rotation: RotationRecord = {
  type: 'rotation',
  after: [],
  recipients: [
    {
      node: alice.id,
      sealed: new Uint8Array([
        ...named('sealed 1'),
        ...named('sealed 2'),
        ...named('sealed 3'),
      ]).slice(0, 80),
    },
  ],
  time: 1_800_000_000_000_001,
};
export const epoch = epochIdOf(rotation);
export const keys: RecordKeys = {
  folder,
  recordKey: deriveEpochKeys(named('epoch secret')).recordKey,
};
export const otherKey = secretKey(named('another record key'));

export const fileLink: Link = {
  path: 'notes/plan.md',
  kind: 'file',
  time: 1_800_000_000_000_100,
  parents: [],
  digest: named('digest').slice(0, 16),
};
export const fileBody: Body = {
  manifest: { size: 1234, depth: 0, root: named('root') },
  mtimeNs: 1_800_000_000_123_456_789n,
  executable: true,
  symlink: undefined,
  unstable: false,
};

const parent = { log, seq: 0, index: 2, hash8: named('entry 0').slice(0, 8) };

/** One record of each type. */
export const sampleRecords: readonly StoredRecord[] = [
  {
    type: 'log-start',
    node: alice.id,
    nodeName: 'laptop',
    incarnation,
    folderSalt,
    previous: undefined,
  },
  rotation,
  signMemberRecord(alice.sign, folder, {
    type: 'member',
    action: 'admit',
    node: alice.id,
    exchangeKey: named('exchange key'),
    role: 'manage',
    cutoffs: [],
    after: [],
    time: 1_800_000_000_000_002,
    by: alice.id,
  }),
  signMemberRecord(alice.sign, folder, {
    type: 'member',
    action: 'remove',
    node: sampleNode('bob').id,
    exchangeKey: named('exchange key of bob'),
    role: 'read',
    cutoffs: [{ log: otherLog, seq: 41, hash: named('last accepted') }],
    after: [named('membership record')],
    time: 1_800_000_000_000_003,
    by: alice.id,
  }),
  {
    type: 'snapshot',
    id: named('snapshot').slice(0, 16),
    time: 1_800_000_000_000_200,
    clock:
      otherLog < log
        ? new Map([
            [otherLog, 42],
            [log, 2],
          ])
        : new Map([
            [log, 2],
            [otherLog, 42],
          ]),
    message: 'before the move, größer',
    tags: ['release', 'v1'],
    pinned: true,
  },
  {
    type: 'checkpoint-part',
    id: named('checkpoint').slice(0, 16),
    part: 0,
    parts: 1,
    time: 1_800_000_000_000_300,
    covered: [{ log: otherLog, count: 42, hash: named('last accepted') }],
    live: [
      {
        ...fileLink,
        parents: [parent],
        dot: { log: otherLog, seq: 41, index: 3 },
        hash8: named('last accepted').slice(0, 8),
      },
    ],
  },
  {
    type: 'drop-set',
    action: 'drop',
    dots: [
      { log: otherLog, seq: 3, index: 0 },
      { log: otherLog, seq: 3, index: 7 },
    ],
    snapshots: [named('snapshot').slice(0, 16)],
    time: 1_800_000_000_000_400,
  },
];

/** A record as JSON: byte strings as `hex:…`, maps as lists of pairs, big integers as text. */
export function toJson(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `hex:${toHex(value)}`;
  if (value instanceof Map) return [...value].map(toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
  }
  return value;
}
