/** Which patterns hold in which directory: plain data, so that a worker can be asked in its own thread. */

import { asBuffer, type Bytes } from '../bytes.ts';
import { pathToBytes } from '../path-bytes.ts';
import type { FileKind } from '../system/file-system.ts';
import {
  parseIgnoreFile,
  parseIgnorePattern,
  verdict,
  type IgnorePattern,
} from './ignore-patterns.ts';

/** The patterns that hold in a directory and, unless it adds some, in those below it. */
export interface IgnoreRules {
  /** Patterns of `--exclude`, from the folder's root; they decide before any file. */
  readonly given: readonly string[];
  /** The `.vaultignore` files from the root down; the nearest decides first. */
  readonly files: readonly IgnoreFile[];
}

export interface IgnoreFile {
  /** The directory it lies in, relative to the root. */
  readonly directory: string;
  /** Its content, one character per byte. */
  readonly text: string;
}

/** The name of the files that hold rules. */
export const IGNORE_FILE = '.vaultignore';

/** The rules in a directory with a `.vaultignore` of this content, beside those that hold there already. */
export function rulesWith(rules: IgnoreRules, directory: string, content: Bytes): IgnoreRules {
  const file = { directory, text: asBuffer(content).toString('latin1') };
  return { given: rules.given, files: [...rules.files, file] };
}

/** Answers for directories. Keeps the patterns of the files it met last compiled. */
export class IgnoreMatcher {
  readonly #compiled = new Map<string, readonly IgnorePattern[]>();
  #given: { readonly lines: readonly string[]; readonly patterns: readonly IgnorePattern[] } = {
    lines: [],
    patterns: [],
  };

  /** Whether a name in the directory is left out; a directory that is hides everything below it. */
  in(rules: IgnoreRules, directory: string): (name: string, kind: FileKind) => boolean {
    const lists = [{ base: 0, patterns: this.#givenPatterns(rules.given) }];
    for (const { directory: from, text } of rules.files.toReversed()) {
      lists.push({ base: from === '' ? 0 : byteText(from).length + 1, patterns: this.#file(text) });
    }
    const used = lists.filter(({ patterns }) => patterns.length > 0);
    if (used.length === 0) return () => false;
    const prefix = directory === '' ? '' : `${byteText(directory)}/`;
    return (text, kind) => {
      const name = byteText(text);
      const path = prefix + name;
      for (const { base, patterns } of used) {
        const found = verdict(patterns, path.slice(base), name, kind === 'directory');
        if (found !== undefined) return found === 'out';
      }
      return false;
    };
  }

  #givenPatterns(lines: readonly string[]): readonly IgnorePattern[] {
    const { lines: known } = this.#given;
    if (lines.length !== known.length || lines.some((line, at) => line !== known[at])) {
      const patterns = lines
        .map((line) => parseIgnorePattern(byteText(line)))
        .filter((pattern) => pattern !== undefined);
      this.#given = { lines, patterns };
    }
    return this.#given.patterns;
  }

  #file(text: string): readonly IgnorePattern[] {
    let patterns = this.#compiled.get(text);
    if (patterns === undefined) {
      patterns = parseIgnoreFile(text);
      this.#compiled.set(text, patterns);
      if (this.#compiled.size > MAX_COMPILED) {
        this.#compiled.delete(this.#compiled.keys().next().value ?? '');
      }
    }
    return patterns;
  }
}

/** Compiled files kept; more are compiled again when they are met again. */
const MAX_COMPILED = 64;

/** The bytes of a name or path, one character each. */
function byteText(path: string): string {
  return isAscii.test(path) ? path : asBuffer(pathToBytes(path)).toString('latin1');
}

// oxlint-disable-next-line no-control-regex -- all of ASCII
const isAscii = /^[\0-\x7f]*$/;
