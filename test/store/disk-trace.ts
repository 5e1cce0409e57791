/**
 * What a traced process did to the files below a directory, and what a power cut would leave.
 *
 * The disk kept is the worst an ordered journal allows (ext4 with `data=ordered`, XFS, btrfs): of
 * each file only the bytes that a completed fsync or fdatasync covers; of creations, renames and
 * removals those before the start of the last completed sync of anything, in their order. A kinder
 * cut keeps more of both, at random.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface TracedFile {
  readonly pieces: Buffer[];
  length: number;
  synced: number;
}

type Change =
  | {
      readonly type: 'make' | 'create' | 'unlink';
      readonly path: string;
      readonly file?: TracedFile;
    }
  | { readonly type: 'rename'; readonly path: string; readonly to: string };

/** One line of the trace that matters, in order of completion. */
export interface TracedEvent {
  /** Text written to standard output, if that is what it was. */
  readonly said?: string;
  /** The file or directory whose sync has ended, if that is what it was. */
  readonly synced?: string;
  readonly apply: () => void;
}

export interface DiskTrace {
  readonly events: readonly TracedEvent[];
  /** Writes below `to` what a power cut leaves now; `random` (0 ≤ r < 1) makes it kinder. */
  cut(to: string, random?: () => number): void;
}

const LINE = /^(\d+)\s+(.*)$/s;
const CALL = /^(\w+)\((.*)\)\s+= (-?\d+)(?:<(.*)>)?/s;

/** The system calls that the tracer must report, as for `strace -f -y -s 99999999 -e trace=`. */
export const TRACED_CALLS =
  'openat,write,writev,pwrite64,pwritev,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,fsync,fdatasync,sync_file_range';

