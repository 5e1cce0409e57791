import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { projectPath } from '../helpers/project.ts';
import { skipUnless } from '../helpers/requires.ts';
import { filesBelow, projectFiles, textOf } from './source-files.ts';

const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'bench/README.md',
  ...filesBelow('docs', '.md'),
];

/** The anchors of a document's headings, as code hosts make them. */
function anchorsOf(path: string): Set<string> {
  const headings = withoutCode(textOf(path)).matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '');
}

describe('documents', () => {
  test('every link inside the project leads to a file, and to a heading of it', () => {
    const broken: string[] = [];
    for (const path of documents) {
      for (const [, target = ''] of withoutCode(textOf(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file = '', anchor] = target.split('#');
        const to = file === '' ? path : join(dirname(path), file);
        const isThere = existsSync(projectPath(to));
        if (!isThere) broken.push(`${path} → ${target}`);
        else if (anchor !== undefined && !anchorsOf(to).has(anchor)) {
          broken.push(`${path} → ${target}: no such heading`);
        }
      }
    }
    assert.deepEqual(broken, []);
  });

  test('files of the source that documents and comments name are there', () => {
    const broken: string[] = [];
    const named = /\b(?:src|test|docs|scripts)\/[\w./-]+\.(?:ts|md|json|mjs)\b/g;
    const texts = [...documents, ...filesBelow('src', '.ts'), ...filesBelow('test', '.ts')];
    // Integration tests make trees of their own, whose files are none of the project's.
    for (const path of texts.filter((text) => !/^test\/(?:house|integration)\//.test(text))) {
      for (const [file] of textOf(path).matchAll(named)) {
        if (!existsSync(projectPath(file))) broken.push(`${path} names ${file}`);
      }
    }
    assert.deepEqual(broken, []);
  });

  test('the scripts that documents and package.json name can be run', () => {
    const manifest = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const texts = [...documents.map(textOf), ...Object.values(manifest.scripts)];
    const scripts = new Set(
      texts.flatMap((text) => text.match(/\bscripts\/[\w-]+(?![\w.-])/g) ?? []),
    );
    for (const needed of ['scripts/try', 'scripts/test']) assert.ok(scripts.has(needed), needed);
    for (const script of scripts) {
      const mode = statSync(projectPath(script)).mode;
      assert.ok(process.platform === 'win32' || (mode & 0o111) === 0o111, `${script} is a program`);
    }
  });

  test('the npm scripts that documents name exist', () => {
    const manifest = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    for (const path of documents) {
      for (const [, name = ''] of textOf(path).matchAll(/\bnpm run ([\w:-]+)/g)) {
        assert.ok(name in manifest.scripts, `${path} names npm run ${name}`);
      }
    }
  });

  test('the first screen of the readme holds the two commands', () => {
    const screen = textOf('README.md').split('\n').slice(0, 24).join('\n');
    for (const command of ['scripts/try', 'scripts/test']) assert.ok(screen.includes(command));
  });

  test('decisions are numbered one after the other, in name and title', () => {
    const pages = filesBelow('docs/decisions', '.md');
    const index = textOf('docs/decisions/0001-record-decisions.md');
    pages.forEach((path, at) => {
      const name = path.slice('docs/decisions/'.length);
      assert.match(name, /^\d{4}-[a-z0-9-]+\.md$/);
      assert.equal(Number(name.slice(0, 4)), at + 1, `${name} is number ${at + 1}`);
      assert.match(textOf(path), new RegExp(`^# ${at + 1}\\. `), `${name} has its number as title`);
      if (at > 0) assert.ok(index.includes(`](${name})`), `${name} is in the list of decisions`);
    });
    assert.ok(pages.length > 1);
  });

  test('the node version is the same everywhere', () => {
    const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } };
    const floor = engines.node.replace('>=', '');
    assert.equal(textOf('.nvmrc').trim(), floor.split('.')[0]);
    for (const path of ['README.md', 'CONTRIBUTING.md']) {
      assert.ok(textOf(path).includes(`Node ${floor}`), `${path} names Node ${floor}`);
    }
  });
});

/** `text` as a pattern that matches just it. */
function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

describe('files of the project', () => {
  // Written in pieces, so that this file does not find itself.
  const traces: readonly [string, RegExp][] = [
    ['the path of this checkout', new RegExp(escaped(`${projectPath()}/`))],
    ['the home directory of this user', new RegExp(escaped(`${homedir()}/`))],
    ['a home directory', /(?:^|[\s'"`(=:])\/(?:home|Users)\/(?!(?:user|me|you|name|ann|bob)\b)\w+/],
    ['a working directory', /(?:^|[\s'"`(=:])\/work(?:space)?\/\w/],
    ['a package registry', new RegExp(['registry', '(?:npmjs|yarnpkg)', ''].join(String.raw`\.`))],
    ['a private network address', /\b(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+\b/],
    ['work left for later', new RegExp(String.raw`\b(?:${['TO', 'FIX'].join('DO|')}ME|X{3})\b`)],
  ];

  test('none holds a path of some machine, the host of a registry, or a note of unfinished work', (t) => {
    const checkout = { 'a git checkout': existsSync(projectPath('.git')) };
    if (!skipUnless(t, { programs: ['git'], conditions: checkout })) return;
    const found: string[] = [];
    for (const path of projectFiles()) {
      if (!existsSync(projectPath(path)) || /\.(?:wasm|bin|gz|zst|png)$/.test(path)) continue;
      textOf(path)
        .split('\n')
        .forEach((line, at) => {
          for (const [what, pattern] of traces) {
            // A simulated disk has its home at /home.
            if (path.startsWith('test/') && what === 'a home directory') continue;
            if (pattern.test(line))
              found.push(`${path}:${at + 1} holds ${what}: ${line.trim().slice(0, 100)}`);
          }
        });
    }
    assert.deepEqual(found, []);
  });

  test('source files are named after their concept, in kebab-case', () => {
    const wrong = [...filesBelow('src', ''), ...filesBelow('test', '.ts')].filter(
      (path) => !/\/[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?\.ts$/.test(path),
    );
    assert.deepEqual(wrong, []);
    const odd = filesBelow('src', '.ts').filter((path) =>
      /\/(?:index|utils?|helpers?)\.ts$/.test(path),
    );
    assert.deepEqual(odd, []);
  });
});
