import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { projectPath } from '../helpers/project.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const folders = [
  'system',
  'chunking',
  'crypto',
  'store',
  'log',
  'folder',
  'net',
  'target',
  'home',
  'operations',
  'api',
  'cli',
] as const;
type Folder = (typeof folders)[number];

const base = ['system', 'chunking', 'crypto', 'store', 'log'] as const;
/** The layers of docs/design.md: what each folder may import besides leaves and itself. */
const may: Readonly<Record<Folder, readonly (Folder | 'vault.ts')[]>> = {
  system: [],
  chunking: ['system'],
  crypto: ['system'],
  store: ['system', 'chunking', 'crypto'],
  log: ['system', 'chunking', 'crypto', 'store'],
  folder: base,
  net: base,
  target: base,
  home: [...base, 'folder'],
  operations: [...base, 'home', 'folder', 'net', 'target'],
  api: [...base, 'home', 'folder', 'net', 'target', 'operations', 'vault.ts'],
  cli: ['system', 'vault.ts', 'api'],
};

/** Runs the project's lint rules over a tree of just `files`; the problems, as `path: rule`. */
function lint(t: TestContext, files: Readonly<Record<string, string>>): string[] {
  const root = tempDir(t);
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
    copyFileSync(projectPath(name), join(root, name));
  }
  symlinkSync(projectPath('node_modules'), join(root, 'node_modules'), 'junction');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const program = projectPath('node_modules', 'oxlint', 'bin', 'oxlint');
  const run = spawnSync(process.execPath, [program, '--type-aware', '-f', 'json', 'src'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.match(run.stdout, /^\s*\{/, `oxlint did not run: ${run.stdout}${run.stderr}`);
  const report = JSON.parse(run.stdout) as {
    diagnostics: { code: string; filename: string; message: string }[];
  };
  return report.diagnostics.map(({ code, filename }) => `${filename}: ${code}`).sort();
}

/** A module that exports one constant, in every folder, and a leaf and vault.ts. */
function oneModuleEach(): Record<string, string> {
  const files: Record<string, string> = {
    'src/leaf.ts': 'export const thing = 1;\n',
    'src/vault.ts': 'export const thing = 1;\n',
  };
  for (const folder of folders) files[`src/${folder}/thing.ts`] = 'export const thing = 1;\n';
  return files;
}

const importing = (specifier: string): string =>
  `import { thing } from '${specifier}';\n\nexport const other = thing;\n`;

describe('layers', () => {
  test('every folder below src is a layer that the lint rules know', () => {
    const there = readdirSync(projectPath('src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    assert.deepEqual(
      there.filter((name) => !(folders as readonly string[]).includes(name)),
      [],
    );
  });

  test('an import goes through if and only if it goes down', (t) => {
    const files = oneModuleEach();
    const refused: string[] = [];
    for (const from of folders) {
      for (const to of [...folders, 'vault.ts'] as const) {
        if (from === to) continue;
        const module = to === 'vault.ts' ? 'vault' : `${to}/thing`;
        for (const depth of ['', 'deeper/']) {
          const path = `src/${from}/${depth}imports-${to.replace('.ts', '')}.ts`;
          files[path] = importing(`${depth === '' ? '../' : '../../'}${module}.ts`);
          if (!may[from].includes(to)) refused.push(`${path}: eslint(no-restricted-imports)`);
        }
      }
      files[`src/${from}/imports-leaf.ts`] = importing('../leaf.ts');
      files[`src/${from}/imports-own.ts`] = importing('./thing.ts');
      files[`src/leaf-imports-${from}.ts`] = importing(`./${from}/thing.ts`);
      refused.push(`src/leaf-imports-${from}.ts: eslint(no-restricted-imports)`);
    }
    files['src/leaf-imports-vault.ts'] = importing('./vault.ts');
    refused.push('src/leaf-imports-vault.ts: eslint(no-restricted-imports)');
    assert.deepEqual(lint(t, files), refused.sort());
  });

  test('vault.ts may import what lies below it, not the api or the command line', (t) => {
    const files = oneModuleEach();
    const alias = (to: string): string => `import { thing as ${to} } from './${to}/thing.ts';\n`;
    files['src/vault.ts'] =
      `${folders.map(alias).join('')}\nexport const all = [${folders.join(', ')}];\n`;
    assert.deepEqual(lint(t, files), [
      'src/vault.ts: eslint(no-restricted-imports)',
      'src/vault.ts: eslint(no-restricted-imports)',
    ]);
  });

  test('the command line may import the operations interface, and no operation', (t) => {
    const found = lint(t, {
      'src/operations/api.ts': 'export const thing = 1;\n',
      'src/operations/operation.ts': 'export const thing = 1;\n',
      'src/operations/look-options.ts': 'export const thing = 1;\n',
      'src/operations/snapshot.ts': 'export const thing = 1;\n',
      'src/cli/good.ts': importing('../operations/api.ts'),
      'src/cli/good-operation.ts': importing('../operations/operation.ts'),
      'src/cli/commands/good.ts': importing('../../operations/look-options.ts'),
      'src/cli/bad.ts': importing('../operations/snapshot.ts'),
      'src/cli/commands/bad.ts': importing('../../operations/snapshot.ts'),
    });
    assert.deepEqual(found, [
      'src/cli/bad.ts: eslint(no-restricted-imports)',
      'src/cli/commands/bad.ts: eslint(no-restricted-imports)',
    ]);
  });

  test('an import of a type counts', (t) => {
    const found = lint(t, {
      'src/log/types.ts': 'export type Thing = 1;\n',
      'src/store/bad.ts':
        "import type { Thing } from '../log/types.ts';\n\nexport const other: Thing = 1;\n",
    });
    assert.deepEqual(found, ['src/store/bad.ts: eslint(no-restricted-imports)']);
  });
});

describe('lint rules', () => {
  test('cycles, default exports, floating promises and bare built-ins are refused', (t) => {
    const found = lint(t, {
      'src/log/a.ts': "import type { B } from './b.ts';\n\nexport interface A {\n  b: B;\n}\n",
      'src/log/b.ts': "import type { A } from './a.ts';\n\nexport interface B {\n  a: A;\n}\n",
      'src/log/default.ts': 'const one = 1;\nexport default one;\n',
      'src/log/float.ts':
        'export async function later(): Promise<void> {}\n\nexport function now(): void {\n  later();\n}\n',
      'src/log/bare.ts': "import { join } from 'path';\n\nexport const path = join('a', 'b');\n",
      'src/log/any.ts': 'export type Anything = any;\n',
      'src/log/long.ts': `export const lines = [\n${'  1,\n'.repeat(500)}];\n`,
    });
    assert.deepEqual(found, [
      'src/log/a.ts: import(no-cycle)',
      'src/log/any.ts: typescript(no-explicit-any)',
      'src/log/b.ts: import(no-cycle)',
      'src/log/bare.ts: unicorn(prefer-node-protocol)',
      'src/log/default.ts: import(no-default-export)',
      'src/log/float.ts: typescript(no-floating-promises)',
      'src/log/long.ts: eslint(max-lines)',
    ]);
  });

  test('disk, time, randomness, environment and console are reached only where they are handed in', (t) => {
    const world = {
      disk: "import { readFileSync } from 'node:fs';\n\nexport const text = readFileSync('a');\n",
      time: 'export const now = Date.now();\n',
      timer: 'export const timer = setTimeout(String, 1);\n',
      chance: 'export const chance = Math.random();\n',
      nonce:
        "import { randomBytes } from 'node:crypto';\n\nexport const nonce = randomBytes(12);\n",
      environment: "export const home = process.env['HOME'];\n",
      console: "export function say(): void {\n  console.log('hello');\n}\n",
    };
    const files: Record<string, string> = {};
    for (const [name, text] of Object.entries(world)) {
      files[`src/store/${name}.ts`] = text;
      files[`src/system/${name}.ts`] = text;
    }
    assert.deepEqual(lint(t, files), [
      'src/store/chance.ts: eslint(no-restricted-properties)',
      'src/store/console.ts: eslint(no-console)',
      'src/store/disk.ts: eslint(no-restricted-imports)',
      'src/store/environment.ts: node(no-process-env)',
      'src/store/nonce.ts: eslint(no-restricted-imports)',
      'src/store/time.ts: eslint(no-restricted-properties)',
      'src/store/timer.ts: eslint(no-restricted-globals)',
      'src/system/console.ts: eslint(no-console)',
      'src/system/environment.ts: node(no-process-env)',
      'src/system/nonce.ts: eslint(no-restricted-imports)',
    ]);
  });
});
