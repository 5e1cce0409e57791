import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fromHex, toHex } from '../../src/bytes.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { loadZstd } from '../../src/crypto/zstd.ts';
import { contentDigest, decodeBody, encodeBody } from '../../src/log/body.ts';
import {
  buildEntries,
  noEntry,
  type BuiltEntry,
  type LogPosition,
  type NewRecord,
} from '../../src/log/entry-builder.ts';
import { decodePage, encodePage } from '../../src/log/entry-page.ts';
import { openBody, openLinks, openOtherRecord } from '../../src/log/entry-records.ts';
import { openEntry } from '../../src/log/entry.ts';
import {
  decodeHead,
  decodeStoredHead,
  encodeHead,
  encodeStoredHead,
  signHead,
  verifyHead,
} from '../../src/log/head.ts';
import { unpackBlock } from '../../src/log/compressed-block.ts';
import { decodeLinkBlock, encodeLinkBlock } from '../../src/log/link-block.ts';
import { branchLogId } from '../../src/log/log-id.ts';
import { decodeOtherRecord, encodeOtherRecord, recordNumber } from '../../src/log/other-record.ts';
import type { Body, Link, VectorClock } from '../../src/log/types.ts';
import {
  alice,
  epoch,
  fileBody,
  fileLink,
  folder,
  folderSalt,
  incarnation,
  keys,
  log,
  named,
  otherLog,
  sampleRecords,
  toJson,
  verifySample,
} from '../helpers/log-samples.ts';
import { projectPath } from '../helpers/project.ts';
import { seededRandom } from '../helpers/seeded.ts';

const file = projectPath('test', 'vectors', 'log.json');
const seed = 'log vectors';

interface Example {
  readonly name: string;
  readonly bytes: string;
  readonly value?: unknown;
}
interface Vectors {
  readonly about: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly bodies: readonly Example[];
  readonly digests: readonly Example[];
  readonly linkBlocks: readonly Example[];
  readonly records: readonly (Example & { readonly type: number })[];
  readonly log: readonly {
    readonly entry: string;
    readonly hash: string;
    readonly page: string | null;
    readonly links: unknown;
    readonly records: unknown;
  }[];
  readonly head: string;
  /** The same as a store keeps it, with when it came. */
  readonly seenHead: string;
}

const other = { manifest: undefined, mtimeNs: -1n, executable: false, unstable: false };
const bodies: readonly (readonly [string, Body])[] = [
  ['file of one chunk', fileBody],
  [
    'empty file',
    { ...fileBody, manifest: { size: 0, depth: 0, root: undefined }, executable: false },
  ],
  [
    'large file, changed while it was read',
    { ...fileBody, manifest: { size: 2 ** 40, depth: 3, root: named('root') }, unstable: true },
  ],
  ['symlink', { ...other, symlink: '../target' }],
  ['symlink that is not UTF-8', { ...other, symlink: 'caf\udce9' }],
  ['directory', { ...other, symlink: undefined }],
];

const parents = [
  { log: otherLog, seq: 41, index: 3, hash8: named('last accepted').slice(0, 8) },
  { log: otherLog, seq: 41, index: 5, hash8: named('last accepted').slice(0, 8) },
];
const links: readonly Link[] = [
  fileLink,
  { ...fileLink, path: 'caf\udce9', time: fileLink.time + 5, parents },
  {
    ...fileLink,
    path: 'notes',
    kind: 'directory',
    time: fileLink.time + 2,
    digest: new Uint8Array(0),
  },
  {
    ...fileLink,
    path: 'moved',
    kind: 'symlink',
    time: fileLink.time + 9,
    parents: parents.slice(0, 1),
  },
];

/** A log of three entries: its start, some versions on top of another log, a snapshot of it all. */
function sampleLog(): BuiltEntry[] {
  const context = { ...keys, epoch, random: seededRandom(seed) };
  const built: BuiltEntry[] = [];
  let position: LogPosition = { log, seq: 0, previous: noEntry };
  const add = (records: readonly NewRecord[], clock: VectorClock): void => {
    for (const entry of buildEntries(records, position, clock, context)) {
      built.push(entry);
      position = { log, seq: entry.entry.seq + 1, previous: entry.entry.hash };
    }
  };
  const byType = (type: string): NewRecord[] =>
    sampleRecords.filter((record) => record.type === type);
  add([...byType('log-start'), ...byType('rotation'), ...byType('member')], new Map());
  const versions = links.map((link, at): NewRecord => {
    const body = bodies[[0, 0, 5, 3][at] as number]?.[1];
    return { type: 'version', link, body };
  });
  const gone: Link = {
    ...fileLink,
    kind: 'deletion',
    digest: new Uint8Array(0),
    parents: [{ log, seq: 0, index: 0, hash8: (built[0] as BuiltEntry).entry.hash.slice(0, 8) }],
  };
  add([...versions, { type: 'version', link: gone, body: undefined }], new Map([[otherLog, 42]]));
  add([...byType('snapshot'), ...byType('checkpoint-part'), ...byType('drop-set')], new Map());
  return built;
}

