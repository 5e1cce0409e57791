import fc from 'fast-check';
import { FileError, type FileSystem, type OpenFile } from '../../src/system/file-system.ts';

/** One call, with names to be put below a directory; slots keep open files and held directories. */
export type Command =
  | { readonly call: 'stat' | 'list' | 'removeFile' | 'removeDirectory'; readonly path: Names }
  | { readonly call: 'removeTree' | 'makeDirectory' | 'makeDirectories'; readonly path: Names }
  | { readonly call: 'readFile' | 'readSymlink' | 'realPath' | 'setTime'; readonly path: Names }
  | { readonly call: 'rename' | 'link'; readonly path: Names; readonly to: Names }
  | { readonly call: 'makeSymlink'; readonly path: Names; readonly target: string }
  | { readonly call: 'setMode'; readonly path: Names; readonly mode: number }
  | { readonly call: 'open'; readonly path: Names; readonly mode: Mode; readonly slot: number }
  | { readonly call: 'write'; readonly slot: number; readonly at: number; readonly length: number }
  | { readonly call: 'truncate'; readonly slot: number; readonly at: number }
  | { readonly call: 'read' | 'statOpen' | 'close'; readonly slot: number }
  | { readonly call: 'hold'; readonly path: Names; readonly slot: number }
  | { readonly call: 'letGo'; readonly slot: number };

type Mode = 'read' | 'write' | 'create';

/** Names of a path; a number stands for the directory held in that slot. */
type Names = readonly (string | number)[];

const name = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof({ weight: 8, arbitrary: name }, fc.constantFrom('..', '.'));
const beginning = fc.oneof(
  { weight: 5, arbitrary: fc.constant([]) },
  fc.integer({ min: 0, max: 1 }).map((slot) => [slot]),
);
const path: fc.Arbitrary<Names> = fc
  .tuple(beginning, fc.array(step, { maxLength: 2 }), name)
  .map(([start, middle, last]) => [...start, ...middle, last]);
const slot = fc.integer({ min: 0, max: 1 });
const at = fc.integer({ min: 0, max: 9000 });

/** Any command. Paths are short and names few, so that commands meet. */
export const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    fc.record({
      call: fc.constantFrom('stat', 'list', 'removeFile', 'removeDirectory', 'removeTree'),
      path,
    }),
    fc.record({ call: fc.constantFrom('makeDirectory', 'makeDirectories'), path }),
    fc.record({ call: fc.constantFrom('readFile', 'readSymlink', 'realPath', 'setTime'), path }),
    fc.record({ call: fc.constantFrom('rename', 'link'), path, to: path }),
    fc.record({
      call: fc.constant('makeSymlink' as const),
      path,
      target: fc.constantFrom('a', 'b', '../a', 'b/c', '.', 'none', 'a/'),
    }),
    fc.record({
      call: fc.constant('setMode' as const),
      path,
      mode: fc.constantFrom(0o600, 0o755, 0o777),
    }),
    fc.record({
      call: fc.constant('open' as const),
      path,
      mode: fc.constantFrom<Mode>('read', 'write', 'create'),
      slot,
    }),
    fc.record({ call: fc.constant('write' as const), slot, at, length: at }),
    fc.record({ call: fc.constant('truncate' as const), slot, at }),
    fc.record({ call: fc.constantFrom('read', 'statOpen', 'close'), slot }),
    fc.record({ call: fc.constant('hold' as const), path, slot }),
    fc.record({ call: fc.constant('letGo' as const), slot }),
  ),
  { minLength: 5, maxLength: 40, size: 'max' },
);

/** What a command gave: something comparable, or the code it failed with. */
export type Outcome = { readonly value: unknown } | { readonly code: string };

/** Runs commands on one file system, below one directory. */
export class CommandRunner {
  readonly #files: FileSystem;
  readonly #directory: string;
  readonly #open: (OpenFile | undefined)[] = [];
  readonly #held: ({ path: string; close(): void } | undefined)[] = [];

