import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { assertSameTree, treeOf } from '../helpers/tree.ts';
import { CommandHost, type Commanded } from './command-host.ts';
import { runAndKill, type KilledCommand, type KillMoment } from './killed-command.ts';
import { SampleTree } from './sample-tree.ts';

const seed = runSeed();
const random = seededRandom(`lock kills ${seed}`);
const below = (limit: number): number => randomInteger(random, Math.ceil(limit));
const isLong = process.env['VAULT_SLOW'] === '1';
const TURNS = isLong ? 60 : 3;

describe('a lock or unlock that is killed at any moment', () => {
  const host = new CommandHost();
  after(() => host.close());

  test('costs nothing: the next one finishes it, and the whole tree comes back', async (t) => {
    const directory = tempDir(t);
    const [home, work] = [join(directory, 'home'), join(directory, 'work')];
    mkdirSync(work);
    const run = (...args: string[]): Promise<Commanded> => host.run(home, directory, ...args);
    const done = async (...args: string[]): Promise<Record<string, unknown>> => {
      const ran = await run(...args);
      const said = `vault ${args.join(' ')} (seed ${seed}): ${ran.stdout}${ran.stderr}`;
      assert.equal(ran.died ?? ran.exit, 0, said);
      return ran.lines.at(-1) ?? {};
    };
    const status = async (): Promise<Record<string, unknown>> =>
      (await run('status', 'work')).lines.find(({ type }) => type === 'folder') ?? {};
    const isLocked = async (): Promise<boolean> => (await status())['locked'] === true;
    const kills = { lock: 0, unlock: 0, halfway: 0 };
    const kill = async (moment: KillMoment, what: 'lock' | 'unlock'): Promise<KilledCommand> => {
      const killed = await runAndKill(home, directory, moment, 'folder', what, 'work');
      if (!killed.ended) kills[what]++;
      else assert.equal(killed.exit, 0, `seed ${seed}: ${killed.stderr}`);
      return killed;
    };
    const tree = new SampleTree(work, `lock kills ${seed}`);
    tree.plant(isLong ? 150 : 80);
    linkSync(join(work, 'zeros'), join(work, 'a', 'zeros too'));
    await done('init', '--device-key');
    await done('folder', 'add', work);
    await done('snapshot');
    const usual = { lock: 0, unlock: 0 };
    for (const what of ['lock', 'unlock'] as const) {
      usual[what] = (await runAndKill(home, directory, undefined, 'folder', what, 'work')).ms;
    }
    for (let turn = 0; turn < TURNS; turn++) {
      const told = `seed ${seed}, turn ${turn}`;
      tree.edit(below(10));
      writeFileSync(join(work, 'not recorded'), `${told}\n`);
      const before = treeOf(work);
      const inside = { of: /^\.vault-apply\.tmp$/, in: [work], thenMs: below(60) };
      const killed = await kill(
        turn % 2 === 0 ? { ...inside, afterChanges: 1 } : { afterMs: below(usual.lock) },
        'lock',
      );
      const isHalf = await isLocked();
      if (killed.summary !== undefined) assert.ok(isHalf, `what was reported holds (${told})`);
      if (isHalf && treeOf(work).size > 0) kills.halfway++;
      if (turn % 4 < 2) {
        await done('folder', 'lock', 'work');
        assert.deepEqual([...treeOf(work).keys()], [], told);
        await kill({ afterMs: below(usual.unlock * 1.2) }, 'unlock');
      }
      // Somebody brings it back, or there is nothing to bring back.
      if (await isLocked()) await done('folder', 'unlock', 'work');
      else await done('snapshot');
      assertSameTree(treeOf(work), before, `brought back (${told})`);
      assert.ok(!existsSync(join(work, '.vault-apply.tmp')), 'nothing is left aside');
      assert.equal((await status())['pending'], 0, `all of it is recorded (${told})`);
    }
    assert.equal((await done('verify', '--read'))['damaged'], 0);
    t.diagnostic(JSON.stringify({ seed, ...kills }));
    assert.ok(kills.lock > 0);
  });
});
