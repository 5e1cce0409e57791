/** Nodes that give each other everything until all show the same. */

import type { SharedNode } from './shared-node.ts';

/** All give each other everything and bring their working copies in step, until nothing changes. */
export async function inStep(nodes: readonly SharedNode[]): Promise<void> {
  for (let round = 0; round < 4; round++) {
    let changes = 0;
    for (const node of nodes) {
      for (const other of nodes) if (other !== node) await other.giveTo(node);
      const { added, changed, removed } = await node.apply();
      changes += added + changed + removed;
    }
    if (round > 0 && changes === 0) return;
  }
}

/** A tree with the names of conflict copies cut to `f (conflict).txt`. */
export function shape(tree: Readonly<Record<string, string>>): Record<string, string> {
  const cut = (path: string): string => path.replace(/ \(conflict .*\)/, ' (conflict)');
  return Object.fromEntries(Object.entries(tree).map(([path, text]) => [cut(path), text]));
}
