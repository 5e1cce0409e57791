import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldFolder, foldLinks, type FolderTree } from '../../src/log/folder-tree.ts';
import type { NamedLink } from '../../src/log/types.ts';
import { compareVersions } from '../../src/log/version-name.ts';
import { faultOf, isSameTree } from '../helpers/history-oracle.ts';
import {
  arrivals,
  Choices,
  learnAll,
  naming,
  newNode,
  randomHistory,
  type History,
} from '../helpers/link-histories.ts';
import { runSeed } from '../helpers/seeded.ts';

const seed = runSeed();
const HISTORIES = 200_000;

test(`${HISTORIES} random histories neither diverge, lose an edit nor show what is dead (seed ${seed})`, () => {
  const met = {
    conflicts: 0,
    checkpoints: 0,
    unchanged: 0,
    yielded: 0,
    followed: 0,
    directories: 0,
    dropped: 0,
  };
  for (let run = 0; run < HISTORIES; run++) {
    const history = randomHistory(seed + run);
    const choices = new Choices(seed ^ (run * 7919));
    const at = `history ${seed + run}`;
    let first: FolderTree | undefined;
    for (const node of history.nodes) {
      learnAll(node, history, choices);
      const tree = foldFolder(node.fold.graph, naming);
      if (first === undefined) {
        assert.equal(faultOf(tree, history), undefined, at);
        first = tree;
      } else assert.ok(isSameTree(first, tree), `nodes diverge in ${at}`);
      for (const { version } of tree.entries.values()) {
        const number = version === undefined ? -1 : history.links.indexOf(version);
        const wasDropped = number >= 0 && ((node.dropped >>> number) & 1) === 1;
        assert.ok(!wasDropped, `a node shows a version it dropped as superseded in ${at}`);
      }
      if (node.dropped !== 0) met.dropped++;
    }
    assert.ok(first !== undefined);
    const late = lateNode(history, choices);
    assert.ok(isSameTree(first, late), `a node without the checkpointed past diverges in ${at}`);
    if (history.checkpoints.length > 0 && !buriesPlaces(history)) {
      met.unchanged++;
      const whole = foldLinks(history.links, naming);
      assert.ok(isSameTree(first, whole), `checkpoints changed the tree in ${at}`);
    }
    count(met, first, history);
  }
  for (const [what, times] of Object.entries(met)) {
    assert.ok(times > HISTORIES / 1000, `only ${times} histories had ${what}`);
  }
});

test(`every order of the links of a history gives one tree (seed ${seed})`, () => {
  for (let run = 0; run < 200; run++) {
    const history = randomHistory(seed + run);
    const links = history.links.slice(0, 6);
    const expected = foldLinks(links, naming);
    for (const order of permutations(links)) {
      assert.ok(isSameTree(expected, foldLinks(order, naming)), `history ${seed + run}`);
    }
  }
});

test('the oracle catches a rule that keeps one winner and compares in pairs', () => {
  const caught = count3000((history, choices) => {
    const first = registerFold(choices.shuffle(history.links), history);
    const second = registerFold(choices.shuffle(history.links), history);
    return isSameTree(first, second) ? undefined : 'diverged';
  });
  assert.ok((caught.get('diverged') ?? 0) > 50, `caught ${JSON.stringify([...caught])}`);
});

test('the oracle catches links of superseded versions that were dropped', () => {
  const caught = count3000((history, choices) => {
    let superseded = 0;
    for (const ancestors of history.ancestors) superseded |= ancestors;
    const kept = history.links.filter((_, i) => !((superseded >>> i) & 1) || choices.chance(50));
    return faultOf(foldLinks(kept, naming), history)?.replace(/\d+.*/, '');
  });
  assert.ok((caught.get('dead version ') ?? 0) > 300, `caught ${JSON.stringify([...caught])}`);
});

test('the oracle catches a rule that shows the winner only', () => {
  const caught = count3000((history) => {
    const tree = foldLinks(history.links, naming);
    const entries = new Map([...tree.entries].filter(([, { copyOf }]) => copyOf === undefined));
    const states = new Map(
      [...tree.states].map(([path, state]) => [path, { ...state, copies: [] }]),
    );
    return faultOf({ entries, states }, history)?.replace(/\d+/, '');
  });
  assert.ok(
    (caught.get('current version  is lost') ?? 0) > 300,
    `caught ${JSON.stringify([...caught])}`,
  );
});

