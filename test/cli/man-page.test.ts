import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { globalOptions } from '../../src/cli/global-options.ts';
import { optionUsage } from '../../src/cli/help-text.ts';
import { manPages } from '../../src/cli/man-page.ts';
import { roffText } from '../../src/cli/roff.ts';
import { projectPath } from '../helpers/project.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const pages = manPages(commands);
const pageOf = (name: string): string => `vault-${name.replaceAll(' ', '-')}.1`;

/** The pages as files, in the order of their names. */
function written(directory: string): string[] {
  return [...pages].map(([name, text]) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  });
}

/** Bold is a character struck twice: with a backspace between. */
function withoutStrikes(text: string): string {
  return text
    .split('\b')
    .map((part, at, parts) => (at === parts.length - 1 ? part : part.slice(0, -1)))
    .join('');
}

test('there is a page for vault, every command and every family of commands', () => {
  const families = commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0]] : []));
  const expected = [...commands.map(({ name }) => name), ...new Set(families)];
  const names = ['vault.1', ...expected.map((name) => pageOf(name ?? ''))];
  assert.deepEqual([...pages.keys()].sort(), [...new Set(names)].sort());
});

test('pages render without a warning, in UTF-8 and in ASCII, with every option and word', (t) => {
  if (!skipUnless(t, { programs: ['man'] })) return;
  const files = written(tempDir(t));
  for (const [locale, device] of [
    ['C.UTF-8', 'utf8'],
    ['C', 'ascii'],
  ]) {
    const { status, stdout, stderr } = spawnSync(
      'man',
      ['--warnings=w', `-T${device ?? ''}`, '-P', 'cat', '-l', ...files],
      {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], LC_ALL: locale, MANWIDTH: '500', GROFF_NO_SGR: '1' },
      },
    );
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '', locale);
    const text = withoutStrikes(stdout).replaceAll(/ +/g, ' ');
    for (const option of [...globalOptions, ...commands.flatMap((one) => one.options)]) {
      assert.ok(text.includes(optionUsage(option)), `${optionUsage(option)} in ${locale}`);
    }
    for (const { name, positionals } of commands) {
      assert.match(text, new RegExp(`^ vault ${name}`, 'm'));
      for (const { name: word } of positionals) assert.ok(text.includes(word), `${name} ${word}`);
    }
  }
});

test('mandoc finds nothing wrong with the pages but that they bear no date', (t) => {
  if (!skipUnless(t, { programs: ['mandoc'] })) return;
  const files = written(tempDir(t));
  const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...files], {
    encoding: 'utf8',
  });
  const complaints = stdout.split('\n').filter((line) => !/missing date|^$/.test(line));
  assert.deepEqual(complaints, []);
});

test('the package holds the pages of the commands as they are', (t) => {
  const into = join(tempDir(t), 'man');
  const program = projectPath('scripts', 'man-pages.mjs');
  execFileSync(process.execPath, [program, projectPath('build', 'src'), into]);
  const made = new Map(
    readdirSync(into).map((name) => [name, readFileSync(join(into, name), 'utf8')]),
  );
  assert.deepEqual(Object.fromEntries(made), Object.fromEntries(pages));
  const manifest = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
    readonly files: readonly string[];
    readonly directories: { readonly man: string };
  };
  const { man } = manifest.directories;
  assert.ok(manifest.scripts['build']?.endsWith(`node scripts/man-pages.mjs dist ${man}`));
  assert.ok(manifest.files.includes(man.split('/')[0] ?? ''));
});

test('what roff would take for a request or an escape is text', () => {
  assert.equal(roffText(String.raw`.so a\b`), String.raw`\&.so a\eb`);
  assert.equal(roffText("'x-y'"), String.raw`\(aqx\-y\(aq`);
  assert.equal(roffText('a … ü'), String.raw`a ... \[u00FC]`);
});
