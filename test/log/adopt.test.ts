import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SignedStretch } from '../../src/log/given-stretch.ts';
import { parentsOfEdit } from '../../src/log/conflict-rule.ts';
import { foldLinks } from '../../src/log/folder-tree.ts';
import { TreeView } from '../../src/log/tree-view.ts';
import type { NamedLink } from '../../src/log/types.ts';
import type { RandomSource } from '../../src/random.ts';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { named, namedHex } from '../helpers/log-samples.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { TestFolder, version } from '../helpers/test-folder.ts';

const always = { includes: () => true, mayInclude: () => true };
const directories = ['', 'd'];

/** What a user sees: names with the digests of their contents. */
async function shown(folder: TestFolder): Promise<Record<string, string>> {
  const view = await TreeView.open(folder.log, always);
  const found: Record<string, string> = {};
  for (const directory of directories) {
    const listed = await view.list(directory);
    assert.deepEqual(listed?.damage ?? [], []);
    for (const { path, kind, version: link } of listed?.entries ?? []) {
      found[path] = `${kind} ${Buffer.from(link?.digest ?? []).toString('hex')}`;
    }
  }
  return found;
}

/** Alice and members, each knowing of all admissions. */
async function members(...names: readonly string[]): Promise<[TestFolder, ...TestFolder[]]> {
  const alice = await TestFolder.make();
  const others: TestFolder[] = [];
  for (const name of names) {
    const other = await TestFolder.make(name);
    await alice.admit(other);
    others.push(other);
  }
  for (const other of others) await given(alice, other);
  return [alice, ...others];
}

/** Gives and asserts that all was taken. */
async function given(from: TestFolder, to: TestFolder, logs?: readonly string[]): Promise<void> {
  assert.deepEqual(new Set(await from.giveTo(to, logs)), new Set(['adopted']));
}

async function linkAt(folder: TestFolder, path: string): Promise<NamedLink> {
  const links = await folder.log.linksOf(path);
  const last = links.filter((link) => link.path === path).at(-1);
  assert.ok(last);
  return last;
}

function nameOf(link: NamedLink): NamedLink['parents'][number] {
  return { ...link.dot, hash8: link.hash8 };
}

async function stretchOf(folder: TestFolder, from = 0): Promise<SignedStretch> {
  const head = folder.log.heads.get(folder.own);
  assert.ok(head);
  const read = await folder.log.exchange.readStretch({ log: folder.own, from, toward: head });
  assert.ok(read);
  const pages = await folder.pagesOf(read.line, from, read.head.seq);
  return { log: folder.own, entries: read.entries, head: read.head, pages };
}