/** A node that starts from the checkpoints and never sees what they bury. */
function lateNode(history: History, choices: Choices): FolderTree {
  const { fold } = newNode();
  for (const checkpoint of choices.shuffle(history.checkpoints)) fold.addCheckpoint(checkpoint);
  for (const arrival of choices.shuffle(arrivals(history))) {
    if (!('link' in arrival)) continue;
    const { link } = arrival;
    const isCovered = history.checkpoints.some(
      ({ clock }) => link.dot.seq < (clock.get(link.dot.log) ?? 0),
    );
    if (!isCovered) fold.add(link);
  }
  return foldFolder(fold.graph, naming);
}

/**
 * Whether a checkpoint buried what tells where a line of edits belongs: a version that was moved,
 * knowing of the move or not, or one of several parents. Then an edit whose author did not know of a
 * move may end at another of the two paths, on every node alike.
 */
function buriesPlaces({ links, checkpoints }: History): boolean {
  return links.some((link) => {
    const isBuried = checkpoints.some(
      ({ clock, live }) => link.dot.seq < (clock.get(link.dot.log) ?? 0) && !live.includes(link),
    );
    if (!isBuried) return false;
    const children = links.filter(({ parents }) =>
      parents.some(({ hash8 }) => hash8 === link.hash8),
    );
    return children.some(({ path, parents }) => path !== link.path || parents.length > 1);
  });
}

/** What the rule must not be: one register for each path, where arrivals are compared in pairs. */
function registerFold(order: readonly NamedLink[], { links, ancestors }: History): FolderTree {
  const winners = new Map<string, NamedLink>();
  const isAncestor = (a: NamedLink, b: NamedLink): boolean =>
    (((ancestors[links.indexOf(b)] ?? 0) >>> links.indexOf(a)) & 1) === 1;
  for (const link of order) {
    const other = winners.get(link.path);
    if (other !== undefined) {
      if (isAncestor(link, other)) continue;
      const isDeletion = link.kind === 'deletion';
      const loses =
        isDeletion === (other.kind === 'deletion') ? compareVersions(link, other) < 0 : isDeletion;
      if (!isAncestor(other, link) && loses) continue;
    }
    winners.set(link.path, link);
  }
  return foldLinks(
    [...winners.values()].map((link) => ({ ...link, parents: [] })),
    naming,
  );
}

function count3000(
  judge: (history: History, choices: Choices) => string | undefined,
): Map<string, number> {
  const caught = new Map<string, number>();
  for (let run = 0; run < 3000; run++) {
    const fault = judge(randomHistory(seed + run), new Choices(seed + run));
    if (fault !== undefined) caught.set(fault, (caught.get(fault) ?? 0) + 1);
  }
  return caught;
}

function count(met: Record<string, number>, tree: FolderTree, history: History): void {
  const add = (what: string, holds: boolean): void => {
    if (holds) met[what] = (met[what] ?? 0) + 1;
  };
  const states = [...tree.states.values()];
  const rivals = states.flatMap(({ shown, copies }) => (shown ? [shown, ...copies] : copies));
  add(
    'conflicts',
    states.some(({ copies }) => copies.length > 0),
  );
  add(
    'checkpoints',
    history.checkpoints.some(({ clock, live }) => {
      let covered = 0;
      for (const times of clock.values()) covered += times;
      return covered > live.length;
    }),
  );
  add(
    'yielded',
    rivals.some(({ yielded }) => yielded.length > 0),
  );
  add(
    'followed',
    states.some(({ path, shown }) => shown !== undefined && shown.version.path !== path),
  );
  add(
    'directories',
    states.some(({ isDirectory, copies }) => isDirectory && copies.length > 0),
  );
}

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  const [head, ...tail] = items;
  if (head === undefined) {
    yield [];
    return;
  }
  for (const rest of permutations(tail)) {
    for (let at = 0; at <= rest.length; at++) yield [...rest.slice(0, at), head, ...rest.slice(at)];
  }
}
