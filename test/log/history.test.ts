import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseHeader, valueTypes } from '../../src/crypto/sealed-value.ts';
import type { UnnamedVersion } from '../../src/log/log-writer.ts';
import { history, historyStep, type HistoryOptions } from '../../src/log/history.ts';
import { supersedersOf } from '../../src/log/superseding.ts';
import type { Parent } from '../../src/log/types.ts';
import { versionId } from '../../src/log/version-name.ts';
import { metaKey, metaPrefix, metaRange } from '../../src/store/meta-keys.ts';
import { versionsOfId } from '../../src/log/version-search.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { OtherNode, TestFolder, version } from '../helpers/test-folder.ts';

const all: HistoryOptions = {
  isBefore: () => false,
  onLost: (error) => {
    throw error;
  },
};
const directory = { kind: 'directory' } as const;

async function write(folder: TestFolder, ...versions: UnnamedVersion[]): Promise<Parent[]> {
  return folder.log.append({ versions });
}

/** Steps as `path`, with `*` where current and `<from`. */
async function told(folder: TestFolder, path: string, options = all): Promise<string[]> {
  const steps: string[] = [];
  for await (const { link, isCurrent, from } of history(folder.log, path, options)) {
    const kind = link.kind === 'deletion' ? '-' : '';
    steps.push([kind, link.path, isCurrent ? '*' : '', ...from.map((one) => `<${one}`)].join(''));
  }
  return steps;
}

