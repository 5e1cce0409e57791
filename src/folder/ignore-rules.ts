/** Which patterns hold in which directory: plain data, so that a worker can be asked in its own thread. */

import { asBuffer, type Bytes } from '../bytes.ts';
import { pathFromBytes, pathToBytes } from '../path-bytes.ts';
import type { FileKind } from '../system/file-system.ts';
import {
  decidingPattern,
  parseIgnoreFile,
  parseIgnorePattern,
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

/** The pattern that leaves a name out, and where it stands. */
export interface IgnoreMatch {
  readonly pattern: string;
  /** The directory of its `.vaultignore` and the line in it; undefined for one of `--exclude`. */
  readonly file: { readonly directory: string; readonly line: number } | undefined;
}

/** Whether a pattern of `--exclude` is text and can match anything. */
export function isUsablePattern(pattern: string): boolean {
  return pattern.isWellFormed() && parseIgnorePattern(byteText(pattern), 0) !== undefined;
}

/** Answers for directories. Keeps the patterns of the files it met last compiled. */
export class IgnoreMatcher {
  readonly #compiled = new Map<string, readonly IgnorePattern[]>();
  #given: { readonly lines: readonly string[]; readonly patterns: readonly IgnorePattern[] } = {
    lines: [],
    patterns: [],
  };

  /** What leaves a name in the directory out, if anything; a directory that is hides all below it. */
  in(
    rules: IgnoreRules,
    directory: string,
  ): (name: string, kind: FileKind) => IgnoreMatch | undefined {
    const lists = [
      { from: undefined, base: 0, patterns: this.#givenPatterns(rules.given) },
      ...rules.files.toReversed().map((file) => ({
        from: file.directory,
        base: file.directory === '' ? 0 : byteText(file.directory).length + 1,
        patterns: this.#file(file.text),
      })),
    ].filter(({ patterns }) => patterns.length > 0);
    if (lists.length === 0) return () => undefined;
    const prefix = directory === '' ? '' : `${byteText(directory)}/`;
    return (text, kind) => {
      const name = byteText(text);
      const path = prefix + name;
      for (const { from, base, patterns } of lists) {
        const found = decidingPattern(patterns, path.slice(base), name, kind === 'directory');
        if (found === undefined) continue;
        if (found.isNegated) return undefined;
        const file = from === undefined ? undefined : { directory: from, line: found.line };
        return { pattern: pathFromBytes(Buffer.from(found.text, 'latin1')), file };
      }
      return undefined;
    };
  }

  #givenPatterns(lines: readonly string[]): readonly IgnorePattern[] {
    const { lines: known } = this.#given;
    if (lines.length !== known.length || lines.some((line, at) => line !== known[at])) {
      const patterns = lines
        .map((line) => parseIgnorePattern(byteText(line), 0))
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
