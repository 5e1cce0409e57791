import fc from 'fast-check';
import { toHex } from '../../src/bytes.ts';
import type { HeldHead, ValueName } from '../../src/net/folder-side.ts';
import { endReasons, type Message } from '../../src/net/message.ts';
import { contentKey, pageKey, type ValueKey } from '../../src/net/value-key.ts';

/** Plain objects, as the codec gives them. */
function record<T>(of: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(of, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const log = id.map(toHex);
const seq = fc.nat({ max: 2 ** 40 });
const count = fc.maxSafeNat();

const head = record({
  log,
  seq,
  hash: id,
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
});
const heldHead: fc.Arbitrary<HeldHead> = fc
  .tuple(head, fc.nat({ max: 1000 }))
  .map(([one, less]) => ({ head: one, through: Math.max(0, one.seq + 1 - less) }));

/** Contents before pages, as they are written. */
const names: fc.Arbitrary<ValueName[]> = fc
  .tuple(
    fc.array(
      id.map((one): ValueName => ({ kind: 'content', id: one })),
      { maxLength: 5 },
    ),
    fc.array(record({ kind: fc.constant('page' as const), log, seq, hash: id }), {
      maxLength: 5,
    }),
  )
  .map(([contents, pages]) => [...contents, ...pages])
  .filter(({ length }) => length > 0);
const keys: fc.Arbitrary<ValueKey[]> = fc
  .tuple(fc.array(id, { maxLength: 5 }), fc.array(id, { maxLength: 5 }))
  .map(([contents, pages]) => [...contents.map(contentKey), ...pages.map(pageKey)]);
const some = fc.uint8Array({ minLength: 1, maxLength: 40 });

/** Any message that a node may send. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  record({
    type: fc.constant('hello' as const),
    features: fc.array(fc.string({ maxLength: 32, unit: 'grapheme-ascii' }), { maxLength: 3 }),
    heads: fc.array(heldHead, { maxLength: 4 }),
  }),
  record({
    type: fc.constant('announce' as const),
    heads: fc.array(heldHead, { minLength: 1, maxLength: 4 }),
  }),
  record({
    type: fc.constant('ask' as const),
    ask: count,
    log,
    from: fc.nat({ max: 2 ** 31 }),
    toward: record({ seq: seq.map((one) => one + 2 ** 32), hash: id }),
    rideBytes: fc.nat({ max: 16_384 }),
  }),
  record({ type: fc.constant('no-range' as const), ask: count }),
  record({
    type: fc.constant('want' as const),
    lane: fc.constantFrom('entries' as const, 'small' as const, 'bulk' as const),
    names,
  }),
  record({
    type: fc.constant('cancel' as const),
    asks: fc.array(count, { maxLength: 16 }),
    keys,
  }),
  record({ type: fc.constant('have' as const), keys }),
  record({ type: fc.constant('no-data' as const), missing: keys, expired: keys }),
  record({ type: fc.constant('credit' as const), total: count }),
  record({ type: fc.constant('credit-back' as const), total: count }),
  record({ type: fc.constant('end' as const), reason: fc.constantFrom(...endReasons) }),
  record({
    type: fc.constant('entries' as const),
    ask: count,
    entries: fc.array(some, { minLength: 1, maxLength: 4 }),
    end: fc.option(record({ head, rides: fc.array(some, { maxLength: 3 }) }), {
      nil: undefined,
    }),
  }),
  record({ type: fc.constant('value' as const), sealed: some }),
);
