import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  IgnoreMatcher,
  rulesWith,
  type IgnoreMatch,
  type IgnoreRules,
} from '../../src/folder/ignore-rules.ts';
import { pathFromBytes, pathToBytes } from '../../src/path-bytes.ts';
import { skipUnless } from '../helpers/requires.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { ignoreCase, type IgnoreCase } from './ignore-cases.ts';

/** Trees, each with its own ignore files; every name in one is a case. */
const TREES = process.env['VAULT_SLOW'] === '1' ? 20_000 : 700;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

test('every generated name is left out where git ignores it, by the same line', (t) => {
  if (!skipUnless(t, { programs: ['git'] })) return;
  const seed = runSeed();
  const random = seededRandom(seed);
  const cases = Array.from({ length: TREES }, () => ignoreCase(random));
  const root = tempDir(t);
  git(root, ['init', '--quiet', '--template=']);
  const asked: { path: string; inCase: string; of: IgnoreCase }[] = [];
  cases.forEach((one, at) => {
    const top = `c${at}`;
    for (const path of ['', ...one.directories]) mkdirSync(bytes(`${root}/${top}/${path}`));
    for (const [directory, content] of one.ignoreFiles) {
      writeFileSync(bytes(`${root}/${top}/${directory}/.gitignore`), bytes(content));
    }
    for (const path of [...one.directories, ...one.files]) {
      asked.push({ path: `${top}/${path}`, inCase: path, of: one });
    }
  });
  const answers = gitIgnores(
    root,
    asked.map(({ path }) => path),
  );
  const ours = new Map(cases.map((one) => [one, leftOut(one)]));
  let ignored = 0;
  asked.forEach(({ path, inCase, of }, at) => {
    const expected = answers[at];
    if (expected !== undefined) ignored++;
    const match = ours.get(of)?.get(inCase);
    const found = match?.file && sourceOf(path.slice(0, path.indexOf('/')), match.file);
    assert.equal(found, expected, `seed ${seed}, ${JSON.stringify(inCase)} of ${text(of)}`);
  });
  t.diagnostic(`${asked.length} names in ${TREES} trees, ${ignored} of them ignored`);
  assert.ok(asked.length >= 10_000 && ignored > asked.length / 8, 'both answers are met often');
});

/** The file and line by which git ignores each path, if it does; only directories need to exist. */
function gitIgnores(root: string, paths: readonly string[]): (string | undefined)[] {
  const input = bytes(paths.map((path) => `${path}\0`).join(''));
  const words = ['check-ignore', '--no-index', '--stdin', '-z', '--verbose', '--non-matching'];
  const fields = git(root, words, input).toString('latin1').split('\0');
  return paths.map((path, at) => {
    const [source = '', line = '', pattern = '', name] = fields.slice(at * 4, at * 4 + 4);
    assert.equal(name, path);
    return pattern === '' || pattern.startsWith('!') ? undefined : `${source}:${line}`;
  });
}

/** As git names it, in the case's directory `top`. */
function sourceOf(top: string, { directory, line }: NonNullable<IgnoreMatch['file']>): string {
  const path = [top, Buffer.from(pathToBytes(directory)).toString('latin1'), '.gitignore'];
  return `${path.filter(Boolean).join('/')}:${line}`;
}

function git(root: string, words: readonly string[], input?: Buffer): Buffer {
  const settings = ['core.excludesFile=/dev/null', 'core.ignoreCase=false', 'core.quotePath=false'];
  return execFileSync('git', [...settings.flatMap((one) => ['-c', one]), ...words], {
    cwd: root,
    maxBuffer: 1 << 28,
    env: { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' },
    ...(input === undefined ? {} : { input }),
  });
}

/** The paths of a case that are left out, directory by directory as a scan asks, and why. */
function leftOut(one: IgnoreCase): ReadonlyMap<string, IgnoreMatch> {
  const matcher = new IgnoreMatcher();
  const out = new Map<string, IgnoreMatch>();
  const walk = (directory: string, before: IgnoreRules, above: IgnoreMatch | undefined): void => {
    const content = one.ignoreFiles.get(directory);
    const rules =
      content === undefined ? before : rulesWith(before, name(directory), bytes(content));
    const ignores = matcher.in(rules, name(directory));
    const look = (path: string, kind: 'file' | 'directory'): IgnoreMatch | undefined => {
      const match = above ?? ignores(name(lastOf(path)), kind);
      if (match !== undefined) out.set(path, match);
      return match;
    };
    const isHere = (path: string): boolean =>
      path.slice(0, Math.max(0, path.lastIndexOf('/'))) === directory;
    for (const path of one.files.filter(isHere)) look(path, 'file');
    for (const path of one.directories.filter(isHere)) walk(path, rules, look(path, 'directory'));
  };
  walk('', { given: [], files: [] }, undefined);
  return out;
}

const name = (text: string): string => pathFromBytes(bytes(text));
const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const text = (one: IgnoreCase): string => JSON.stringify([...one.ignoreFiles]);
