import fc from 'fast-check';
import type { StoredRecord } from '../../src/log/other-record.ts';
import { hasContent } from '../../src/log/link.ts';
import type {
  Body,
  Link,
  NamedLink,
  Parent,
  VectorClock,
  VersionKind,
} from '../../src/log/types.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';

/** Plain objects, as readers make them. */
function record<T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** Exactly `length` bytes. */
export function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

function hexOf(length: number): fc.Arbitrary<string> {
  return bytesOf(length).map((bytes) => Buffer.from(bytes).toString('hex'));
}

/** Few logs, so that they meet. */
const anyLog = fc.constantFrom(...[1, 2, 3, 0xab].map((n) => n.toString(16).padStart(64, '0')));
const anySeq = fc.oneof(fc.nat(20), fc.nat({ max: Number.MAX_SAFE_INTEGER }));
const anyTime = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const anyIndex = fc.nat(1023);

/** A name of bytes, mostly text. */
const anyName = fc
  .oneof(
    fc.stringMatching(/^[a-z.-]{1,12}$/),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map(pathFromBytes),
  )
  .filter((name) => name !== '.' && name !== '..' && !/[/\0]/.test(name) && name.length > 0);

const anyPath = fc
  .array(anyName, { minLength: 1, maxLength: 5 })
  // Pieces of bytes can join into text: a path in text form is what its bytes read as.
  .map((names) => names.join('/'));

const anyParent: fc.Arbitrary<Parent> = record({
  log: anyLog,
  seq: anySeq,
  index: anyIndex,
  hash8: fc.constantFrom(new Uint8Array(8), new Uint8Array(8).fill(7)),
});

function parentKey(parent: Parent): string {
  return `${parent.log}/${parent.seq.toString().padStart(16, '0')}/${Buffer.from(parent.hash8).toString('hex')}/${parent.index.toString().padStart(4, '0')}`;
}

export function byParentKey(a: Parent, b: Parent): number {
  return parentKey(a) < parentKey(b) ? -1 : 1;
}

const anyKind = fc.constantFrom<VersionKind>('file', 'symlink', 'directory', 'deletion');

/** With parents in order, as they are read back. */
export const anyLink: fc.Arbitrary<Link> = anyKind.chain((kind) =>
  record({
    path: anyPath,
    kind: fc.constant(kind),
    time: anyTime,
    parents: fc
      .uniqueArray(anyParent, { maxLength: 5, selector: parentKey })
      .map((parents) => parents.toSorted(byParentKey)),
    digest: bytesOf(hasContent(kind) ? 16 : 0),
  }),
);

export const anyNamedLinks: fc.Arbitrary<readonly NamedLink[]> = fc
  .uniqueArray(record({ link: anyLink, name: anyParent }), {
    minLength: 1,
    maxLength: 8,
    selector: ({ name }) => parentKey(name),
  })
  .map((pairs) =>
    pairs
      .toSorted((a, b) => byParentKey(a.name, b.name))
      .map(({ link, name: { log, seq, index, hash8 } }) => ({
        ...link,
        dot: { log, seq, index },
        hash8,
      })),
  );

const anyMtime = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

export function anyBody(kind: VersionKind): fc.Arbitrary<Body> {
  const plain = {
    mtimeNs: anyMtime,
    manifest: fc.constant(undefined),
    symlink: fc.constant(undefined),
  };
  const no = fc.constant(false);
  if (kind === 'symlink') {
    const symlink = fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((bytes) => pathFromBytes(bytes.map((byte) => byte || 1)));
    return record({ ...plain, symlink, executable: no, unstable: no });
  }
  if (kind !== 'file') return record({ ...plain, executable: no, unstable: no });
  const manifest = fc.oneof(
    fc.constant({ size: 0, depth: 0, root: undefined }),
    record({
      size: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      depth: fc.nat(8),
      root: bytesOf(32),
    }),
  );
  return record({ ...plain, manifest, executable: fc.boolean(), unstable: fc.boolean() });
}

export const anyClock: fc.Arbitrary<VectorClock> = fc
  .dictionary(hexOf(32), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { maxKeys: 5 })
  .map((counts) => new Map(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1))));

const anyText = fc.string({ unit: 'grapheme', maxLength: 40 });
const anyPosition = record({ log: hexOf(32), seq: anySeq, hash: bytesOf(32) });

function setOf(length: number): fc.Arbitrary<Uint8Array[]> {
  return fc
    .uniqueArray(hexOf(length), { maxLength: 4 })
    .map((list) => list.toSorted().map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))));
}

/** Every record that is not a version, in the form it is read back in. */
export const anyStoredRecord: fc.Arbitrary<StoredRecord> = fc.oneof(
  record({
    type: fc.constant('snapshot' as const),
    id: bytesOf(16),
    time: anyTime,
    clock: anyClock,
    message: anyText,
    tags: fc.uniqueArray(
      anyText.filter((tag) => tag.length > 0 && tag.length <= 64),
      { maxLength: 4 },
    ),
    pinned: fc.boolean(),
  }),
  record({
    type: fc.constant('log-start' as const),
    node: hexOf(32),
    nodeName: anyText,
    incarnation: bytesOf(16),
    folderSalt: fc.option(bytesOf(32), { nil: undefined }),
    previous: fc.option(anyPosition, { nil: undefined }),
  }),
  record({
    type: fc.constant('member' as const),
    action: fc.constantFrom('admit' as const, 'role' as const, 'remove' as const),
    node: hexOf(32),
    exchangeKey: bytesOf(32),
    role: fc.constantFrom('manage' as const, 'write' as const, 'read' as const),
    cutoffs: fc
      .uniqueArray(anyPosition, { maxLength: 4, selector: ({ log }) => log })
      .map((list) => list.toSorted((a, b) => (a.log < b.log ? -1 : 1))),
    after: setOf(32),
    time: anyTime,
    by: hexOf(32),
    signature: bytesOf(64),
  }),
  record({
    type: fc.constant('rotation' as const),
    after: setOf(16).map((list) => list.map((id) => Buffer.from(id).toString('hex'))),
    recipients: fc
      .uniqueArray(record({ node: hexOf(32), sealed: bytesOf(80) }), {
        minLength: 1,
        maxLength: 4,
        selector: ({ node }) => node,
      })
      .map((list) => list.toSorted((a, b) => (a.node < b.node ? -1 : 1))),
    time: anyTime,
  }),
  record({
    id: bytesOf(16),
    part: fc.nat(3),
    time: anyTime,
    live: anyNamedLinks,
    clock: anyClock,
  }).map(({ id, part, time, live, clock }) => ({
    type: 'checkpoint-part' as const,
    id,
    part,
    parts: part + 1,
    time,
    covered: [...clock].map(([log, count]) => ({
      log,
      count,
      hash: new Uint8Array(32).fill(count % 256),
    })),
    live: part === 0 ? [] : live,
  })),
  record({
    type: fc.constant('drop-set' as const),
    action: fc.constantFrom('drop' as const, 'restore' as const),
    dots: fc
      .uniqueArray(anyParent, {
        maxLength: 8,
        selector: ({ log, seq, index }) => `${log}/${seq}/${index}`,
      })
      .map((list) =>
        list
          .map((parent) => ({ ...parent, hash8: new Uint8Array(8) }))
          .toSorted(byParentKey)
          .map(({ log, seq, index }) => ({ log, seq, index })),
      ),
    snapshots: setOf(16),
    time: anyTime,
  }),
);