describe('adopting what others wrote', () => {
  test('a log handed over is seen as by its author, also after the index was made again', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    await alice.log.append({ versions: [version('a'), version('d', '', { kind: 'directory' })] });
    await alice.log.append({ versions: [version('d/b')] });
    await alice.giveTo(bob);
    assert.deepEqual(await shown(bob), await shown(alice));
    assert.equal(bob.log.clock.get(alice.own), alice.log.clock.get(alice.own));
    const body = await bob.log.body(await linkAt(bob, 'd/b'));
    assert.deepEqual(body.manifest?.root, named('d/b'));
    await bob.reopen();
    assert.equal(bob.replayed, undefined);
    assert.deepEqual(await shown(bob), await shown(alice));
    await bob.reopen({ rebuilt: true });
    assert.deepEqual(await shown(bob), await shown(alice));
    assert.deepEqual(bob.log.members.membership?.members, alice.log.members.membership?.members);
    await given(alice, bob);
    assert.deepEqual(await shown(bob), await shown(alice));
  });

  test('entries say what their author had seen', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    await bob.log.append({ versions: [version('b')] });
    const said = (await bob.log.entry(bob.own, 1)).entry.clock;
    assert.deepEqual([...said], [[alice.own, alice.log.clock.get(alice.own)]]);
    await bob.reopen({ rebuilt: true });
    await bob.log.append({ versions: [version('c')] });
    await bob.reopen();
    await bob.log.append({ versions: [version('e')] });
    assert.deepEqual([...(await bob.log.entry(bob.own, 3)).entry.clock], [], 'nothing new to say');
  });

  test('a long log goes over in stretches that end at kept heads', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    for (let at = 0; at < 1030; at++) {
      await alice.log.stage([version(`f${at % 7}`, `${at}`)]);
    }
    await alice.log.commit({});
    const stretch = await stretchOf(alice);
    assert.equal(stretch.head.seq, 0);
    const second = await stretchOf(alice, 1);
    assert.equal(second.head.seq, 1024);
    await alice.reopen({ rebuilt: true });
    assert.equal((await stretchOf(alice, 1)).head.seq, 1024, 'kept in the values too');
    await given(alice, bob);
    assert.deepEqual(await shown(bob), await shown(alice));
    assert.equal(
      (
        await bob.log.exchange.readStretch({
          log: alice.own,
          from: 5,
          toward: bob.log.heads.get(alice.own) as never,
        })
      )?.head.seq,
      1024,
      'and handed on the same',
    );
  });

  test('a version that superseded one elsewhere hides it, whichever log comes first', async () => {
    for (const order of ['bob first', 'carol first']) {
      const [alice, bob, carol] = await members('bob', 'carol');
      assert.ok(bob && carol);
      await bob.log.append({ versions: [version('old', 'text'), version('old2', 'text')] });
      await bob.giveTo(carol);
      const parents = [nameOf(await linkAt(carol, 'old')), nameOf(await linkAt(carol, 'old2'))];
      await carol.log.append({ versions: [version('new', 'text', { parents })] });
      const logs = [bob.own, carol.own];
      await carol.giveTo(alice, order === 'bob first' ? logs : logs.toReversed());
      assert.deepEqual(Object.keys(await shown(alice)), ['new'], order);
      await alice.reopen({ rebuilt: true });
      assert.deepEqual(Object.keys(await shown(alice)), ['new'], order);
    }
  });

  test('what is forged, changed, cut or of nobody known is not taken', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    await alice.log.append({ versions: [version('a')] });
    await alice.log.append({ versions: [version('b')] });
    const end = bob.log.heads.get(alice.own)?.seq ?? 0;
    const good = await stretchOf(alice, end + 1);
    const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
      const copy = Uint8Array.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    };
    const [first, second] = good.entries;
    assert.ok(first && second);
    const bad: Partial<SignedStretch>[] = [
      { head: { ...good.head, signature: flipped(good.head.signature, 7) } },
      { head: { ...good.head, hash: flipped(good.head.hash, 0) } },
      { entries: [first, flipped(second, second.length - 1)] },
      { entries: [second], head: { ...good.head, seq: good.head.seq + 1 } },
      { entries: [second, first] },
      { entries: [] },
      { log: namedHex('another log') },
      { pages: [flipped(good.pages[0] ?? first, 100)] },
    ];
    for (const [at, change] of bad.entries()) {
      const { outcome } = await bob.log.exchange.adopt({ ...good, ...change });
      assert.equal(outcome, 'refused', `change ${at}`);
    }
    assert.equal(
      (await bob.log.exchange.adopt({ ...good, entries: [second] })).outcome,
      'detached',
    );
    const mallory = await TestFolder.make('mallory');
    await mallory.log.append({ versions: [version('planted')] });
    assert.deepEqual(new Set(await mallory.giveTo(bob)), new Set(['early']));
    assert.deepEqual(Object.keys(await shown(bob)), []);
    assert.equal((await bob.log.exchange.adopt(good)).outcome, 'adopted');
    assert.deepEqual(Object.keys(await shown(bob)), ['a', 'b']);
  });

  test('a log whose owner is admitted in another waits for it', async () => {
    const alice = await TestFolder.make();
    const [bob, carol] = [await TestFolder.make('bob'), await TestFolder.make('carol')];
    await alice.admit(bob);
    await alice.admit(carol);
    assert.deepEqual(await bob.giveTo(carol, [bob.own]), ['early'], 'nobody is known yet');
    await alice.giveTo(carol);
    await given(bob, carol);
  });

  test('what a removed member writes is set aside, but for what others built on', async () => {
    const [alice, bob, carol] = await members('bob', 'carol');
    assert.ok(bob && carol);
    await bob.log.append({ versions: [version('before')] });
    await bob.giveTo(alice, [bob.own]);
    const cut = alice.log.heads.get(bob.own);
    assert.ok(cut);
    await bob.log.append({ versions: [version('after'), version('built on')] });
    await bob.giveTo(carol, [bob.own]);
    const parents = [nameOf(await linkAt(carol, 'built on'))];
    await carol.log.append({ versions: [version('built on', 'by carol', { parents })] });
    await alice.state({ action: 'remove', node: bob.node, role: 'write', cutoffs: [cut] });
    await alice.giveTo(carol);
    assert.deepEqual(Object.keys(await shown(carol)), ['before', 'built on']);
    await carol.giveTo(alice);
    assert.deepEqual(await shown(alice), await shown(carol));
    await alice.reopen({ rebuilt: true });
    assert.deepEqual(await shown(alice), await shown(carol));
    assert.equal(alice.log.members.standing(bob.own, cut.seq + 1), 'quarantined');
  });

  test('two histories of one log are both kept, told by hash, and found again', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    const twin = await TestFolder.make('bob');
    await alice.giveTo(twin);
    // The home was copied before either wrote: the same log start, sealed twice, is a fork at once.
    await bob.log.append({ versions: [version('one'), version('both', 'of one')] });
    await twin.log.append({ versions: [version('two'), version('both', 'of two')] });
    await twin.log.append({ versions: [version('more')] });
    for (const order of [
      [bob, twin],
      [twin, bob],
    ]) {
      const reader = await TestFolder.make('carol');
      await alice.admit(reader);
      await alice.giveTo(reader);
      for (const from of order) await given(from, reader, [bob.own]);
      assert.ok(reader.log.lines.isForked(bob.own));
      const seen = await shown(reader);
      assert.deepEqual(
        Object.keys(seen).map((path) => path.replace(/\(.*\)/, '(…)')),
        ['both', 'both (…)', 'more', 'one', 'two'],
      );
      for (const path of ['one', 'two', 'more']) {
        const { manifest } = await reader.log.body(await linkAt(reader, path));
        assert.deepEqual(manifest?.root, named(path));
      }
      await reader.reopen();
      assert.deepEqual(await shown(reader), seen);
      await reader.reopen({ rebuilt: true });
      assert.deepEqual(await shown(reader), seen);
      const third = await TestFolder.make('dave');
      await alice.admit(third);
      await alice.giveTo(third, [alice.own]);
      await reader.giveTo(third);
      assert.deepEqual(await shown(third), seen, 'handed on whole');
    }
  });

  test('who heard of two branches in another order has the same heads in other lines', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    const twin = await TestFolder.make('bob');
    await alice.giveTo(twin);
    await bob.log.append({ versions: [version('one')] });
    await twin.log.append({ versions: [version('two')] });
    const readers: TestFolder[] = [];
    for (const [name, ...order] of [
      ['carol', bob, twin],
      ['dave', twin, bob],
    ] as const) {
      const reader = await TestFolder.make(name);
      await alice.giveTo(reader);
      for (const from of order) await given(from, reader, [bob.own]);
      readers.push(reader);
    }
    const [first, second] = readers.map(({ log }) => log.heads);
    assert.ok(first !== undefined && second !== undefined);
    assert.notDeepEqual(first.get(bob.own), second.get(bob.own), 'the line of the log itself');
    const ofBob = (heads: typeof first): unknown[] =>
      [...heads.values()]
        .filter(({ log }) => log === bob.own)
        .toSorted((a, b) => Buffer.compare(a.hash, b.hash));
    assert.equal(ofBob(first).length, 2);
    assert.deepEqual(ofBob(first), ofBob(second));
  });

  test('a removed member cannot put new entries before the cut-off on another branch', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    const twin = await TestFolder.make('bob');
    await alice.giveTo(twin);
    await bob.log.append({ versions: [version('one')] });
    await bob.giveTo(alice, [bob.own]);
    const cut = alice.log.heads.get(bob.own);
    assert.ok(cut);
    await alice.state({ action: 'remove', node: bob.node, role: 'write', cutoffs: [cut] });
    await twin.log.append({ versions: [version('smuggled')] });
    await given(twin, alice, [bob.own]);
    assert.deepEqual(Object.keys(await shown(alice)), ['one']);
  });

  test('a clock that is ahead does not drag others with it, and when it was seen is kept', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    bob.clock.jumpWall(5 * 365 * 86_400_000);
    await bob.log.append({ versions: [version('from the future')] });
    await bob.giveTo(alice, [bob.own]);
    const link = await linkAt(alice, 'from the future');
    const seen = await alice.log.firstSeen();
    assert.equal(seen(link), alice.clock.wallMs() * 1000);
    await alice.log.append({ versions: [version('now')] });
    assert.ok((await linkAt(alice, 'now')).time < link.time);
    await alice.reopen({ rebuilt: true });
    const again = await alice.log.firstSeen();
    assert.equal(again(link), alice.clock.wallMs() * 1000);
    assert.equal(again(await linkAt(alice, 'now')), (await linkAt(alice, 'now')).time);
  });

  test('what moved something that has not come yet is shown all the same', async () => {
    const [alice, bob, carol] = await members('bob', 'carol');
    assert.ok(bob && carol);
    await alice.log.append({ versions: [version('x')] });
    await given(alice, bob);
    const parents = [nameOf(await linkAt(bob, 'x'))];
    await bob.log.append({ versions: [version('d/y', 'x', { parents })] });
    await given(bob, carol, [bob.own]);
    assert.deepEqual(Object.keys(await shown(carol)), ['d/y']);
    await given(alice, carol);
    assert.deepEqual(await shown(carol), await shown(bob));
  });

  test('pages that come later complete what came without them', async () => {
    const [alice, bob] = await members('bob');
    assert.ok(bob);
    await alice.log.append({ versions: [version('a')] });
    const from = (bob.log.heads.get(alice.own)?.seq ?? 0) + 1;
    const stretch = await stretchOf(alice, from);
    assert.equal((await bob.log.exchange.adopt({ ...stretch, pages: [] })).outcome, 'adopted');
    const link = await linkAt(bob, 'a');
    await assert.rejects(bob.log.body(link), { code: 'VAULT_CHUNK_MISSING' });
    const [page] = stretch.pages;
    assert.ok(page);
    for (let again = 0; again < 2; again++) {
      assert.equal(
        (await bob.log.exchange.adoptPage(page)).outcome,
        again === 0 ? 'stored' : 'unwanted',
      );
      assert.deepEqual((await bob.log.body(link)).manifest?.root, named('a'));
      await bob.reopen({ rebuilt: again === 0 });
      assert.deepEqual((await bob.log.body(link)).manifest?.root, named('a'));
    }
  });

  test('logs of random edits, given in any order, show everybody the same', async () => {
    const seed = runSeed();
    for (let run = 0; run < 6; run++) {
      const random = seededRandom(`${seed} ${run}`);
      const said = `VAULT_SEED=${seed} run ${run}`;
      const nodes = await members('bob', 'carol');
      for (let step = 0; step < 24; step++) {
        const node = nodes[randomInteger(random, nodes.length)] as TestFolder;
        if (randomInteger(random, 4) > 0) await edit(node, random, step);
        else {
          const other = nodes[randomInteger(random, nodes.length)] as TestFolder;
          if (other !== node)
            await node.giveTo(other, shuffled([...node.log.heads.keys()], random));
        }
      }
      for (let round = 0; round < 3; round++) {
        for (const node of nodes) {
          for (const other of nodes) {
            if (other === node) continue;
            await given(node, other, shuffled([...node.log.heads.keys()], random));
          }
        }
      }
      const [first, ...rest] = await Promise.all(nodes.map(shown));
      for (const other of rest) assert.deepEqual(other, first, said);
      for (const node of nodes) {
        await node.reopen({ rebuilt: true });
        assert.deepEqual(await shown(node), first, said);
      }
    }
  });

  test('a power cut anywhere leaves all of a stretch or nothing, and it can be given again', async () => {
    const random = seededRandom(`cut ${runSeed()}`);
    let cuts = 0;
    for (let left = 0; left < 8; left++) {
      const [alice, bob] = await members('bob');
      assert.ok(bob);
      await alice.log.append({ versions: [version('a'), version('b')] });
      await alice.log.append({ versions: [version('c')] });
      const before = bob.log.heads.get(alice.own)?.seq ?? 0;
      let writes = left;
      for (const store of [bob.chunks, bob.meta]) {
        store.onWrite = () => {
          if (writes-- <= 0) throw new Error('the power went');
        };
      }
      const stretch = await stretchOf(alice, before + 1);
      await bob.log.exchange.adopt(stretch).catch(() => cuts++);
      await bob.crash(random);
      const names = Object.keys(await shown(bob));
      assert.ok([0, 3].includes(names.length), names.join());
      assert.equal((await bob.log.exchange.adopt(stretch)).outcome, 'adopted');
      assert.deepEqual(await shown(bob), await shown(alice));
      await bob.reopen({ rebuilt: true });
      assert.deepEqual(await shown(bob), await shown(alice));
    }
    assert.ok(cuts > 0);
  });
});

