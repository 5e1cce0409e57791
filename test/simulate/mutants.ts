/** Mistakes that somebody could make in vault: each a change of one compiled file that the simulator must notice. */

import type { RunOptions } from './simulation.ts';

export interface Mutant {
  /** What the mistake is. */
  readonly name: string;
  /** Below `build/src`, without its ending. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly from: string;
  readonly to: string;
  /** A seed that was seen to catch it: tried first. */
  readonly caughtBy: number;
  /** Without these it would hardly ever matter. */
  readonly options?: RunOptions;
}

const conflictRule = 'log/conflict-rule';
const inStepChanges = 'operations/in-step-changes';
const inStepWalk = 'operations/in-step-walk';
const exchangeSide = 'operations/exchange-side';
const folderExchange = 'net/folder-exchange';

export const mutants: readonly Mutant[] = [
  {
    name: 'only the rival that is shown is kept in view',
    file: conflictRule,
    from: 'copies: contents.slice(1), deletions }',
    to: 'copies: [], deletions }',
    caughtBy: 1,
  },
  {
    name: 'own writes are not noted, and echo',
    file: inStepChanges,
    from: 'rows.set(name, {\n            ...seenStat(stat, true),',
    to: 'new Map().set(name, {\n            ...seenStat(stat, true),',
    caughtBy: 1,
  },
  {
    name: 'a new session says nothing',
    file: folderExchange,
    from: 'session.open(this.#local, out);',
    to: '',
    caughtBy: 1,
  },
  {
    name: 'a value that came is not stored',
    file: exchangeSide,
    from: 'await this.#store.stage(Uint8Array.from(value));',
    to: '',
    caughtBy: 1,
  },
  {
    name: 'what came from others does not become the head of its log',
    file: 'log/log-adoption',
    from: 'heads.set(line, head);',
    to: '',
    caughtBy: 1,
  },
  {
    name: 'chunks that came are not indexed',
    file: 'store/chunk-index',
    from: "yield { type: 'put', key: chunkKey(id), value: encodeChunkRow(row) };",
    to: '',
    caughtBy: 1,
  },
  {
    name: 'an own entry does not become the head of its log',
    file: 'log/log-writer',
    from: 'this.#parts.heads.set(log, head);',
    to: '',
    caughtBy: 1,
  },
  {
    name: 'what is here is said to be missing',
    file: exchangeSide,
    from: "(await this.#isHere(name)) ? 'here' : 'missing'",
    to: "'missing'",
    caughtBy: 1,
  },
  {
    name: 'a symlink comes with another target',
    file: 'folder/change-applier',
    from: 'makeSymlink(next.symlink, ready)',
    to: 'makeSymlink(`./${next.symlink}`, ready)',
    caughtBy: 1,
  },
  {
    name: 'a deletion beats an edit',
    file: conflictRule,
    from: 'shown: contents[0],',
    to: 'shown: deletions.length > 0 ? undefined : contents[0],',
    caughtBy: 4,
  },
  {
    name: 'the barrier before a commit is skipped',
    file: 'store/staged-values',
    from: 'this.#chunks.write({ puts: values }, { sync: true })',
    to: 'this.#chunks.write({ puts: values }, { sync: false })',
    caughtBy: 5,
  },
  {
    name: 'displaced files are dropped unread',
    file: 'folder/change-applier',
    from: 'return this.#displaced.editsAmong(aside);',
    to: 'return [];',
    caughtBy: 9,
  },
  {
    name: 'who waits for a value is never told that it came',
    file: 'net/serving',
    from: 'if (this.#standing.delete(key))\n                have.push(key);',
    to: 'this.#standing.delete(key);',
    caughtBy: 9,
  },
  {
    name: 'logs that a peer that left was to send are never asked for again',
    file: folderExchange,
    from: 'this.#pulls.gone(peer);',
    to: '',
    caughtBy: 27,
  },
  {
    name: 'a directory that lives through what is in it is not noted',
    file: inStepChanges,
    from: '? await formerVersion(this.#folder.log, path)',
    to: '? undefined',
    caughtBy: 17,
  },
  {
    name: 'what others removed stays',
    file: inStepWalk,
    from: "await this.#changes.add({ directory: path, name, next: 'absent', version: undefined }, row);",
    to: '',
    caughtBy: 3,
  },
  {
    name: 'the order of logs says what is a directory',
    file: 'log/tree-view',
    from: 'directories.some((link) => !isSuperseded(link, links))',
    to: "links.findLast((link) => link.path === path)?.kind === 'directory'",
    caughtBy: 13,
  },
  {
    name: 'what is gone from the working copy is not recorded',
    file: 'operations/record-working-copy',
    from: 'await recorder.recordGone();',
    to: '',
    caughtBy: 3,
  },
  {
    name: 'what was removed for others stays noted, and echoes',
    file: inStepChanges,
    from: 'if (isRemoved) {\n            rows.delete(name);',
    to: 'if (isRemoved) {',
    caughtBy: 9,
  },
  {
    name: 'what lives in a directory does not keep it',
    file: 'log/tree-view',
    from: 'return ((await this.list(directory))?.entries.length ?? 0) > 0;',
    to: 'return false;',
    caughtBy: 4,
  },
  {
    name: 'edits that slipped in are not recorded',
    file: inStepChanges,
    from: 'await this.#recordEdits(await this.#applier.settle());',
    to: 'await this.#applier.settle();',
    caughtBy: 87,
  },
  {
    name: 'a displaced file is looked at and then written over',
    file: 'folder/replace-name',
    from: 'return displace(files, replacement, there);',
    to: `if (next !== 'ready') return displace(files, replacement, there);
    files.rename(replacement.ready, path);
    return { status: 'applied', stat: files.statIfPresent(path), isAside: false };`,
    caughtBy: 60,
  },
  {
    name: 'credit that was used is never given anew',
    file: 'net/receive-credit',
    from: 'if (this.open > this.#window / 2)',
    to: 'if (this.#granted > 0)',
    options: { large: true },
    caughtBy: 1,
  },
  {
    name: 'a stretch is not asked whether it follows what is known',
    file: 'log/log-adoption',
    from: 'if (seq > 0 && (before === undefined || !equalBytes(before, previous)))',
    to: 'if (seq > 0 && before === undefined)',
    options: { restores: true },
    caughtBy: 103,
  },
  {
    name: 'what another copy of this home wrote is taken for what was written here',
    file: 'log/log-adoption',
    from: ' || head.log === this.#parts.own()',
    to: '',
    options: { restores: true },
    caughtBy: 1063,
  },
  {
    name: 'what is large is committed without a barrier',
    file: 'store/staged-values',
    from: 'await this.guard(() => this.#chunks.barrier());',
    to: '',
    options: { large: true },
    caughtBy: 5,
  },
  {
    name: 'a file takes its name before it is durable',
    file: 'folder/change-applier',
    from: 'makeDurable(fileSystem, `${directory}/${change.name}`);',
    to: ';',
    caughtBy: 5,
  },
];
