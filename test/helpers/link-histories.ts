/**
 * Random histories of a few nodes that edit, delete, rename, restore and resolve while they know only
 * part of what the others did, and what must hold of any fold of them. The truth, who descends from
 * whom, is kept apart from everything under test: one bit for each link.
 */

import { makeCheckpoint, closedClock } from '../../src/log/checkpoint.ts';
import { CheckpointFold } from '../../src/log/checkpoint-fold.ts';
import {
  parentsOfCopy,
  parentsOfCopyDeletion,
  parentsOfEdit,
  parentsOfResolution,
} from '../../src/log/conflict-rule.ts';
import {
  foldFolder,
  type CopyNaming,
  type FolderTree,
  type TreeEntry,
} from '../../src/log/folder-tree.ts';
import type {
  CheckpointRecord,
  NamedLink,
  Parent,
  VectorClock,
  VersionKind,
} from '../../src/log/types.ts';

/** Numbers in 0 … n − 1 from a 32-bit seed (mulberry32): fast enough for millions of choices. */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('expected something to pick from');
    return item;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const [a, b] = [out[i], out[j]];
      if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
    }
    return out;
  }
}

/** What a node learns: a link, or a checkpoint in place of links. */
export type Arrival =
  { readonly link: NamedLink; readonly number: number } | { readonly checkpoint: CheckpointRecord };

export interface HistoryNode {
  readonly fold: CheckpointFold;
  /** Links it holds, buried ones among them: one bit each. */
  held: number;
  /** Versions whose bodies it dropped because it saw them superseded. */
  dropped: number;
  readonly checkpoints: Set<CheckpointRecord>;
  clock: Map<string, number>;
}

export interface History {
  readonly links: readonly NamedLink[];
  /** For each link the set of all it descends from. */
  readonly ancestors: readonly number[];
  readonly checkpoints: readonly CheckpointRecord[];
  readonly nodes: readonly HistoryNode[];
}

export const naming: CopyNaming = {
  nodeName: (log) => `node ${log}`,
  versionId: ({ hash8, index }) => `${Buffer.from(hash8).toString('hex')}${index}0`,
};

const pathSets = [['a'], ['a'], ['a', 'b'], ['a', 'b', 'a/c'], ['a', 'a/b', 'c.txt']] as const;
const contents = [1, 2, 3].map((byte) => new Uint8Array(16).fill(byte));
const noContent = new Uint8Array(0);
const start = 1_769_817_600_000_000;

interface Draft {
  readonly path: string;
  readonly kind: VersionKind;
  readonly digest: Uint8Array;
  readonly parents: readonly Parent[];
}

/** The history of this seed: up to 4 nodes and at most 14 links. */
export function randomHistory(seed: number): History {
  const choices = new Choices(seed);
  const paths: readonly string[] = choices.pick(pathSets);
  const wholeLogs = choices.chance(60);
  const keepsMoves = choices.chance(50);
  const withCheckpoints = choices.chance(40);
  const links: NamedLink[] = [];
  const ancestors: number[] = [];
  const checkpoints: CheckpointRecord[] = [];
  const logs = ['A', 'B', 'C', 'D'].slice(0, 3 + choices.below(2));
  const times = logs.map(() => start + choices.below(4) * 50);
  const numbers = new Map<Uint8Array, number>();
  const nodes = logs.map(newNode);
  const byLog = logs.map((): number[] => []);
  const steps = 5 + choices.below(9);
  for (let step = 0; step < steps && links.length < 14; step++) {
    const at = choices.below(nodes.length);
    const node = nodes[at];
    const log = logs[at];
    const own = byLog[at];
    if (node === undefined || log === undefined || own === undefined) break;
    if (choices.chance(35)) {
      const from = choices.below(nodes.length);
      const count = choices.below((byLog[from]?.length ?? 0) + 1);
      const sent = wholeLogs
        ? (byLog[from] ?? []).slice(0, count)
        : links.map((_, i) => i).filter(() => choices.chance(30));
      for (const number of sent) learn(node, links, number);
      const checkpoint = checkpoints[choices.below(checkpoints.length + 1)];
      if (checkpoint !== undefined) learnCheckpoint(node, checkpoint);
      continue;
    }
    if (withCheckpoints && choices.chance(15)) {
      const percent = choices.pick([30, 70, 100]);
      const clock = closedClock(heldClock(node, byLog, logs, links), node.fold.graph.links());
      const checkpoint = makeCheckpoint({
        links: node.fold.graph.links(),
        clock,
        hashes: new Map([...clock.keys()].map((name) => [name, noContent])),
        time: times[at] ?? start,
        mayCollapse: (_, moved) => !(keepsMoves && moved) && choices.chance(percent),
      });
      checkpoints.push(checkpoint);
      learnCheckpoint(node, checkpoint);
      continue;
    }
    const draft = randomChange(choices, foldFolder(node.fold.graph, naming), paths);
    if (draft === undefined) continue;
    const number = links.length;
    const hash8 = new Uint8Array(8);
    for (let i = 0; i < 8; i++) hash8[i] = choices.below(256);
    let before = 0;
    for (const parent of draft.parents) {
      const parentNumber = numbers.get(parent.hash8) ?? 0;
      before |= (1 << parentNumber) | (ancestors[parentNumber] ?? 0);
    }
    const seen = Math.max(
      times[at] ?? start,
      ...links.filter((_, i) => (node.held >>> i) & 1).map((link) => link.time),
    );
    times[at] = seen + 1 + choices.below(30);
    const link: NamedLink = {
      ...draft,
      time: times[at],
      dot: { log, seq: own.length, index: 0 },
      hash8,
    };
    links.push(link);
    ancestors.push(before);
    numbers.set(hash8, number);
    own.push(number);
    learn(node, links, number);
    if (choices.chance(30)) dropBodies(node, links);
  }
  return { links, ancestors, checkpoints, nodes };
}

