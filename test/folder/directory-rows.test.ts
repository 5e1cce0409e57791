import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concat } from '../../src/bytes.ts';
import { DirectoryRows, type ChangedPages } from '../../src/folder/directory-rows.ts';
import { encodeSeenPage, PAGE_ENTRIES, type SeenEntry } from '../../src/folder/working-copy-row.ts';
import { directories, fullLog, names, seenEntries } from './seen-entries.ts';

/** Pages as a store keeps them. */
class Written {
  readonly pages = new Map<number, Uint8Array>();
  count = 0;

  take({ pages, changed }: ChangedPages): void {
    const first = changed.find(({ page }) => page === 0);
    if (first !== undefined) this.count = pages;
    for (const { page, rows } of changed) this.pages.set(page, rows.slice());
  }

  read(): Map<string, SeenEntry> {
    const rows = Array.from({ length: this.count }, (_, page) => this.pages.get(page));
    return new Map(DirectoryRows.of(concat(...rows.map((page) => page ?? nothing)), fullLog, true));
  }
}

const nothing = new Uint8Array(0);
const [sample] = fc.sample(seenEntries, 1);
const numbered = (count: number): Map<string, SeenEntry> =>
  new Map(Array.from({ length: count }, (_, n) => [`name ${n}`, sample as SeenEntry]));

