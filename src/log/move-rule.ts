/**
 * Moves: a version at a new path that supersedes one at the old path. An edit made at the old path
 * by someone who did not know of the move is evaluated where the move went, and the move, which
 * changed nothing in the content, yields to it. Directories and deletions stay where they are.
 */

import {
  isKnown,
  type KnownVersion,
  type VersionGraph,
  type VersionNode,
} from './current-versions.ts';
import { hasContent } from './link.ts';
import { sameContent } from './version-name.ts';

/**
 * The path at which a current version is evaluated: its own, or the one to which the content it
 * edits was moved meanwhile, through any number of further moves.
 */
export function seatOf(graph: VersionGraph, node: KnownVersion): string {
  const { path, kind } = node.link;
  if (!hasContent(kind) || !graph.hasDepartures(path)) return path;
  const move = greatest(graph, movesToFollow(node));
  return move === undefined ? path : endOfLine(graph, move).link.path;
}

/**
 * Which of the rivals at one path yield, and to which other: a move yields to a different content
 * whose author knew the moved one, and which does not yield itself. At least one rival never yields.
 */
export function yieldingMoves(
  graph: VersionGraph,
  rivals: readonly KnownVersion[],
): Map<KnownVersion, KnownVersion> {
  const contents = rivals.filter((node) => hasContent(node.link.kind));
  if (contents.length < 2) return new Map();
  const sorted = contents.toSorted((a, b) => graph.compare(b, a));
  const standing = new Set(sorted);
  const moves = new Map<KnownVersion, Set<VersionNode>>();
  for (const node of sorted.toReversed()) {
    const sources = bareSources(node);
    if (successorOf(node, sources, standing) === undefined) continue;
    standing.delete(node);
    moves.set(node, sources);
  }
  const yields = new Map<KnownVersion, KnownVersion>();
  for (const [node, sources] of moves) {
    // What a move gave way to may have given way to something whose author knew nothing of this one.
    const other = successorOf(node, sources, standing);
    if (other !== undefined) yields.set(node, other);
  }
  return yields;
}

/** The greatest that carries on what was moved, with a content of its own. */
function successorOf(
  move: KnownVersion,
  sources: ReadonlySet<VersionNode>,
  among: ReadonlySet<KnownVersion>,
): KnownVersion | undefined {
  if (sources.size === 0) return undefined;
  for (const rival of among) {
    if (!sameContent(rival.link, move.link) && descendsFrom(rival, sources)) return rival;
  }
  return undefined;
}

/** Versions at other paths that carry the content of `node` on. */
function movesOf(node: VersionNode): KnownVersion[] {
  const link = node.link;
  if (link === undefined || !hasContent(link.kind)) return [];
  return node.children
    .filter(isKnown)
    .filter((child) => child.link.path !== link.path && hasContent(child.link.kind));
}

function isMove(node: KnownVersion): boolean {
  return node.parents.some(
    (parent) =>
      isKnown(parent) && parent.link.path !== node.link.path && hasContent(parent.link.kind),
  );
}

/**
 * The nearest moves of versions that `node` edits in place, as far as its author did not know them.
 * None where a line of edits leads back to where the content was created or placed at this path.
 */
function movesToFollow(node: KnownVersion): KnownVersion[] {
  const { path } = node.link;
  const found: KnownVersion[] = [];
  const seen = new Set<VersionNode>();
  const open = [node];
  let ancestors: ReadonlySet<VersionNode> | undefined;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const edited = at.parents
      .filter(isKnown)
      .filter((parent) => parent.link.path === path && hasContent(parent.link.kind));
    if (edited.length === 0 || isMove(at)) return [];
    for (const parent of edited) {
      let moves = movesOf(parent);
      if (moves.length > 0) {
        const known = (ancestors ??= ancestorsOf(node));
        moves = moves.filter((move) => !known.has(move));
      }
      if (moves.length > 0) found.push(...moves);
      else open.push(parent);
    }
  }
  return found;
}

/** Where the line of edits and moves that goes on from `move` ends: at forks of it, with the greatest. */
function endOfLine(graph: VersionGraph, move: KnownVersion): KnownVersion {
  const seen = new Set<VersionNode>();
  let at = move;
  while (!seen.has(at)) {
    seen.add(at);
    const path = at.link.path;
    const edits = at.children
      .filter(isKnown)
      .filter((child) => child.link.path === path && hasContent(child.link.kind));
    at = greatest(graph, movesOf(at)) ?? greatest(graph, edits) ?? at;
  }
  return at;
}

/** The versions whose content `node` carries on from other paths unchanged. */
function bareSources(node: KnownVersion): Set<VersionNode> {
  const sources = new Set<VersionNode>();
  const open = [node];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { link } = at;
    for (const parent of at.parents) {
      if (!isKnown(parent) || sources.has(parent)) continue;
      if (parent.link.path === link.path || !sameContent(parent.link, link)) continue;
      sources.add(parent);
      open.push(parent);
    }
  }
  return sources;
}

function ancestorsOf(node: VersionNode): Set<VersionNode> {
  const found = new Set<VersionNode>();
  const open = [...node.parents];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    open.push(...at.parents);
  }
  return found;
}

function descendsFrom(node: VersionNode, sources: ReadonlySet<VersionNode>): boolean {
  const seen = new Set<VersionNode>();
  const open = [...node.parents];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (sources.has(at)) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...at.parents);
  }
  return false;
}

function greatest(graph: VersionGraph, nodes: readonly KnownVersion[]): KnownVersion | undefined {
  let best = nodes[0];
  for (const node of nodes) if (best !== undefined && graph.compare(node, best) > 0) best = node;
  return best;
}