export function newNode(): HistoryNode {
  return {
    fold: new CheckpointFold(),
    held: 0,
    dropped: 0,
    checkpoints: new Set(),
    clock: new Map(),
  };
}

/** Lets a node learn everything of the history in an order of the choices. */
export function learnAll(node: HistoryNode, history: History, choices: Choices): void {
  for (const arrival of choices.shuffle(arrivals(history))) {
    if ('checkpoint' in arrival) learnCheckpoint(node, arrival.checkpoint);
    else learn(node, history.links, arrival.number);
  }
}

export function arrivals({ links, checkpoints }: History): Arrival[] {
  return [
    ...links.map((link, number) => ({ link, number })),
    ...checkpoints.map((checkpoint) => ({ checkpoint })),
  ];
}

function learn(node: HistoryNode, links: readonly NamedLink[], number: number): void {
  const link = links[number];
  if (link === undefined || (node.held >>> number) & 1) return;
  node.held |= 1 << number;
  node.fold.add(link);
}

function learnCheckpoint(node: HistoryNode, checkpoint: CheckpointRecord): void {
  if (node.checkpoints.has(checkpoint)) return;
  node.checkpoints.add(checkpoint);
  node.fold.addCheckpoint(checkpoint);
  for (const [log, count] of checkpoint.clock) {
    node.clock.set(log, Math.max(count, node.clock.get(log) ?? 0));
  }
}

function heldClock(
  node: HistoryNode,
  byLog: readonly (readonly number[])[],
  logs: readonly string[],
  links: readonly NamedLink[],
): VectorClock {
  const clock = new Map<string, number>();
  logs.forEach((log, at) => {
    let count = node.clock.get(log) ?? 0;
    for (const number of byLog[at] ?? []) {
      if (links[number]?.dot.seq === count && (node.held >>> number) & 1) count++;
    }
    if (count > 0) clock.set(log, count);
  });
  return clock;
}

function dropBodies(node: HistoryNode, links: readonly NamedLink[]): void {
  links.forEach((link, number) => {
    if (node.fold.graph.isSuperseded({ ...link.dot, hash8: link.hash8 })) {
      node.dropped |= 1 << number;
    }
  });
}

function randomChange(
  choices: Choices,
  tree: FolderTree,
  paths: readonly string[],
): Draft | undefined {
  const entries = [...tree.entries.values()];
  const path = choices.pick(paths);
  const state = tree.states.get(path);
  const digest = choices.pick(contents);
  const kind = choices.pick(['file', 'file', 'file', 'file', 'symlink', 'directory'] as const);
  const written = { kind, digest: kind === 'directory' ? noContent : digest };
  const edit = { path, ...written, parents: state === undefined ? [] : parentsOfEdit(state) };
  if (entries.length === 0 || choices.chance(35)) return edit;
  const entry = choices.pick(entries);
  if (entry.copyOf !== undefined) return changeCopy(choices, tree, entry, digest, path);
  const own = tree.states.get(entry.path);
  if (own === undefined || own.shown === undefined) return edit;
  if (own.copies.length > 0 && choices.chance(40)) {
    const { version } = choices.pick([own.shown, ...own.copies]);
    const { kind: kept, digest: keptDigest } = version;
    return { path: entry.path, kind: kept, digest: keptDigest, parents: parentsOfResolution(own) };
  }
  if (choices.chance(40)) {
    return { path: entry.path, kind: 'deletion', digest: noContent, parents: parentsOfEdit(own) };
  }
  return rename(choices, tree, entry, path, parentsOfEdit(own)) ?? edit;
}

function changeCopy(
  choices: Choices,
  tree: FolderTree,
  entry: TreeEntry,
  digest: Uint8Array,
  target: string,
): Draft | undefined {
  const state = tree.states.get(entry.copyOf ?? '');
  const copy = state?.copies.find(({ version }) => version === entry.version);
  if (state === undefined || copy === undefined) return undefined;
  const { kind } = copy.version;
  const way = choices.below(3);
  if (way === 0) return { path: entry.path, kind, digest, parents: parentsOfCopy(copy) };
  if (way === 1) {
    const shown = state.shown?.version;
    return {
      path: state.path,
      kind: shown?.kind ?? 'directory',
      digest: shown?.digest ?? noContent,
      parents: parentsOfCopyDeletion(state, copy),
    };
  }
  return rename(choices, tree, entry, target, parentsOfCopy(copy));
}

function rename(
  choices: Choices,
  tree: FolderTree,
  entry: TreeEntry,
  target: string,
  named: readonly Parent[],
): Draft | undefined {
  const there = tree.states.get(target);
  const { version } = entry;
  if (version === undefined || target === entry.path || there?.isDirectory === true) {
    return undefined;
  }
  const overwritten = there === undefined ? [] : parentsOfEdit(there);
  const digest = entry.kind === 'directory' || choices.chance(70) ? version.digest : contents[0];
  return {
    path: target,
    kind: version.kind,
    digest: digest ?? noContent,
    parents: [...named, ...overwritten],
  };
}