describe('history', () => {
  test('tells versions of a path, the newest first, and which is current', async () => {
    const folder = await TestFolder.make();
    const first = await write(folder, version('a', '1'), version('b', '1'));
    const second = await write(folder, version('a', '2', { parents: first.slice(0, 1) }));
    await write(folder, version('a', '', { kind: 'deletion', parents: second }));
    assert.deepEqual(await told(folder, 'a'), ['-a*', 'a', 'a']);
    assert.deepEqual(await told(folder, 'b'), ['b*']);
    assert.deepEqual(await told(folder, ''), ['-a*', 'a', 'b*', 'a']);
    assert.deepEqual(await told(folder, 'c'), []);
  });

  test('of a directory, of all below it and of itself', async () => {
    const folder = await TestFolder.make();
    await write(folder, version('d', '', directory), version('d/e', '', directory));
    await write(folder, version('d/e/x'), version('de'), version('d/y'));
    for (const indexed of [0, 100]) {
      const options = { ...all, indexed };
      assert.deepEqual(await told(folder, 'd', options), ['d/y*', 'd/e/x*', 'd/e*', 'd*']);
      assert.deepEqual(await told(folder, 'd/e', options), ['d/e/x*', 'd/e*']);
    }
  });

  test('what was moved shows where it came from, and what it was there', async () => {
    const folder = await TestFolder.make();
    const one = await write(folder, version('old', '1'));
    const two = await write(folder, version('old', '2', { parents: one }));
    const moved = await write(folder, version('new', '2', { parents: two }));
    await write(folder, version('new', '3', { parents: moved }));
    await write(folder, version('old', 'another'));
    assert.deepEqual(await told(folder, 'new'), ['new*', 'new<old', 'old', 'old']);
    assert.deepEqual(await told(folder, 'old'), ['old*', 'new<old', 'old', 'old']);
    assert.deepEqual(await told(folder, ''), ['old*', 'new*', 'new<old', 'old', 'old']);
  });

  test('a move there and back is told from either side', async () => {
    const folder = await TestFolder.make();
    const one = await write(folder, version('a', '1'));
    const two = await write(folder, version('b', '1', { parents: one }));
    await write(folder, version('a', '1', { parents: two }));
    assert.deepEqual(await told(folder, 'a'), ['a*<b', 'b<a', 'a']);
    assert.deepEqual(await told(folder, 'b'), ['a*<b', 'b<a', 'a']);
  });

  test('a conflict has several current versions', async () => {
    const folder = await TestFolder.make();
    const bob = new OtherNode(folder, 'bob');
    const [first] = await write(folder, version('a', '1'));
    assert.ok(first);
    await bob.write(5_000_000_000_000_000, version('a', 'his', { parents: [first] }));
    await write(folder, version('a', 'hers', { parents: [first] }));
    assert.deepEqual(await told(folder, 'a'), ['a*', 'a*', 'a']);
    assert.deepEqual(await told(folder, ''), ['a*', 'a*', 'a']);
  });

  test('ends where asked, and reads no further than it is taken', async () => {
    const folder = await TestFolder.make();
    let parents: Parent[] = [];
    for (let at = 0; at < 200; at++) {
      parents = await write(folder, version('a', String(at), { parents }));
    }
    let asked = 0;
    const options: HistoryOptions = {
      ...all,
      isBefore: ({ dot }) => {
        asked++;
        return dot.seq <= 197;
      },
    };
    assert.deepEqual(await told(folder, 'a', options), ['a*', 'a', 'a']);
    assert.equal(asked, 4);
    for await (const { link } of history(folder.log, 'a', { ...options, isBefore: () => false })) {
      assert.equal(link.dot.seq, 200);
      break;
    }
  });

  test('what is lost is told, and the rest goes on', async () => {
    const folder = await TestFolder.make();
    const first = await write(folder, version('a', '1'));
    const second = await write(folder, version('a', '2', { parents: first }));
    await write(folder, version('a', '3', { parents: second }));
    const entries: number[] = [];
    for await (const { seq, value } of folder.chunks.scan(0)) {
      if (parseHeader(value).type === valueTypes.entry) entries.push(seq);
    }
    await folder.chunks.write({ deletes: entries.slice(2, 3) }, { sync: true });
    await folder.reopen();
    const lost: string[] = [];
    const options = { ...all, onLost: ({ code }: { code: string }) => lost.push(code) };
    assert.deepEqual(await told(folder, 'a', options), ['a*', 'a']);
    assert.deepEqual(lost, ['VAULT_CHUNK_MISSING']);
  });

  test('the index tells what the whole log tells, whatever was done', async () => {
    const random = seededRandom('history');
    const below = (limit: number): number => (random.bytes(1)[0] ?? 0) % limit;
    const names = ['a', 'd/a', 'd/b', 'd/e/a', 'f/a'];
    for (let round = 0; round < 12; round++) {
      const folder = await TestFolder.make();
      await write(folder, ...['d', 'd/e', 'f'].map((path) => version(path, '', directory)));
      const current = new Map<string, Parent>();
      for (let step = 0; step < 25; step++) {
        const path = names[below(names.length)] ?? '';
        const at = current.get(path);
        const parents = at === undefined ? [] : [at];
        const to = names[below(names.length)] ?? '';
        const taken = current.get(to);
        let name: Parent | undefined;
        if (at !== undefined && below(3) === 0 && to !== path) {
          const both = taken === undefined ? parents : [...parents, taken];
          [name] = await write(folder, version(to, `${step}`, { parents: both }));
          current.delete(path);
          if (name !== undefined) current.set(to, name);
        } else {
          const kind = at !== undefined && below(4) === 0 ? 'deletion' : 'file';
          [name] = await write(folder, version(path, `${step}`, { kind, parents }));
          if (name !== undefined) current.set(path, name);
        }
      }
      for (const path of ['d', 'd/e', 'f']) {
        const indexed = await told(folder, path);
        assert.deepEqual(indexed, await told(folder, path, { ...all, indexed: 0 }), path);
      }
      const whole = await told(folder, '');
      for (const path of names) {
        const own = (await told(folder, path)).filter((line) => bare(line) === path);
        assert.deepEqual(
          own,
          whole.filter((line) => bare(line) === path),
          path,
        );
      }
      for await (const step of history(folder.log, '', all)) {
        assert.deepEqual(await historyStep(folder.log, step.link), step);
      }
    }
  });
});

function bare(line: string): string {
  return line.replace(/^-|[*<].*$/g, '');
}

