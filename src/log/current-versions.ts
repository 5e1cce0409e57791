/**
 * Current versions: those that no known version supersedes. Links may arrive in any order, children
 * before their parents; what is named as a parent stays superseded even while its link is unknown.
 */

import type { NamedLink, Parent } from './types.ts';
import {
  compareVersions,
  linkKey,
  noForks,
  versionKey,
  type LogOrigin,
  type VersionKey,
} from './version-name.ts';

/** A version and what is known of its place in history. Without a link it is only named by others. */
export interface VersionNode {
  readonly key: VersionKey;
  readonly link: NamedLink | undefined;
  readonly parents: readonly VersionNode[];
  /** Versions that supersede this one. */
  readonly children: readonly VersionNode[];
}

/** A node whose link is known. */
export interface KnownVersion extends VersionNode {
  readonly link: NamedLink;
}

interface MutableNode {
  readonly key: VersionKey;
  link: NamedLink | undefined;
  parents: readonly MutableNode[];
  children: readonly MutableNode[];
}

const noNodes: readonly MutableNode[] = [];
const none: ReadonlySet<KnownVersion> = new Set();

export function isKnown(node: VersionNode): node is KnownVersion {
  return node.link !== undefined;
}

/** All known links of a set of paths, and which of them are current: the same after any order of calls. */
export class VersionGraph {
  readonly #nodes = new Map<VersionKey, MutableNode>();
  readonly #current = new Map<string, Set<KnownVersion>>();
  readonly #departed = new Set<string>();
  readonly #origin: LogOrigin;

  constructor(origin: LogOrigin = noForks) {
    this.#origin = origin;
  }

  /** Adds a link; false where it was known. */
  add(link: NamedLink): boolean {
    const node = this.#node(linkKey(link, this.#origin));
    if (node.link !== undefined) return false;
    node.link = link;
    for (const child of node.children) this.#noteMove(node, child);
    for (const name of link.parents) {
      const parent = this.#node(versionKey(name, this.#origin));
      if (parent === node || node.parents.includes(parent)) continue;
      node.parents = [...node.parents, parent];
      parent.children = [...parent.children, node];
      this.#noteMove(parent, node);
      this.#settle(parent);
    }
    this.#settle(node);
    return true;
  }

  /**
   * Takes a link out, and with it what it superseded: only for a version that a checkpoint buried,
   * whose parents the same checkpoint buried too. False where it was not known.
   */
  remove(link: NamedLink): boolean {
    const node = this.#nodes.get(linkKey(link, this.#origin));
    if (node?.link === undefined) return false;
    this.#unset(node, node.link.path);
    node.link = undefined;
    for (const parent of node.parents) {
      parent.children = parent.children.filter((child) => child !== node);
      this.#settle(parent);
      this.#dropUnused(parent);
    }
    node.parents = noNodes;
    this.#dropUnused(node);
    return true;
  }

  /** The version of this name, if its link is known. */
  find(name: Parent): KnownVersion | undefined {
    const node = this.#nodes.get(versionKey(name, this.#origin));
    return node !== undefined && isKnown(node) ? node : undefined;
  }

  /** Whether a known version names this one as a parent. True also where its own link is unknown. */
  isSuperseded(name: Parent): boolean {
    return (this.#nodes.get(versionKey(name, this.#origin))?.children.length ?? 0) > 0;
  }

  /** Current versions written at this path, in no order. */
  currentAt(path: string): ReadonlySet<KnownVersion> {
    return this.#current.get(path) ?? none;
  }

  /** Paths that have current versions, deletions among them, each with these. */
  current(): IterableIterator<[string, ReadonlySet<KnownVersion>]> {
    return this.#current.entries();
  }

  /** All versions whose links are known, in no order. */
  *nodes(): Generator<KnownVersion> {
    for (const node of this.#nodes.values()) if (isKnown(node)) yield node;
  }

  /** All links known, in no order. */
  *links(): Generator<NamedLink> {
    for (const { link } of this.nodes()) yield link;
  }

  /** Whether a version may ever have been superseded from another path here: cheap, may err to true. */
  hasDepartures(path: string): boolean {
    return this.#departed.has(path);
  }

  /** The order of `compareVersions`, with the forks this graph was made for. */
  compare(a: VersionNode, b: VersionNode): number {
    if (!isKnown(a) || !isKnown(b)) throw new TypeError('expected known versions');
    return compareVersions(a.link, b.link, this.#origin);
  }

  #node(key: VersionKey): MutableNode {
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = { key, link: undefined, parents: noNodes, children: noNodes };
      this.#nodes.set(key, node);
    }
    return node;
  }

  #noteMove(parent: MutableNode, child: MutableNode): void {
    const path = parent.link?.path;
    if (path !== undefined && path !== child.link?.path) this.#departed.add(path);
  }

  #settle(node: MutableNode): void {
    if (!isKnown(node)) return;
    if (node.children.length > 0) {
      this.#unset(node, node.link.path);
      return;
    }
    const set = this.#current.get(node.link.path);
    if (set === undefined) this.#current.set(node.link.path, new Set([node]));
    else set.add(node);
  }

  #unset(node: MutableNode, path: string): void {
    const set: Set<VersionNode> | undefined = this.#current.get(path);
    if (set?.delete(node) === true && set.size === 0) this.#current.delete(path);
  }

  #dropUnused(node: MutableNode): void {
    if (node.link === undefined && node.children.length === 0) this.#nodes.delete(node.key);
  }
}

/** The current versions among a complete set of links, by the path they were written at. */
export function currentVersions(
  links: Iterable<NamedLink>,
  origin: LogOrigin = noForks,
): Map<string, NamedLink[]> {
  const graph = new VersionGraph(origin);
  for (const link of links) graph.add(link);
  const current = new Map<string, NamedLink[]>();
  for (const [path, nodes] of graph.current()) {
    const sorted = [...nodes].map((node) => node.link);
    current.set(
      path,
      sorted.toSorted((a, b) => compareVersions(b, a, origin)),
    );
  }
  return current;
}
