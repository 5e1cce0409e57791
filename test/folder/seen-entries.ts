/** Random rows of the working copy's state. */

import fc from 'fast-check';
import type { SeenEntry } from '../../src/folder/working-copy-row.ts';
import type { Parent } from '../../src/log/types.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';

/** Logs that rows can name; a row keeps the first half of an id only. */
export const logs = ['1', 'a', 'f'].map((digit) => digit.repeat(64));
export const fullLog = (half: string): string => logs.find((log) => log.startsWith(half)) ?? '';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const asObjects = { noNullPrototype: true } as const;

const version: fc.Arbitrary<Parent> = fc.record(
  {
    log: fc.constantFrom(...logs),
    seq: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    index: fc.integer({ min: 0, max: 1023 }),
    hash8: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  },
  asObjects,
);

export const seenEntries: fc.Arbitrary<SeenEntry> = fc
  .record(
    {
      kind: fc.constantFrom('file' as const, 'symlink' as const, 'directory' as const),
      size: fc.maxSafeNat(),
      mtimeNs: int64,
      ctimeNs: int64,
      inode: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      executable: fc.boolean(),
      racy: fc.boolean(),
      digest: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      version,
    },
    asObjects,
  )
  .map((entry) => {
    if (entry.kind !== 'directory') return entry;
    const mount = entry.racy ? { mount: true } : {};
    return { ...entry, ...mount, digest: new Uint8Array(0) };
  });

/** Any bytes that a name can have, most of them no UTF-8. */
export const names: fc.Arbitrary<string> = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
    fc.uint8Array({ minLength: 1, maxLength: 20, min: 1 }).map(pathFromBytes),
    fc.constant('x'.repeat(255)),
  )
  .filter((name) => !/[/\0]/.test(name));

export const directories: fc.Arbitrary<Map<string, SeenEntry>> = fc
  .array(fc.tuple(names, seenEntries), { maxLength: 12 })
  .map((entries) => new Map(entries));