  constructor(files: FileSystem, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  run(command: Command): Outcome {
    try {
      return { value: this.#run(command) };
    } catch (error) {
      if (error instanceof FileError) return { code: error.code };
      throw error;
    }
  }

  end(): void {
    for (const file of this.#open) file?.close();
    for (const held of this.#held) held?.close();
  }

  /** Everything below the directory, as one comparable value. */
  tree(directory = this.#directory): unknown {
    const entries = this.#files.list(directory).sort((a, b) => (a.name < b.name ? -1 : 1));
    return entries.map(({ name: entry, kind }) => {
      const child = `${directory}/${entry}`;
      const about = this.#about(child);
      if (kind === 'directory') return [entry, about, this.tree(child)];
      return [entry, about, kind === 'file' ? this.#hex(this.#files.readFile(child)) : ''];
    });
  }

  #run(command: Command): unknown {
    const files = this.#files;
    switch (command.call) {
      case 'stat':
        return this.#about(this.#at(command.path));
      case 'list':
        return files
          .list(this.#at(command.path))
          .map((entry) => entry.name + entry.kind)
          .sort();
      case 'removeFile':
      case 'removeDirectory':
      case 'removeTree':
      case 'makeDirectory':
      case 'makeDirectories':
        return files[command.call](this.#at(command.path));
      case 'readFile':
        return this.#hex(files.readFile(this.#at(command.path)));
      case 'readSymlink':
        return files.readSymlink(this.#at(command.path));
      case 'realPath':
        return files.realPath(this.#at(command.path)).slice(files.realPath(this.#directory).length);
      case 'setTime':
        files.setModified(this.#at(command.path), 1_700_000_000_000_000_000n);
        return files.stat(this.#at(command.path)).mtimeNs;
      case 'rename':
      case 'link':
        return files[command.call](this.#at(command.path), this.#at(command.to));
      case 'makeSymlink':
        return files.makeSymlink(command.target, this.#at(command.path));
      case 'setMode':
        return files.setMode(this.#at(command.path), command.mode);
      case 'open': {
        const file = files.open(this.#at(command.path), { mode: command.mode });
        this.#open[command.slot]?.close();
        this.#open[command.slot] = file;
        return file.stat().kind;
      }
      case 'write':
        return this.#open[command.slot]?.write(pattern(command.length), command.at);
      case 'truncate':
        return this.#open[command.slot]?.truncate(command.at);
      case 'read': {
        const into = new Uint8Array(20_000);
        const length = this.#open[command.slot]?.read(into, 10) ?? 0;
        return this.#hex(into.subarray(0, length));
      }
      case 'statOpen': {
        const stat = this.#open[command.slot]?.stat();
        return stat?.kind === 'file' && [stat.size, stat.links, stat.mode];
      }
      case 'close':
        return this.#open[command.slot]?.close();
      case 'hold': {
        const held = files.hold(this.#at(command.path));
        this.#held[command.slot]?.close();
        this.#held[command.slot] = held;
        return undefined;
      }
      case 'letGo':
        this.#held[command.slot]?.close();
        this.#held[command.slot] = undefined;
        return undefined;
    }
  }

  #at(names: Names): string {
    const [first = '', ...rest] = names;
    if (typeof first === 'string') return [this.#directory, ...names].join('/');
    return [this.#held[first]?.path ?? this.#directory, ...rest].join('/');
  }

  #about(file: string): unknown {
    const { kind, size, mode, links } = this.#files.stat(file);
    // Sizes and link counts of directories are the file system's own affair.
    return kind === 'directory' ? [kind, mode] : [kind, size, mode, links];
  }

  #hex(bytes: Uint8Array): string {
    return Buffer.from(bytes)
      .toString('latin1')
      .replace(/\0+/g, (zeros) => `<${zeros.length}>`);
  }
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 65 + (index % 23));
}
