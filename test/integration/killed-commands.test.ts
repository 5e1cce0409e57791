import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test, type TestContext } from 'node:test';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { assertSameTree, treeOf } from '../helpers/tree.ts';
import { CommandHost, type Commanded } from './command-host.ts';
import { runAndKill, type KilledCommand } from './killed-command.ts';
import { SampleTree } from './sample-tree.ts';

const seed = runSeed();
const random = seededRandom(`kills ${seed}`);
const below = (limit: number): number => randomInteger(random, limit);
const isLong = process.env['VAULT_SLOW'] === '1';

describe('a command that was killed at any moment', () => {
  const host = new CommandHost();
  after(() => host.close());

  /** Whatever comes next on a home. */
  class Next {
    readonly directory: string;
    readonly home: string;
    readonly work: string;

    constructor(t: TestContext) {
      this.directory = tempDir(t);
      this.home = join(this.directory, 'home');
      this.work = join(this.directory, 'work');
      mkdirSync(this.work);
    }

    async run(...args: string[]): Promise<Commanded> {
      return host.run(this.home, this.directory, ...args);
    }

    async done(...args: string[]): Promise<Record<string, unknown>> {
      const ran = await this.run(...args);
      const said = `vault ${args.join(' ')} (seed ${seed}): ${ran.stdout}${ran.stderr}`;
      assert.equal(ran.died ?? ran.exit, 0, said);
      return ran.lines.at(-1) ?? {};
    }

    /**
     * Runs a command to its end once with `prepare` before it, then kills it at moments spread over the
     * time it took, and lets `look` see what is left.
     */
    async killed(
      args: (turn: number) => string[],
      look: (killed: KilledCommand, turn: number) => Promise<void>,
    ): Promise<void> {
      const usual = await runAndKill(this.home, this.directory, undefined, ...args(0));
      assert.equal(usual.exit, 0, usual.stderr);
      await look(usual, 0);
      const turns = isLong ? 60 : 5;
      for (let turn = 1; turn <= turns; turn++) {
        const afterMs = ((turn - 1 + below(1000) / 1000) / turns) * usual.ms;
        const killed = await runAndKill(this.home, this.directory, { afterMs }, ...args(turn));
        if (killed.ended) assert.equal(killed.exit, 0, killed.stderr);
        await look(killed, turn);
      }
    }
  }

  test('init: the next one makes the home, or there is one', async (t) => {
    const next = new Next(t);
    await next.killed(
      () => ['init', '--device-key', '--name', 'test'],
      async ({ summary }) => {
        const again = await next.run('init', '--device-key', '--name', 'test');
        assert.ok(
          again.exit === 0 || again.lines.at(-1)?.['code'] === 'VAULT_EXISTS',
          again.stdout,
        );
        if (summary !== undefined) assert.equal(again.exit, 1, 'what was reported is there');
        await next.done('folder', 'add', next.work);
        await next.done('snapshot');
        rmSync(next.home, { recursive: true });
      },
    );
  });

  test('folder add: the folder is there or can be added', async (t) => {
    const next = new Next(t);
    await next.done('init', '--device-key');
    const place = (turn: number): string => join(next.directory, `folder ${turn}`);
    await next.killed(
      (turn) => {
        mkdirSync(place(turn));
        writeFileSync(join(place(turn), 'file'), 'content');
        return ['folder', 'add', place(turn)];
      },
      async ({ summary }, turn) => {
        const name = `folder ${turn}`;
        const listed = (await next.run('folder', 'list')).lines;
        const isThere = listed.some((line) => line['name'] === name);
        if (summary !== undefined) assert.ok(isThere, 'what was reported is there');
        if (!isThere) await next.done('folder', 'add', place(turn));
        await next.done('snapshot', name);
        await next.done('verify', '--read', name);
      },
    );
    assert.equal((await next.done('verify'))['damaged'], 0);
  });

  test('config set: the old value or the new one', async (t) => {
    const next = new Next(t);
    await next.done('init', '--device-key');
    let before = '3';
    await next.killed(
      (turn) => ['config', 'set', 'compression', String(4 + turn)],
      async ({ summary }, turn) => {
        const { value } = await next.done('config', 'get', 'compression');
        const wanted = String(4 + turn);
        assert.ok(value === wanted || (value === before && summary === undefined), String(value));
        before = String(value);
      },
    );
    await next.done('config', 'set', 'compression', '1');
    assert.equal((await next.done('config', 'get', 'compression'))['value'], '1');
  });

  test('key change-passphrase: the old one opens the home or the new one does', async (t) => {
    const next = new Next(t);
    const file = (name: string, passphrase: string): string => {
      const path = join(next.directory, name);
      writeFileSync(path, `${passphrase}\n`);
      return path;
    };
    let current = file('passphrase 0', 'the first passphrase');
    await next.done('init', '--passphrase-file', current);
    const opens = async (path: string): Promise<boolean> => {
      const { exit } = await next.run('key', 'list', '--passphrase-file', path);
      assert.ok(exit === 0 || exit === 12, `exit ${exit}`);
      return exit === 0;
    };
    const wanted = (turn: number): string =>
      file(`passphrase ${turn + 1}`, `passphrase ${turn + 1}`);
    await next.killed(
      (turn) => {
        const secrets = ['--passphrase-file', current, '--new-passphrase-file', wanted(turn)];
        return ['key', 'change-passphrase', ...secrets];
      },
      async ({ summary }, turn) => {
        const isNew = await opens(wanted(turn));
        assert.equal(await opens(current), !isNew);
        if (summary !== undefined) assert.ok(isNew, 'what was reported holds');
        if (isNew) current = wanted(turn);
      },
    );
  });

  test('restore: the next one finishes it', async (t) => {
    const next = new Next(t);
    const tree = new SampleTree(next.work, `restore ${seed}`);
    tree.plant(120);
    await next.done('init', '--device-key');
    await next.done('folder', 'add', next.work);
    await next.done('snapshot');
    const expected = treeOf(next.work);
    const out = join(next.directory, 'out');
    const args = ['restore', '-f', 'work', '--to', out];
    await next.killed(
      () => args,
      async ({ summary }) => {
        const left = existsSync(out) ? treeOf(out) : new Map<string, never>();
        for (const [path, item] of left) {
          if (/(^|\/)\.vault-[0-9a-f]+\.tmp$/.test(path)) continue;
          assert.equal(item.content, expected.get(path)?.content, `${path} (seed ${seed})`);
        }
        if (summary === undefined) await next.done(...args);
        assertSameTree(treeOf(out), expected, `restored (seed ${seed})`);
        rmSync(out, { recursive: true });
      },
    );
  });
});