const never = (): never => assert.fail();

describe('supersedersOf', () => {
  test('is the first in each log, wherever it is', async () => {
    const folder = await TestFolder.make();
    const bob = new OtherNode(folder, 'bob');
    const [first] = await write(folder, version('a', '1'));
    assert.ok(first);
    await bob.write(5_000_000_000_000_000, version('a', 'his', { parents: [first] }));
    const [second] = await write(folder, version('elsewhere', '1', { parents: [first] }));
    const link = await folder.log.link(first);
    const paths = (await supersedersOf(folder.log, link, never)).map(({ path }) => path);
    assert.deepEqual(paths.toSorted(), ['a', 'elsewhere']);
    assert.ok(second);
    assert.deepEqual(await supersedersOf(folder.log, await folder.log.link(second), never), []);
  });
});

describe('versionsOfId', () => {
  test('finds versions by the start of their ids, in every log', async () => {
    const folder = await TestFolder.make();
    const bob = new OtherNode(folder, 'bob');
    const names: Parent[] = await bob.write(1000, version('his'));
    for (let at = 0; at < 40; at++) names.push(...(await write(folder, version(`a${at}`))));
    const onLost = never;
    for (const name of names) {
      const id = versionId(name);
      for (const prefix of [id, id.slice(0, 20), id.slice(0, 12)]) {
        assert.deepEqual(await versionsOfId(folder.log, prefix, { limit: 5, onLost }), [name]);
      }
    }
    const counts = new Map<string, number>();
    for (const name of names) {
      const first = versionId(name).slice(0, 1);
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    for (const [first, count] of counts) {
      const found = await versionsOfId(folder.log, first, { limit: 100, onLost });
      assert.equal(found.length, count);
      assert.equal((await versionsOfId(folder.log, first, { limit: 1, onLost })).length, 1);
    }
    assert.deepEqual(await versionsOfId(folder.log, 'ff'.repeat(32), { limit: 5, onLost }), []);
    const { signal } = { signal: AbortSignal.abort(new Error('enough')) };
    await assert.rejects(versionsOfId(folder.log, 'ff', { limit: 5, onLost, signal }), /enough/);
  });

  test('of a long log through rows that are made once, and without them where they are lost', async () => {
    const folder = await TestFolder.make();
    const names: Parent[] = [];
    const grow = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at++) {
        names.push(...(await write(folder, version(`${names.length}`))));
      }
    };
    await grow(300);
    const find = (prefix: string): Promise<Parent[]> =>
      versionsOfId(folder.log, prefix, { limit: 400, onLost: never });
    const fit = (prefix: string): Parent[] =>
      names.filter((name) => versionId(name).startsWith(prefix));
    const sorted = (list: readonly Parent[]): number[] =>
      list.map(({ seq }) => seq).toSorted((a, b) => a - b);
    const own = folder.log.own;
    const id = (at: number): string => {
      const name = names[at];
      assert.ok(name);
      return versionId(name);
    };
    // Of the newest nothing need be made.
    assert.deepEqual(await find(id(299)), names.slice(299));
    assert.equal(await folder.log.versionIds.covered(own), 0);
    assert.deepEqual(await find(id(1).slice(0, 12)), names.slice(1, 2));
    assert.equal(await folder.log.versionIds.covered(own), 301);
    await grow(300);
    for (const prefix of [id(0), id(310).slice(0, 13), id(599), 'a', 'ab', 'c0f', 'ffff']) {
      assert.deepEqual(sorted(await find(prefix)), sorted(fit(prefix)), prefix);
    }
    assert.equal(await folder.log.versionIds.covered(own), 601);
    const rows = [];
    for await (const { key } of folder.meta.scan(metaRange(metaKey(metaPrefix.versionId)))) {
      rows.push({ type: 'delete', key } as const);
    }
    assert.equal(rows.length, 600);
    await folder.meta.write(rows, { sync: true });
    assert.deepEqual(await find(id(0)), names.slice(0, 1));
  });
});