describe('DirectoryRows', () => {
  test('is a map, whatever is done to it, and its pages say the same', () => {
    const edit = fc.oneof(
      fc.record({ set: names, to: seenEntries }),
      fc.record({ delete: fc.nat(20) }),
      fc.record({ again: fc.nat(20), to: seenEntries }),
      fc.constant('write' as const),
    );
    fc.assert(
      fc.property(directories, fc.array(edit, { maxLength: 40 }), (begin, edits) => {
        const model = new Map(begin);
        const rows = DirectoryRows.copy(begin);
        const written = new Written();
        for (const one of edits) {
          if (one === 'write') {
            written.take(rows.takeChanged());
            assert.deepEqual(written.read(), new Map(rows));
            continue;
          }
          if ('set' in one) {
            model.set(one.set, one.to);
            rows.set(one.set, one.to);
          } else {
            const at = 'delete' in one ? one.delete : one.again;
            const name = [...model.keys()][at % Math.max(1, model.size)];
            if (name === undefined) continue;
            if ('delete' in one) assert.equal(rows.delete(name), model.delete(name));
            else {
              model.set(name, one.to);
              rows.set(name, one.to);
            }
          }
          assert.equal(rows.size, model.size);
        }
        assert.deepEqual(new Map(rows), model);
        for (const [name, entry] of model) assert.deepEqual(rows.get(name), entry);
        assert.equal(rows.get('/'), undefined);
        assert.equal(rows.has('/'), false);
        assert.deepEqual(new Map(DirectoryRows.copy(rows)), model);
        written.take(rows.takeChanged());
        assert.deepEqual(written.read(), model);
      }),
    );
  });

  test('over several pages, exactly those that something was done to are written', () => {
    const edit = fc.oneof(
      { weight: 3, arbitrary: fc.record({ set: fc.nat(3000), to: seenEntries }) },
      { weight: 3, arbitrary: fc.record({ delete: fc.nat(3000) }) },
      // At the ends of pages.
      {
        weight: 2,
        arbitrary: fc.record({
          delete: fc.constantFrom(0, PAGE_ENTRIES - 1, PAGE_ENTRIES, 2 * PAGE_ENTRIES - 1),
        }),
      },
      { weight: 1, arbitrary: fc.record({ deleteFrom: fc.nat(3000), count: fc.nat(900) }) },
      { weight: 2, arbitrary: fc.constant('write' as const) },
    );
    const sizes = fc.constantFrom(PAGE_ENTRIES - 1, PAGE_ENTRIES, 2 * PAGE_ENTRIES, 1300);
    fc.assert(
      fc.property(sizes, fc.array(edit, { maxLength: 30 }), (size, edits) => {
        const model = numbered(size);
        const rows = DirectoryRows.copy(model);
        const written = new Written();
        written.take(rows.takeChanged());
        /** Names in the order in which they came; undefined where one was removed. */
        let slots: (string | undefined)[] = [...model.keys()];
        const touched = new Set<number>();
        let pages = Math.ceil(size / PAGE_ENTRIES);
        const remove = (name: string): void => {
          assert.equal(rows.delete(name), model.delete(name));
          const slot = slots.indexOf(name);
          if (slot < 0) return;
          slots[slot] = undefined;
          touched.add(Math.floor(slot / PAGE_ENTRIES));
        };
        for (const one of [...edits, 'write' as const]) {
          if (one === 'write') {
            const holes = slots.filter((name) => name === undefined).length;
            const isClosed = holes > 0 && (slots.length <= PAGE_ENTRIES || holes > model.size);
            if (isClosed) slots = slots.filter((name) => name !== undefined);
            const count = Math.max(1, Math.ceil(slots.length / PAGE_ENTRIES));
            const all = Array.from({ length: count }, (_, page) => page);
            const expected = isClosed
              ? all
              : all.filter((page) => touched.has(page) || (page === 0 && count !== pages));
            const taken = rows.takeChanged();
            assert.deepEqual(
              [taken.pages, taken.changed.map(({ page }) => page)],
              [count, expected],
            );
            written.take(taken);
            assert.deepEqual(written.read(), model);
            touched.clear();
            pages = count;
          } else if ('set' in one) {
            const name = `name ${one.set}`;
            if (!model.has(name)) slots.push(name);
            model.set(name, one.to);
            rows.set(name, one.to);
            touched.add(Math.floor(slots.indexOf(name) / PAGE_ENTRIES));
          } else if ('delete' in one) remove(`name ${one.delete}`);
          else {
            for (let at = 0; at < one.count; at++) remove(`name ${one.deleteFrom + at}`);
          }
          assert.equal(rows.size, model.size);
        }
        assert.deepEqual([...rows], [...model]);
        for (const name of ['name 0', 'name 511', 'name 512', 'name 2999']) {
          assert.equal(rows.has(name), model.has(name));
          assert.deepEqual(rows.get(name), model.get(name));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('only pages that changed are written, and the first where their number changed', () => {
    const entries = numbered(3 * PAGE_ENTRIES);
    const rows = DirectoryRows.of(encodeSeenPage(entries), fullLog, true);
    const pages = (): number[] => rows.takeChanged().changed.map(({ page }) => page);
    assert.deepEqual(pages(), []);
    rows.set(`name ${PAGE_ENTRIES + 7}`, { ...(sample as SeenEntry), size: 1 });
    assert.deepEqual(pages(), [1]);
    rows.set('one more', sample as SeenEntry);
    assert.deepEqual(pages(), [0, 3]);
    rows.set('and another', sample as SeenEntry);
    assert.deepEqual(pages(), [3]);
    rows.delete('name 5');
    rows.delete('one more');
    assert.deepEqual(pages(), [0, 3]);
    assert.deepEqual(pages(), []);
  });

  test('removed names leave room, until there is more of it than names', () => {
    const entries = numbered(4 * PAGE_ENTRIES);
    const rows = DirectoryRows.of(encodeSeenPage(entries), fullLog, true);
    const written = new Written();
    written.take(DirectoryRows.copy(entries).takeChanged());
    for (const [count, { pages, changed }] of [
      [PAGE_ENTRIES, { pages: 4, changed: 1 }],
      [PAGE_ENTRIES, { pages: 4, changed: 1 }],
      [1, { pages: 2, changed: 2 }],
      [PAGE_ENTRIES * 2 - 2, { pages: 1, changed: 1 }],
    ] as const) {
      for (const name of [...entries.keys()].slice(0, count)) {
        entries.delete(name);
        assert.ok(rows.delete(name));
      }
      const taken = rows.takeChanged();
      assert.deepEqual([taken.pages, taken.changed.length], [pages, changed]);
      written.take(taken);
      assert.deepEqual(written.read(), entries);
      assert.equal(rows.size, entries.size);
    }
  });

  test('what was not read as it is recorded is written whole', () => {
    const bytes = encodeSeenPage(numbered(PAGE_ENTRIES + 1));
    const rows = DirectoryRows.of(bytes, fullLog, false);
    assert.equal(rows.takeChanged().changed.length, 2);
    assert.equal(DirectoryRows.copy(numbered(PAGE_ENTRIES + 1)).takeChanged().changed.length, 2);
    assert.deepEqual(DirectoryRows.copy(new Map()).takeChanged().pages, 1);
    assert.equal(DirectoryRows.copy(rows).takeChanged().changed.length, 0);
  });

  test('a copy is changed alone', () => {
    const rows = DirectoryRows.copy(numbered(10));
    rows.takeChanged();
    const copy = DirectoryRows.copy(rows);
    copy.set('name 3', { ...(sample as SeenEntry), size: 77 });
    copy.delete('name 4');
    assert.deepEqual(new Map(rows), numbered(10));
    assert.equal(copy.get('name 3')?.size, 77);
  });
});