/** Reads the trace of a process whose files of interest lie below `root`. Throws for calls it cannot follow. */
export function readDiskTrace(trace: string, root: string): DiskTrace {
  const names = new Map<string, TracedFile>();
  const changes: Change[] = [];
  let durableChanges = 0;
  const events: TracedEvent[] = [];
  const unfinished = new Map<
    string,
    { text: string; begun: () => { changes: number; length: number } }
  >();
  const below = (path: string): boolean => path === root || path.startsWith(`${root}/`);

  const change = (one: Change): void => {
    changes.push(one);
    if (one.type === 'create' && one.file) names.set(one.path, one.file);
    if (one.type === 'unlink') names.delete(one.path);
    if (one.type === 'rename') {
      const file = names.get(one.path);
      names.delete(one.path);
      if (file) names.set(one.to, file);
    }
  };

  const follow = (
    name: string,
    args: string,
    descriptor: string | undefined,
  ): TracedEvent | undefined => {
    const path = /^\d+<([^>]*)>/.exec(args)?.[1] ?? '';
    const [first, second] = quoted(args);
    switch (name) {
      case 'openat': {
        if (!args.includes('O_CREAT') || descriptor === undefined || !below(descriptor))
          return undefined;
        const truncates = args.includes('O_TRUNC') || !names.has(descriptor);
        return {
          apply: () => {
            if (!names.has(descriptor) || truncates) {
              const file = { pieces: [], length: 0, synced: 0 };
              change({ type: 'create', path: descriptor, file });
            }
          },
        };
      }
      case 'write':
      case 'pwrite64': {
        if (args.startsWith('1<')) return { said: text(first ?? ''), apply: () => undefined };
        if (!below(path)) return undefined;
        if (args.endsWith('...')) throw new Error('the trace is cut');
        const bytes = Buffer.from(unescape(first ?? ''), 'latin1');
        return {
          apply: () => {
            const file = names.get(path);
            if (file === undefined) throw new Error(`a write to the unknown file ${path}`);
            const at = name === 'write' ? file.length : Number(args.split(', ').at(-1));
            if (at !== file.length) throw new Error(`a write inside the file ${path}`);
            file.pieces.push(bytes);
            file.length += bytes.length;
          },
        };
      }
      case 'mkdir':
        if (!below(first ?? '')) return undefined;
        return { apply: () => change({ type: 'make', path: first ?? '' }) };
      case 'unlink':
        if (!below(first ?? '')) return undefined;
        return { apply: () => change({ type: 'unlink', path: first ?? '' }) };
      case 'rename':
        if (!below(first ?? '')) return undefined;
        return { apply: () => change({ type: 'rename', path: first ?? '', to: second ?? '' }) };
      case 'fsync':
      case 'fdatasync':
        throw new Error('handled by the caller');
      default:
        if ([path, first ?? '', second ?? ''].some(below)) throw new Error(`cannot follow ${name}`);
        return undefined;
    }
  };

  /** A sync covers what was done before it began, once it has ended. */
  const beginSync = (args: string): (() => { changes: number; length: number }) => {
    const path = /^\d+<([^>]*)>/.exec(args)?.[1] ?? '';
    return () => ({ changes: changes.length, length: names.get(path)?.length ?? 0 });
  };

  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = LINE.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      const begun = rest.slice(0, -'<unfinished ...>'.length).trimEnd();
      const sync = /^(?:fsync|fdatasync)\((.*)$/s.exec(begun);
      const capture = beginSync(sync?.[1] ?? '');
      let captured: { changes: number; length: number } | undefined;
      if (sync) events.push({ apply: () => (captured = capture()) });
      unfinished.set(thread, { text: begun, begun: () => captured ?? capture() });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest);
    const started = resumed ? unfinished.get(thread) : undefined;
    const whole = resumed ? `${started?.text ?? ''}${resumed[1] ?? ''}` : rest;
    const [, name = '', args = '', result = '', descriptor] = CALL.exec(whole) ?? [];
    if (name === '' || result.startsWith('-')) continue;
    if (name === 'fsync' || name === 'fdatasync') {
      const path = /^\d+<([^>]*)>/.exec(args)?.[1] ?? '';
      if (!below(path)) continue;
      const capture = started?.begun ?? beginSync(args);
      events.push({
        synced: path,
        apply: () => {
          const covered = capture();
          durableChanges = Math.max(durableChanges, covered.changes);
          const file = names.get(path);
          if (file) file.synced = Math.max(file.synced, covered.length);
        },
      });
      continue;
    }
    const event = follow(name, args, descriptor);
    if (event) events.push(event);
  }

  return {
    events,
    cut(to, random) {
      const extra = random ? Math.floor(random() * (changes.length - durableChanges + 1)) : 0;
      const left = new Map<string, TracedFile>();
      const place = (path: string): string => join(to, path.slice(root.length));
      mkdirSync(to, { recursive: true });
      for (const one of changes.slice(0, durableChanges + extra)) {
        if (one.type === 'make') mkdirSync(place(one.path), { recursive: true });
        if (one.type === 'create' && one.file) left.set(one.path, one.file);
        if (one.type === 'unlink') left.delete(one.path);
        if (one.type === 'rename') {
          const file = left.get(one.path);
          left.delete(one.path);
          if (file) left.set(one.to, file);
        }
      }
      for (const [path, file] of left) {
        mkdirSync(dirname(place(path)), { recursive: true });
        writeFileSync(place(path), contentAfterCut(file, random));
      }
    },
  };
}

/** The synced bytes; in a kinder cut some more, or zeros where a size grew before its content. */
function contentAfterCut(file: TracedFile, random: (() => number) | undefined): Buffer {
  const whole = Buffer.concat(file.pieces);
  if (!random) return whole.subarray(0, file.synced);
  const length = file.synced + Math.floor(random() * (whole.length - file.synced + 1));
  const content = Buffer.from(whole.subarray(0, length));
  if (random() < 0.3)
    content.fill(0, file.synced + Math.floor(random() * (length - file.synced + 1)));
  return content;
}

function quoted(args: string): string[] {
  return [...args.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map((match) => match[1] ?? '');
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** Bytes of a string as the tracer prints it, one character each. */
function unescape(printed: string): string {
  return printed.replace(/\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))/gs, (_, octal, hex, other) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(String(octal), 8));
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(String(hex), 16));
    return ESCAPES[String(other)] ?? String(other);
  });
}

function text(printed: string): string {
  return unescape(printed).trim();
}
