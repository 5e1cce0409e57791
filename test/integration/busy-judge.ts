/** What files are that were stored while programs were writing them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

/**
 * `whole`: as its program meant it. `moment`: not whole, but as it was on disk between two of the
 * program's writes. `torn`: it never was like that.
 */
export type Verdict = 'whole' | 'moment' | 'torn';

/** A file that was stored, by its path in the tree; undefined where nothing can be told of it. */
export function judge(
  path: string,
  content: Buffer,
  originals: ReadonlyMap<string, Buffer>,
): Verdict | undefined {
  const [program = '', ...rest] = path.split('/');
  const below = rest.join('/');
  switch (program) {
    case 'replaced':
      // What lies there under its last name was written to its end.
      return below.endsWith('~') ? truncatedLines(content, 1200) : wholeLines(content, 1200);
    case 'rewritten':
      return truncatedLines(content, 1200);
    case 'overwritten':
      return overwrittenLines(content, 40_000);
    case 'compiler':
      return below.startsWith('source/') && !below.endsWith('~')
        ? wholeLines(content, 200)
        : truncatedLines(content, 200);
    case 'npm':
      return beginningOf(content, originals.get(below));
    case 'git':
      return gitFile(below, content);
    default:
      return undefined;
  }
}

const LINE = /turn_(\d{9})/g;

interface Lines {
  /** The turns in which the lines were written, one after another, each once. */
  readonly turns: readonly number[];
  readonly isWhole: boolean;
}

/** Whole where they all are of one turn and as many as the program writes: `busy-program-child.ts`. */
function linesOf(content: Buffer, count: number): Lines {
  const text = content.toString('latin1');
  const all = [...text.matchAll(LINE)].map(([, turn]) => Number(turn));
  const turns = all.filter((turn, at) => turn !== all[at - 1]);
  const isEnded = text.endsWith('\n');
  return { turns, isWhole: turns.length === 1 && isEnded && all.length === count };
}

function wholeLines(content: Buffer, count: number): Verdict {
  return linesOf(content, count).isWhole ? 'whole' : 'torn';
}

/** Of a program that empties the file and then writes it from its beginning. */
function truncatedLines(content: Buffer, count: number): Verdict {
  const { turns, isWhole } = linesOf(content, count);
  if (isWhole) return 'whole';
  return turns.length <= 1 ? 'moment' : 'torn';
}

/** Of one that writes over what is there: the beginning of one turn, the rest of the one before. */
function overwrittenLines(content: Buffer, count: number): Verdict {
  const { turns, isWhole } = linesOf(content, count);
  if (isWhole) return 'whole';
  const [first, second] = turns;
  if (turns.length <= 1) return 'moment';
  // Each of the five files comes again after five turns.
  return turns.length === 2 && first === (second ?? 0) + 5 ? 'moment' : 'torn';
}

function beginningOf(content: Buffer, original: Buffer | undefined): Verdict | undefined {
  if (original === undefined) return undefined;
  if (content.equals(original)) return 'whole';
  return original.subarray(0, content.length).equals(content) ? 'moment' : 'torn';
}

/** Git names or ends its files with a SHA-1, and gives them their name when they are whole. */
function gitFile(path: string, content: Buffer): Verdict | undefined {
  const object = /^\.git\/objects\/([0-9a-f]{2})\/([0-9a-f]{38})$/.exec(path);
  if (object !== null) {
    return sha1(inflated(content)) === `${object[1]}${object[2]}` ? 'whole' : 'torn';
  }
  const [, number] = /^d\d\/file (\d+)$/.exec(path) ?? [];
  if (number !== undefined) return truncatedLines(content, 20 + Number(number));
  if (!/^\.git\/(index|objects\/pack\/pack-[^/]*\.(pack|idx))$/.test(path)) return undefined;
  const end = Math.max(0, content.length - 20);
  return sha1(content.subarray(0, end)) === content.subarray(end).toString('hex')
    ? 'whole'
    : 'torn';
}

function inflated(content: Buffer): Buffer {
  try {
    return inflateSync(content);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
    return Buffer.alloc(0);
  }
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** Contents by path, to compare with. */
export function contentsOf(root: string, paths: Iterable<string>): Map<string, Buffer> {
  return new Map([...paths].map((path) => [path, readFileSync(`${root}/${path}`)]));
}
