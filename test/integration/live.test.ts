/** Programs at work in a folder that is kept live, on a real disk. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Live } from '../../src/operations/live-types.ts';
import { openVault, type Vault } from '../../src/vault.ts';
import { skipUnless } from '../helpers/requires.ts';
import { realEnvironment } from '../helpers/test-environment.ts';
import { makeHome, operationContext } from '../helpers/test-home.ts';
import { treeDifferences, treeOf } from '../helpers/tree.ts';
import { eventually } from '../helpers/wait.ts';

interface Running {
  readonly vault: Vault;
  readonly live: Live;
  readonly folder: string;
  readonly root: string;
  readonly directory: string;
}

async function opened(t: TestContext, seed: string): Promise<{ vault: Vault; directory: string }> {
  const environment = realEnvironment(t, seed);
  const { directory } = environment;
  const home = join(directory, 'home');
  await makeHome(environment, home);
  const vault = await openVault(
    {
      home,
      secret: () => Promise.resolve(undefined),
      waitLockMs: 0,
      signal: new AbortController().signal,
    },
    environment,
  );
  t.after(() => vault.close());
  return { vault, directory };
}

async function running(t: TestContext, seed = 'here'): Promise<Running> {
  const { vault, directory } = await opened(t, seed);
  const root = join(directory, 'plans');
  mkdirSync(root);
  const { folder } = await vault.folderAdd({ path: root }, operationContext());
  const live = await vault.keepLive({});
  await eventually('the first look', () => live.isQuiet);
  return { vault, live, folder, root, directory };
}

/** Waits until all was looked at, and holds what is recorded against what is there. */
async function demandRecorded({ vault, live, root, folder, directory }: Running): Promise<void> {
  const to = join(directory, 'restored');
  let differences: readonly string[] = ['nothing was compared'];
  for (let round = 0; round < 20 && differences.length > 0; round++) {
    await eventually('all to be looked at', () => live.isQuiet);
    rmSync(to, { recursive: true, force: true });
    await vault.restore({ folder, paths: [], cwd: '/', to }, operationContext());
    // The same content written again is no version: its time is the former one.
    differences = treeDifferences(treeOf(root), treeOf(to)).filter((one) => !one.includes('mtime'));
  }
  assert.deepEqual(differences, []);
  assert.deepEqual(live.problems(folder), []);
}

describe('in a folder that is kept live', () => {
  test('saves in every manner are recorded, and a file that is replaced has whole versions only', async (t) => {
    const one = await running(t);
    const plan = join(one.root, 'plan');
    const made = new Set<string>();
    for (let at = 0; at < 30; at++) {
      const text = `${at} `.repeat(2_000);
      made.add(String(text.length));
      writeFileSync(`${plan}.new`, text);
      renameSync(`${plan}.new`, plan);
      appendFileSync(join(one.root, 'log'), `${at}\n`);
      mkdirSync(join(one.root, 'd', `${at % 7}`), { recursive: true });
      writeFileSync(join(one.root, 'd', `${at % 7}`, 'note'), text);
      await new Promise(setImmediate);
    }
    await demandRecorded(one);
    const context = operationContext();
    await one.vault.log({ folder: one.folder, paths: ['plan'], cwd: '/' }, context);
    const sizes = context.items
      .filter(({ kind }) => kind === 'file')
      .map(({ size }) => String(size));
    assert.ok(sizes.length > 0);
    for (const size of sizes) assert.ok(made.has(size), `a version of ${size} bytes`);
  });

  test('git works as ever, and so does what it left behind', async (t) => {
    if (!skipUnless(t, { programs: ['git'] })) return;
    const one = await running(t);
    const git = (...words: string[]): string =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], {
        cwd: one.root,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    git('init', '-q');
    for (let at = 0; at < 5; at++) {
      writeFileSync(join(one.root, `file${at}`), `${at}`);
      git('add', '.');
      git('commit', '-qm', `commit ${at}`);
      await new Promise(setImmediate);
    }
    git('checkout', '-q', '-b', 'other', 'HEAD~3');
    git('checkout', '-q', '-');
    await demandRecorded(one);
    assert.equal(git('status', '--porcelain'), '');
    const restored = execFileSync('git', ['fsck', '--full'], {
      cwd: join(one.directory, 'restored'),
      encoding: 'utf8',
      stdio: 'pipe',
    });
    assert.doesNotMatch(restored, /error|missing/);
  });

  test('a database in use stays whole, and is recorded as it is once it rests', async (t) => {
    if (!skipUnless(t, { programs: ['sqlite3'] })) return;
    const one = await running(t);
    const database = join(one.root, 'data.db');
    const sql = (text: string, path = database): string =>
      execFileSync('sqlite3', [path, text], { encoding: 'utf8', stdio: 'pipe' }).trim();
    sql('create table t (a integer primary key, b text)');
    for (let at = 0; at < 15; at++) {
      sql(`insert into t (b) values (hex(randomblob(2000)))`);
      await new Promise(setImmediate);
    }
    assert.equal(sql('pragma integrity_check'), 'ok');
    await demandRecorded(one);
    const copy = join(one.directory, 'restored', 'data.db');
    assert.equal(sql('pragma integrity_check', copy), 'ok');
    assert.equal(sql('select count(*) from t', copy), '15');
  });
});

describe('folders kept live on two nodes', () => {
  test('show on each what is saved, moved and removed on the other', async (t) => {
    const here = await running(t);
    const online = await here.vault.online({ listen: '127.0.0.1:0' });
    const addresses = [online.address ?? ''];
    const { folder } = here;
    const { invite } = await here.vault.invite({ folder, addresses }, operationContext());
    const { vault, directory } = await opened(t, 'there');
    const root = join(directory, 'plans');
    mkdirSync(root);
    await vault.join({ invite, path: root, cwd: '/' }, operationContext());
    const live = await vault.keepLive({});
    await vault.online({});
    const comes = (what: string, text: string | undefined, path: string): Promise<void> =>
      eventually(what, () => {
        if (text === undefined) return !existsSync(path);
        return existsSync(path) && readFileSync(path, 'utf8') === text;
      });
    mkdirSync(join(here.root, 'd'));
    writeFileSync(join(here.root, 'd', 'plan'), 'one');
    await comes('a save here', 'one', join(root, 'd', 'plan'));
    // The directory was made by vault, and is watched too.
    await eventually('all to be looked at', () => live.isQuiet);
    writeFileSync(join(root, 'd', 'plan'), 'two');
    await comes('a save there', 'two', join(here.root, 'd', 'plan'));
    await eventually('all to be looked at', () => live.isQuiet && here.live.isQuiet);
    renameSync(join(here.root, 'd', 'plan'), join(here.root, 'moved'));
    await comes('the new name', 'two', join(root, 'moved'));
    await comes('the old one to go', undefined, join(root, 'd', 'plan'));
    rmSync(join(root, 'moved'));
    await comes('a removal', undefined, join(here.root, 'moved'));
    assert.deepEqual([...here.live.problems(folder), ...live.problems(folder)], []);
    // Before their directories go: nodes note whom they met.
    await vault.close();
    await here.vault.close();
  });
});
