import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RandomSource } from '../../src/random.ts';
import { revert } from '../../src/operations/revert.ts';
import { snapshot } from '../../src/operations/snapshot.ts';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { inStep, shape } from '../helpers/in-step.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { SharedNode } from '../helpers/shared-node.ts';
import { operationContext } from '../helpers/test-home.ts';
import { passingTime } from './passing-time.ts';

async function two(): Promise<[SharedNode, SharedNode]> {
  const [a, b] = await SharedNode.make('a', 'b');
  assert.ok(a && b);
  return [a, b];
}

/** Two nodes in step, after the second removed `f` with the file in it that the first had made. */
async function withRemoved(): Promise<[SharedNode, SharedNode]> {
  const [a, b] = await two();
  a.put({ 'f/g': 'mine', other: 'x' });
  await a.record();
  await inStep([a, b]);
  b.remove('f');
  await b.record();
  await inStep([a, b]);
  return [a, b];
}

describe('bringing a working copy in step', () => {
  test('files, directories and symlinks come, change and go', async () => {
    const [a, b] = await two();
    a.put({ 'a.txt': 'one', 'd/b.txt': 'two', 'd/e/c.txt': 'three' });
    a.fs.makeSymlink('a.txt', '/disk/link');
    await a.record();
    await inStep([a, b]);
    assert.deepEqual(b.tree(), a.tree());
    assert.equal(Object.keys(b.tree()).length, 6);
    a.put({ 'a.txt': 'one more' });
    a.remove('d/e', 'link');
    await a.record();
    await inStep([a, b]);
    assert.deepEqual(b.tree(), { 'a.txt': 'one more', 'd/': '', 'd/b.txt': 'two' });
    const last = b.folder.log.clock.get(b.folder.log.own);
    await inStep([a, b]);
    assert.equal(b.folder.log.clock.get(b.folder.log.own), last, 'own writes never echo');
  });

  test('what comes into a new directory in many batches is recorded once', async () => {
    const [a, b] = await two();
    a.put(Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`d/f${at}`, `${at % 9}`])));
    await a.record();
    await a.giveTo(b);
    assert.equal((await b.apply()).added, 601);
    assert.equal((await b.folder.seen('d'))?.size, 600);
    const last = b.folder.log.clock.get(b.folder.log.own);
    await b.apply();
    assert.equal(b.folder.log.clock.get(b.folder.log.own), last);
  });

  test('what others removed is brought back from before, into the directory that was gone too', async () => {
    const [a, b] = await two();
    a.put({ 'f/g': 'mine', other: 'x' });
    await a.record();
    await inStep([a, b]);
    a.environment.clock.advance(5000);
    const { snapshot: at } = await snapshot(
      a.session,
      { folders: [a.folder.id], yes: true },
      operationContext(),
    );
    b.remove('f');
    await b.record();
    await inStep([a, b]);
    assert.deepEqual(a.tree(), { other: 'x' });
    const options = { folder: a.folder.id, paths: [], cwd: '/', yes: true, at: at ?? '' };
    await passingTime(a.environment.clock, revert(a.session, options, operationContext()));
    assert.deepEqual(a.tree(), { 'f/': '', 'f/g': 'mine', other: 'x' });
    await inStep([a, b]);
    assert.deepEqual(b.tree(), a.tree());
  });

  test('a directory that others removed and made again is not what it was', async () => {
    const [a, b] = await withRemoved();
    b.environment.clock.advance(60_000);
    b.fs.makeDirectory('/disk/f');
    await b.record();
    await inStep([a, b]);
    assert.deepEqual(a.tree(), { 'f/': '', other: 'x' });
    const last = a.folder.log.clock.get(a.folder.log.own);
    await a.apply();
    assert.equal(
      a.folder.log.clock.get(a.folder.log.own),
      last,
      'nothing of it is recorded as gone',
    );
  });

  test('a directory that a user makes where others removed one is not what it was', async () => {
    const [a] = await withRemoved();
    a.environment.clock.advance(60_000);
    a.fs.makeDirectory('/disk/f');
    await a.record();
    const last = a.folder.log.clock.get(a.folder.log.own);
    await a.record();
    assert.equal(
      a.folder.log.clock.get(a.folder.log.own),
      last,
      'nothing of it is recorded as gone',
    );
  });

  test('types change, also where a directory makes room for a file', async () => {
    const [a, b] = await two();
    a.put({ x: 'file', 'y/z': 'in a directory', 'y/w/v': 'deeper' });
    await a.record();
    await inStep([a, b]);
    a.remove('x', 'y');
    a.put({ 'x/inside': 'now a directory', y: 'now a file' });
    await a.record();
    await inStep([a, b]);
    assert.deepEqual(b.tree(), { 'x/': '', 'x/inside': 'now a directory', y: 'now a file' });
    assert.deepEqual(b.tree(), a.tree());
  });

  test('the mode that a file has here stays when others edit it', async () => {
    const [a, b] = await two();
    a.put({ secret: 'one' });
    await a.record();
    await inStep([a, b]);
    b.fs.setMode('/disk/secret', 0o600);
    a.put({ secret: 'two' });
    await a.record();
    await inStep([a, b]);
    assert.equal(b.tree()['secret'], 'two');
    assert.equal(b.fs.stat('/disk/secret').mode & 0o777, 0o600);
  });

  test('edits made at once are both shown, alike everywhere, and nobody wrote the copy', async () => {
    const [a, b] = await two();
    a.put({ 'f.txt': 'base' });
    await a.record();
    await inStep([a, b]);
    a.put({ 'f.txt': 'by a' });
    b.put({ 'f.txt': 'by b!' });
    await a.record();
    await b.record();
    const counts = [a, b].map((node) => node.folder.log.clock.get(node.folder.log.own));
    await inStep([a, b]);
    assert.deepEqual(a.tree(), b.tree());
    assert.deepEqual(Object.values(a.tree()).toSorted(), ['by a', 'by b!']);
    assert.deepEqual(Object.keys(shape(a.tree())), ['f (conflict).txt', 'f.txt']);
    assert.deepEqual(
      [a, b].map((node) => node.folder.log.clock.get(node.folder.log.own)),
      counts,
    );
  });

  test('an edit of what is shown leaves the conflict open; saving the copy makes it a file', async () => {
    const [a, b] = await two();
    for (const node of [a, b]) {
      node.put({ 'f.txt': `by ${node.name}` });
      await node.record();
    }
    await inStep([a, b]);
    const copy = Object.keys(a.tree()).find((path) => path.includes('conflict')) ?? '';
    const loser = a.tree()[copy] ?? '';
    b.put({ 'f.txt': 'shown, edited' });
    await b.record();
    await inStep([a, b]);
    assert.deepEqual(a.tree(), { [copy]: loser, 'f.txt': 'shown, edited' });
    assert.deepEqual(b.tree(), a.tree());
    a.put({ [copy]: 'copy, saved' });
    await a.record();
    await inStep([a, b]);
    assert.deepEqual(b.tree(), { [copy]: 'copy, saved', 'f.txt': 'shown, edited' });
    assert.deepEqual(a.tree(), b.tree());
  });

  test('deleting a copy closes the conflict everywhere', async () => {
    const [a, b] = await two();
    for (const node of [a, b]) {
      node.put({ 'f.txt': `by ${node.name}` });
      await node.record();
    }
    await inStep([a, b]);
    const copy = Object.keys(b.tree()).find((path) => path.includes('conflict')) ?? '';
    const kept = b.tree()['f.txt'];
    b.remove(copy);
    await b.record();
    await inStep([a, b]);
    assert.deepEqual([a.tree(), b.tree()], [{ 'f.txt': kept }, { 'f.txt': kept }]);
    a.put({ 'f.txt': 'goes on' });
    await a.record();
    await inStep([a, b]);
    assert.deepEqual(b.tree(), { 'f.txt': 'goes on' });
  });

  test('equal edits merge, an edit beats a deletion, and a file in a deleted directory keeps it', async () => {
    const [a, b] = await two();
    a.put({ same: 'base', fought: 'base', 'd/old': 'base' });
    await a.record();
    await inStep([a, b]);
    a.put({ same: 'equal', fought: 'edited' });
    a.remove('d');
    b.put({ same: 'equal', 'd/new': 'made by b' });
    b.remove('fought');
    await a.record();
    await b.record();
    await inStep([a, b]);
    const wanted = { 'd/': '', 'd/new': 'made by b', fought: 'edited', same: 'equal' };
    assert.deepEqual(a.tree(), wanted);
    assert.deepEqual(b.tree(), wanted);
    b.put({ same: 'after the merge' });
    await b.record();
    await inStep([a, b]);
    assert.equal(a.tree()['same'], 'after the merge', 'no equal is left behind');
    assert.deepEqual(Object.keys(a.tree()).length, 4);
  });

  test('a directory that is needed again after it was deleted is not recorded as new', async () => {
    const [a, b] = await two();
    a.put({ 'd/f': 'base', 'd/g': 'base' });
    await a.record();
    await inStep([a, b]);
    a.remove('d');
    b.put({ 'd/f': 'edited' });
    await a.record();
    await b.record();
    await inStep([a, b]);
    const wanted = { 'd/': '', 'd/f': 'edited' };
    assert.deepEqual([a.tree(), b.tree()], [wanted, wanted]);
    const last = a.folder.log.clock.get(a.folder.log.own);
    await inStep([a, b]);
    assert.equal(a.folder.log.clock.get(a.folder.log.own), last, 'own writes never echo');
  });

  test('what was recorded in a directory is over when the directory comes back', async () => {
    const [a, b] = await two();
    b.put({ 'd/y': 'again' });
    await b.record();
    await inStep([a, b]);
    a.remove('d');
    await a.record();
    await inStep([a, b]);
    assert.deepEqual(b.tree(), {});
    a.put({ 'd/y': 'again' });
    await a.record();
    await inStep([a, b]);
    const wanted = { 'd/': '', 'd/y': 'again' };
    assert.deepEqual([a.tree(), b.tree()], [wanted, wanted]);
  });

  test('a directory is shown alike whichever log its versions are read from first', async () => {
    const [a, b] = await two();
    a.put({ 'd/x': 'base' });
    await a.record();
    await inStep([a, b]);
    a.put({ 'd/y': 'lives here' });
    b.remove('d');
    b.put({ d: 'a file' });
    await a.record();
    await b.record();
    await inStep([a, b]);
    const copy = Object.keys(b.tree()).find((path) => path.includes('conflict')) ?? '';
    assert.deepEqual(b.tree(), { [copy]: 'a file', 'd/': '', 'd/y': 'lives here' });
    b.remove(copy);
    await b.record();
    await inStep([a, b]);
    const wanted = { 'd/': '', 'd/y': 'lives here' };
    assert.deepEqual([a.tree(), b.tree()], [wanted, wanted]);
  });

  test('what was edited here and not recorded is never overwritten', async () => {
    const [a, b] = await two();
    a.put({ f: 'base', g: 'base' });
    await a.record();
    await inStep([a, b]);
    a.put({ f: 'by a', new: 'by a' });
    a.remove('g');
    await a.record();
    await a.giveTo(b);
    b.put({ f: 'unrecorded', g: 'unrecorded', new: 'unrecorded' });
    await inStep([a, b]);
    assert.deepEqual(a.tree(), b.tree());
    const texts = Object.values(a.tree()).toSorted();
    assert.deepEqual(texts, ['by a', 'by a', 'unrecorded', 'unrecorded', 'unrecorded']);
  });

  test('a content that has not come leaves what was there; the rest goes on', async () => {
    const [a, b] = await two();
    a.put({ f: 'one', g: 'one' });
    await a.record();
    await inStep([a, b]);
    a.put({ f: 'two'.repeat(20_000), g: 'two' });
    await a.record();
    await a.giveTo(b);
    const link = (await b.folder.log.linksOf('f')).at(-1);
    assert.ok(link);
    const context = operationContext();
    const root = (await b.folder.log.body(link)).manifest?.root;
    assert.ok(root);
    const { store } = b.folder;
    const getSealed = store.getSealed.bind(store);
    store.getSealed = async (ids) =>
      (await getSealed(ids)).map((value, at) =>
        Buffer.compare(ids[at] ?? root, root) === 0 ? undefined : value,
      );
    const counts = await b.apply(context);
    assert.equal(counts.behind, 1);
    assert.deepEqual(b.tree(), { f: 'one', g: 'two' });
    store.getSealed = getSealed;
    await b.apply();
    assert.deepEqual(b.tree(), a.tree());
  });

  test('an index that was made again loses and resurrects nothing', async () => {
    const [a, b] = await two();
    a.put({ 'd/f': 'one', gone: 'x' });
    await a.record();
    await inStep([a, b]);
    b.put({ 'd/g': 'by b' });
    b.remove('gone');
    await b.record();
    await inStep([a, b]);
    const tree = a.tree();
    a.put({ 'd/h': 'unapplied' });
    await a.record();
    await a.giveTo(b);
    await b.reopen({ rebuilt: true });
    await inStep([a, b]);
    assert.deepEqual(b.tree(), { ...tree, 'd/h': 'unapplied' });
    assert.deepEqual(a.tree(), b.tree());
  });

  test('a power cut while applying loses nothing, and the next run goes on', async () => {
    const seed = runSeed();
    for (let run = 0; run < 6; run++) {
      const said = `VAULT_SEED=${seed} run ${run}`;
      const random = seededRandom(`${seed} apply ${run}`);
      const [a, b] = await two();
      a.put({ f: 'one', g: 'one', 'd/h': 'one' });
      await a.record();
      await inStep([a, b]);
      a.put({ f: 'two', 'd/h': 'two', i: 'two' });
      a.remove('g');
      await a.record();
      await a.giveTo(b);
      let left = randomInteger(random, 12);
      b.environment.onStoreWrite = () => {
        if (left-- <= 0) throw new Error('the power went');
      };
      await b.apply().catch(() => undefined);
      await b.crash(random);
      await inStep([a, b]);
      assert.deepEqual(a.tree(), { 'd/': '', 'd/h': 'two', f: 'two', i: 'two' }, said);
      assert.deepEqual(b.tree(), a.tree(), said);
    }
  });

  test('random edits on all sides end alike, with every content that stood still somewhere', async () => {
    const seed = runSeed();
    for (let run = 0; run < 5; run++) {
      const said = `VAULT_SEED=${seed} run ${run}`;
      const random = seededRandom(`${seed} step ${run}`);
      const nodes = await SharedNode.make('a', 'b', 'c');
      const written = new Set<string>();
      for (let step = 0; step < 14; step++) {
        const node = nodes[randomInteger(random, 3)] as SharedNode;
        const other = nodes[randomInteger(random, 3)] as SharedNode;
        if (randomInteger(random, 3) === 0) {
          if (node !== other) await node.giveTo(other);
          await other.apply();
        } else {
          edit(node, random, `${run} ${step}`, written);
          await node.record();
        }
      }
      await inStep(nodes);
      const [first, ...rest] = nodes.map((node) => node.tree());
      for (const tree of rest) assert.deepEqual(tree, first, said);
      const known = await allContents(nodes[0] as SharedNode);
      for (const text of written) assert.ok(known.has(text), `${text} is lost: ${said}`);
    }
  });
});