/** One thing a user does with what this node shows. */
async function edit(node: TestFolder, random: RandomSource, step: number): Promise<void> {
  const names = ['a', 'b', 'd', 'd/x', 'd/y'];
  const path = names[randomInteger(random, names.length)] as string;
  node.clock.advance(randomInteger(random, 1000));
  const links = await node.log.linksOf(path);
  const state = foldLinks(links, { nodeName: () => 'n', versionId: () => '00' }).states.get(path);
  const parents = state === undefined ? [] : parentsOfEdit(state);
  const kinds = ['file', 'file', 'file', 'deletion', 'directory', 'symlink'] as const;
  const kind = kinds[randomInteger(random, kinds.length)] ?? 'file';
  const to = names[randomInteger(random, names.length)] as string;
  if (randomInteger(random, 4) === 0 && to !== path && state?.shown?.version.kind === 'file') {
    const { digest } = state.shown.version;
    const moved = version(to, path, { parents });
    await node.log.append({ versions: [{ ...moved, link: { ...moved.link, digest } }] });
  } else {
    await node.log.append({ versions: [version(path, `${step}`, { kind, parents })] });
  }
}

function shuffled<T>(items: readonly T[], random: RandomSource): T[] {
  const left = [...items];
  return items.map(() => left.splice(randomInteger(random, left.length), 1)[0] as T);
}
