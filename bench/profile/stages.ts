/** A profile of V8 → how long a thread was at which stage of the work. */

/** What is used of a `.cpuprofile`. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of nodes, one for each sample. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** In the order in which they are shown. */
export const stages = [
  'load',
  'keys',
  'walk',
  'stat',
  'open',
  'read',
  'chunk',
  'hash',
  'compress',
  'seal',
  'store',
  'index',
  'log',
  'record',
  'write files',
  'messages',
  'GC',
  'other',
  'native',
  'idle',
] as const;
export type Stage = (typeof stages)[number];

interface Rule {
  readonly stage: Stage;
  readonly url?: RegExp;
  readonly name?: RegExp;
}

const SYSTEM = /^$|^node:(?:fs|internal\/fs\/)/;

/** The first that fits a function decides what it and all it calls count as, unless those fit one. */
const rules: readonly Rule[] = [
  { stage: 'GC', name: /^\(garbage collector\)$/ },
  { stage: 'idle', name: /^\(idle\)$/ },
  { stage: 'native', name: /^\(program\)$/ },
  { stage: 'walk', url: SYSTEM, name: /^(?:readdir|opendir|scandir)/i },
  { stage: 'stat', url: SYSTEM, name: /^(?:[lf]?stat|statfs|getStatsFromBinding|readlink)/i },
  { stage: 'open', url: SYSTEM, name: /^(?:open|close)(?:Sync)?$/ },
  { stage: 'read', url: SYSTEM, name: /^(?:readv?|readBuffers?)(?:Sync)?$/ },
  {
    stage: 'write files',
    url: SYSTEM,
    name: /^(?:write|fsync|fdatasync|futimes|utimes|f?chmod|rename|mkdir|symlink|link|unlink|rm|ftruncate)/,
  },
  { stage: 'messages', name: /^(?:postMessage|structuredClone|receiveMessageOnPort)$/ },
  {
    stage: 'messages',
    url: /^node:internal\/(?:worker|per_context\/messageport|structured_clone)/,
  },
  { stage: 'messages', url: /\/system\/(?:lane|thread-pool|worker-|running-task)/ },
  { stage: 'load', url: /^node:internal\/(?:modules|bootstrap|process\/esm|main|source_map|vm)/ },
  { stage: 'keys', url: /\/crypto\/(?:passphrase|scrypt|slots?|identity|folder-keys)/ },
  { stage: 'chunk', url: /\/chunking\/|\/fastcdc-wasm\// },
  { stage: 'hash', url: /\/crypto\/(?:chunk-id|hash)|\/@noble\/hashes\// },
  { stage: 'compress', url: /\/crypto\/zstd|\/zstd-wasm\// },
  { stage: 'seal', url: /\/crypto\/|\/libsodium/ },
  {
    stage: 'index',
    url: /\/store\/(?:level-meta-store|meta-|memory-meta)|\/folder\/(?:working-copy-|seen-|recorded-rows)/,
  },
  { stage: 'store', url: /\/store\/(?:level-chunk-store|folder-store|chunk-store|level-scan)/ },
  { stage: 'log', url: /\/src\/log\// },
  {
    stage: 'walk',
    url: /\/folder\/(?:scan|look|excludes|directory-filter|ignore-|wildcards)|\/system\/real-list|\/ignore\//,
  },
  { stage: 'read', url: /\/folder\/store-files/ },
  { stage: 'write files', url: /\/folder\/restore-files/ },
  { stage: 'record', url: /\/src\/(?:folder|operations)\// },
];

/** What decides only where nothing that called it did: a database does not know whom it serves. */
const weakRules: readonly Rule[] = [
  { stage: 'store', url: /\/src\/store\/|\/classic-level\/|\/abstract-level\// },
];

/** Seconds at each stage, by where the thread itself was at each sample. */
export function secondsByStage(profile: Profile): Map<Stage, number> {
  const stageOf = stagesOfNodes(profile.nodes);
  const seconds = new Map<Stage, number>();
  profile.samples.forEach((id, at) => {
    const stage = stageOf.get(id) ?? 'other';
    const microseconds = Math.max(0, profile.timeDeltas[at] ?? 0);
    seconds.set(stage, (seconds.get(stage) ?? 0) + microseconds / 1e6);
  });
  return seconds;
}

interface Inherited {
  readonly strong?: Stage | undefined;
  readonly weak?: Stage | undefined;
}

function stagesOfNodes(nodes: readonly ProfileNode[]): Map<number, Stage> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stageOf = new Map<number, Stage>();
  const [root] = nodes;
  const open: { node: ProfileNode; above: Inherited }[] = root ? [{ node: root, above: {} }] : [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, above } = next;
    const here = {
      strong: ruleFor(rules, node) ?? above.strong,
      weak: ruleFor(weakRules, node) ?? above.weak,
    };
    stageOf.set(node.id, here.strong ?? here.weak ?? 'other');
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) open.push({ node: child, above: here });
    }
  }
  return stageOf;
}

function ruleFor(all: readonly Rule[], { callFrame }: ProfileNode): Stage | undefined {
  const { functionName, url } = callFrame;
  return all.find((rule) => {
    return (rule.url?.test(url) ?? true) && (rule.name?.test(functionName) ?? true);
  })?.stage;
}