/** One thing a user does with what lies in the working copy. */
function edit(node: SharedNode, random: RandomSource, text: string, written: Set<string>): void {
  const names = ['a', 'b', 'd/x', 'd/y', 'e'];
  const name = names[randomInteger(random, names.length)] as string;
  const there = Object.keys(node.tree()).filter((path) => !path.endsWith('/'));
  const some = there[randomInteger(random, Math.max(1, there.length))];
  switch (randomInteger(random, 5)) {
    case 0:
      if (some !== undefined) node.remove(some);
      return;
    case 1: {
      const to = `/disk/${name}`;
      if (some === undefined || node.fs.statIfPresent(to) !== undefined) return;
      node.fs.makeDirectories(to.slice(0, to.lastIndexOf('/')));
      if (node.fs.stat(to.slice(0, to.lastIndexOf('/'))).kind !== 'directory') return;
      node.fs.rename(`/disk/${some}`, to);
      return;
    }
    case 2:
      if (some !== undefined) {
        node.put({ [some]: text });
        written.add(text);
      }
      return;
    default:
      if (node.fs.statIfPresent(`/disk/${name}`)?.kind === 'directory') return;
      node.put({ [name]: text });
      written.add(text);
  }
}

/** The text of every version that is stored. */
async function allContents({ folder }: SharedNode): Promise<Set<string>> {
  const found = new Set<string>();
  for (const [line, { seq: last }] of folder.log.heads) {
    for (let seq = 0; seq <= last; seq++) {
      for (const link of (await folder.log.entry(line, seq)).links) {
        if (link.kind !== 'file') continue;
        const { manifest } = await folder.log.body(link);
        if (manifest?.root === undefined) continue;
        found.add(Buffer.from(await folder.log.openContent(manifest.root)).toString());
      }
    }
  }
  return found;
}
