/**
 * What must hold when all is quiet: nothing is lost, nothing came back, everybody has the same log and
 * shows the same, and only what users did was recorded.
 */

import { mapKey, toHex } from '../../src/bytes.ts';
import { FolderSet } from '../../src/home/folder-set.ts';
import { Home } from '../../src/home/home.ts';
import { contentPieces } from '../../src/folder/content-pieces.ts';
import type { OpenFolder } from '../../src/home/open-folder.ts';
import { TreeView } from '../../src/log/tree-view.ts';
import type { Head, NamedLink } from '../../src/log/types.ts';
import { valueSource } from '../../src/operations/look.ts';
import { HOME, type SimNode } from './sim-node.ts';
import { differences, stateText, type State, type Tree } from './working-tree.ts';

export interface Looked {
  readonly violations: readonly string[];
  /** Of all logs together. */
  readonly entries: number;
  /** What tells two ends apart. */
  readonly marks: readonly string[];
  /** Every version there is, for people. */
  readonly history: readonly string[];
}

/** Looks at nodes that were stopped. */
export async function lookAt(nodes: readonly SimNode[]): Promise<Looked> {
  const violations: string[] = [];
  const found: Found[] = [];
  for (const node of nodes) found.push(await readNode(node));
  const [first, ...others] = found;
  if (first === undefined) return { violations, entries: 0, marks: [], history: [] };
  for (const other of others) {
    if (other.heads !== first.heads) {
      violations.push(`${other.node.name} has other logs than ${first.node.name}`);
    }
  }
  for (const one of found) violations.push(...judge(one, first, found));
  const entries = first.entries;
  const marks = found.flatMap(({ heads, shown }) => [heads, JSON.stringify([...shown])]);
  return { violations, entries, marks, history: historyOf(found) };
}

/** What tells two nodes' logs apart: which line of a forked one holds which branch is each node's own affair. */
export function headsText(heads: Iterable<Head>): string {
  return [...heads]
    .map(({ log, seq, hash }) => `${log} ${seq} ${toHex(hash)}`)
    .toSorted()
    .join('\n');
}

interface Version {
  readonly link: NamedLink;
  readonly state: State | undefined;
}

interface Found {
  readonly node: SimNode;
  readonly own: string;
  readonly heads: string;
  readonly entries: number;
  readonly versions: readonly Version[];
  /** Versions whose content cannot be read here. */
  readonly unreadable: readonly string[];
  /** What the logs show. */
  readonly shown: Tree;
  /** What the working copy holds. */
  readonly tree: Tree;
}

function judge(found: Found, first: Found, all: readonly Found[]): string[] {
  const { node, versions, shown, tree, own } = found;
  const said: string[] = [];
  const say = (text: string): void => {
    said.push(`${node.name}: ${text}`);
  };
  for (const one of found.unreadable) say(`cannot read ${one}`);
  const readable = new Set(versions.map(({ state }) => state));
  for (const { node: writer } of all) {
    for (const state of writer.user.kept) {
      if (!readable.has(state)) say(`lost ${stateText(state)}, written on ${writer.name}`);
    }
  }
  for (const [path, { before, after }] of differences(shown, tree)) {
    say(`shows ${path} as ${stateText(before)}, and there is ${stateText(after)}`);
  }
  for (const [path, { before, after }] of differences(first.shown, shown)) {
    say(`shows ${path} as ${stateText(after)}, ${first.node.name} as ${stateText(before)}`);
  }
  const superseded = new Set<string>();
  for (const { link } of versions) {
    for (const parent of link.parents) superseded.add(`${dotText(parent)} ${mapKey(parent.hash8)}`);
  }
  const current = new Set<State | undefined>();
  for (const { link, state } of versions) {
    if (!superseded.has(`${dotText(link.dot)} ${mapKey(link.hash8)}`)) current.add(state);
  }
  for (const [path, state] of shown) {
    if (state !== 'D' && !current.has(state)) say(`${path} shows ${stateText(state)} again`);
  }
  const paths = new Map(versions.map(({ link }) => [dotText(link.dot), link.path]));
  const visible = new Set(shown.values());
  for (const { link, state } of versions) {
    if (state === undefined || state === 'D' || visible.has(state)) continue;
    if (superseded.has(`${dotText(link.dot)} ${mapKey(link.hash8)}`)) continue;
    // What was only moved yields to an edit of what it was before.
    if (link.parents.some((parent) => paths.get(dotText(parent)) !== link.path)) continue;
    say(`hides ${link.path} as ${stateText(state)}, which nothing supersedes`);
  }
  const gone = [...node.user.gone()];
  for (const { link, state } of versions) {
    if (link.dot.log !== own || link.kind === 'directory') continue;
    if (node.user.explains(link.path, state)) continue;
    // Whoever makes a conflict's copy go says what is to stay.
    if (gone.some((path) => isCopyOf(path, link.path))) continue;
    say(`recorded ${link.path} as ${stateText(state)}, which nobody did (${dotText(link.dot)})`);
  }
  return said;
}