function contentsOf({ entry, page }: BuiltEntry): { links: unknown; records: unknown } {
  const opened = openLinks(entry, keys);
  const kinds = new Map(opened.map((link) => [link.dot.index, link.kind]));
  const records = [...(page === undefined ? [] : decodePage(page).records)].map(
    ([index, sealed]) => {
      const kind = kinds.get(index);
      return {
        index,
        value:
          kind === undefined
            ? openOtherRecord(entry, index, sealed, keys)
            : openBody(entry, index, kind, sealed, keys),
      };
    },
  );
  return { links: toJson(opened), records: toJson(records) };
}

function makeVectors(): Vectors {
  const built = sampleLog();
  const { entry: last } = built.at(-1) as BuiltEntry;
  const head = signHead(alice.sign, folder, { log, seq: last.seq, hash: last.hash });
  return {
    about:
      'Formats of docs/format.md. A 32-byte value called "x" is the SHA-256 of the text x; the node signs with the Ed25519 seed "alice signing seed". Nonces are the stream of src/system/seeded-random.ts for the seed "log vectors". Nothing is compressed but linkBlocks[1].',
    inputs: {
      signingSeed: toHex(named('alice signing seed')),
      node: alice.id,
      folderSalt: toHex(folderSalt),
      folder: toHex(folder),
      incarnation: toHex(incarnation),
      log,
      branch: branchLogId(log, named('first diverging entry')),
      firstDiverging: toHex(named('first diverging entry')),
      epoch,
      epochSecret: toHex(named('epoch secret')),
      digestKey: toHex(named('digest key')),
    },
    bodies: bodies.map(([name, body]) => ({
      name,
      value: toJson(body),
      bytes: toHex(encodeBody(body)),
    })),
    digests: bodies.map(([name, body]) => ({
      name,
      bytes: toHex(contentDigest(secretKey(named('digest key')), body)),
    })),
    linkBlocks: [
      { name: 'plain', value: toJson(links), bytes: toHex(encodeLinkBlock(links)) },
      { name: 'packed with zstd', bytes: packedBlock },
    ],
    records: sampleRecords.map((record) => ({
      name: record.type,
      type: recordNumber(record),
      value: toJson(record),
      bytes: toHex(encodeOtherRecord(record, undefined)),
    })),
    log: built.map((made) => ({
      entry: toHex(made.bytes),
      hash: toHex(made.entry.hash),
      page: made.page === undefined ? null : toHex(made.page),
      ...contentsOf(made),
    })),
    head: toHex(encodeHead(head)),
    seenHead: toHex(encodeStoredHead({ head, seenAt: 1_767_225_600_000_000 })),
  };
}

/** The plain block as one zstd encoder packed it once: encoders may differ, so it is only ever read. */
const packedBlock =
  '01000000a028b52ffd20a02d0400b407894400000201841b0006651728988064052207581e6e6f7465732f706c616e2e6d6400636166e900006d6f76656458300bf474896363505e5ea5e5d6ace8ebfb5820cff875b46edfe1df771d5c69c0c429607018d0006fc19fb72c8a22d986166c608200182948b7498eaf1456f9f18480840003000580820003f60200ccc403264c3d';

// `VAULT_VECTORS=write` makes the file anew: only for a new format, never to make a test pass.
if (process.env['VAULT_VECTORS'] === 'write') {
  writeFileSync(file, `${JSON.stringify(makeVectors(), null, 2)}\n`);
}
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('golden vectors of the log', () => {
  test('everything is written byte for byte as it was when the format was frozen', () => {
    assert.deepEqual(makeVectors(), vectors);
  });

  test('bodies are read from their bytes', () => {
    vectors.bodies.forEach(({ name, bytes }, at) => {
      assert.deepEqual(decodeBody(fromHex(bytes)), bodies[at]?.[1], name);
    });
  });

  test('records are read from their bytes', () => {
    vectors.records.forEach(({ type, name, bytes }, at) => {
      assert.deepEqual(decodeOtherRecord(type, fromHex(bytes), undefined), sampleRecords[at], name);
    });
    assert.equal(new Set(vectors.records.map(({ type }) => type)).size, 6);
  });

  test('links are read from their block, packed or plain', async () => {
    const zstd = await loadZstd();
    const compressor = {
      compress: () => assert.fail('nothing is compressed here'),
      decompress: (bytes: Uint8Array, length: number) => zstd.decompress(bytes, length),
    };
    const [plain, packed] = vectors.linkBlocks.map(({ bytes }) => fromHex(bytes));
    assert.deepEqual(decodeLinkBlock(plain as Uint8Array).links, links);
    assert.equal(packed?.[0], 1);
    assert.deepEqual(unpackBlock(packed, 10_000, compressor), plain);
  });

  test('the log is read from its bytes, vouched for by its head', () => {
    const head = decodeHead(fromHex(vectors.head));
    const { seenAt, ...stored } = decodeStoredHead(fromHex(vectors.seenHead));
    assert.deepEqual([seenAt, stored.head], [1_767_225_600_000_000, head]);
    assert.ok(verifyHead(verifySample, folder, alice.id, head));
    let previous: Uint8Array = noEntry;
    vectors.log.forEach(({ entry: bytes, hash, page }, seq) => {
      const entry = openEntry(fromHex(bytes), { log, seq, previous, hash: fromHex(hash) });
      previous = entry.hash;
      if (page !== null) assert.equal(toHex(encodePage(decodePage(fromHex(page)))), page);
    });
    assert.deepEqual([head.seq, head.hash], [vectors.log.length - 1, previous]);
  });
});