/** All versions that anybody has, as they were made; logs by the names of their nodes. */
function historyOf(all: readonly Found[]): string[] {
  const names = new Map(all.map(({ own, node }) => [own, node.name]));
  const dot = ({ log, seq, index }: { log: string; seq: number; index: number }): string =>
    `${names.get(log) ?? log.slice(0, 8)}${seq}.${index}`;
  const lines = new Map<string, { readonly time: number; readonly text: string }>();
  for (const { link, state } of all.flatMap(({ versions }) => versions)) {
    const parents = link.parents.map(dot).join(' ');
    const text = `${dot(link.dot)} ${link.path} = ${stateText(state)} after [${parents}]`;
    lines.set(`${dotText(link.dot)} ${mapKey(link.hash8)}`, { time: link.time, text });
  }
  return [...lines.values()].toSorted((a, b) => a.time - b.time).map(({ text }) => text);
}

function dotText({ log, seq, index }: { log: string; seq: number; index: number }): string {
  return `${log.slice(0, 8)}:${seq}:${index}`;
}

function isCopyOf(copy: string, path: string): boolean {
  const dot = path.lastIndexOf('.');
  const stem = dot > path.lastIndexOf('/') + 1 ? path.slice(0, dot) : path;
  return copy.startsWith(`${stem} (conflict `);
}

async function readNode(node: SimNode): Promise<Found> {
  const machine = node.reopened();
  const { environment } = machine;
  const lock = { waitMs: 0, signal: new AbortController().signal };
  const home = await Home.open(environment, HOME, () => Promise.resolve(undefined), lock);
  const folders = new FolderSet(environment, home);
  const [listed] = folders.list().folders;
  if (listed === undefined) throw new Error('expected a folder');
  const folder = await folders.open(listed);
  try {
    const unreadable: string[] = [];
    const { versions, entries } = await readVersions(folder, unreadable);
    return {
      node,
      own: folder.log.own,
      heads: headsText(folder.log.heads.values()),
      entries,
      versions,
      unreadable,
      shown: await readShown(folder, unreadable),
      tree: node.tree(),
    };
  } finally {
    await folders.close();
    await home.close();
  }
}

async function readVersions(
  folder: OpenFolder,
  unreadable: string[],
): Promise<{ readonly versions: Version[]; readonly entries: number }> {
  const versions: Version[] = [];
  let entries = 0;
  for (const [line, { seq: last }] of folder.log.heads) {
    for (let seq = folder.log.lines.from(line); seq <= last; seq++) {
      entries++;
      for (const link of (await folder.log.entry(line, seq)).links) {
        try {
          versions.push({ link, state: await stateOf(folder, link) });
        } catch (error) {
          unreadable.push(`${link.path} ${dotText(link.dot)}: ${String(error)}`);
        }
      }
    }
  }
  return { versions, entries };
}

async function readShown(folder: OpenFolder, unreadable: string[]): Promise<Tree> {
  const shown = new Map<string, State>();
  const view = await TreeView.open(folder.log, { includes: () => true, mayInclude: () => true });
  const walk = async (directory: string): Promise<void> => {
    const listed = await view.list(directory);
    for (const { path, error } of listed?.damage ?? []) {
      unreadable.push(`${path ?? 'a name'} below ${directory}: ${error.message}`);
    }
    for (const { path, kind, version } of listed?.entries ?? []) {
      if (kind === 'directory') {
        shown.set(path, 'D');
        await walk(path);
      } else if (version !== undefined) {
        const state = await stateOf(folder, version);
        if (state !== undefined) shown.set(path, state);
      }
    }
  };
  await walk('');
  return shown;
}

/** Undefined for a deletion. */
async function stateOf(folder: OpenFolder, link: NamedLink): Promise<State | undefined> {
  if (link.kind === 'deletion') return undefined;
  if (link.kind === 'directory') return 'D';
  const { symlink, manifest } = await folder.log.body(link);
  if (manifest === undefined) return `L${symlink ?? ''}`;
  const read: Uint8Array[] = [];
  for await (const { plain } of contentPieces(manifest, await valueSource(folder))) {
    read.push(Uint8Array.from(plain));
  }
  return `F${Buffer.concat(read).toString('latin1')}`;
}
