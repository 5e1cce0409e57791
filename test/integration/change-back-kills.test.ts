import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { assertSameTree, treeOf, type TreeItem } from '../helpers/tree.ts';
import { CommandHost } from './command-host.ts';
import { runAndKill, type KillMoment } from './killed-command.ts';
import { SampleTree } from './sample-tree.ts';

const seed = runSeed();
const random = seededRandom(`change back kills ${seed}`);
const isLong = process.env['VAULT_SLOW'] === '1';
const KILLS = isLong ? 60 : 3;

type Tree = ReadonlyMap<string, TreeItem>;

/** Contents by what they are, wherever they lie. */
function contentsOf(tree: Tree): Set<string> {
  return new Set(
    [...tree.values()].filter(({ kind }) => kind === 'file').map((one) => one.content),
  );
}

describe('a revert that is killed at any moment', () => {
  const host = new CommandHost();
  after(() => host.close());

  test('costs nothing: what was there is there or stored, and the next run finishes it', async (t) => {
    const directory = tempDir(t);
    const [home, work, out] = ['home', 'work', 'out'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(work);
    const done = async (...args: string[]): Promise<Record<string, unknown>> => {
      const ran = await host.run(home, directory, ...args);
      const said = `vault ${args.join(' ')} (seed ${seed}): ${ran.stdout}${ran.stderr}`;
      assert.equal(ran.died ?? ran.exit, 0, said);
      return ran.lines.at(-1) ?? {};
    };
    const tree = new SampleTree(work, `change back kills ${seed}`);
    tree.plant(isLong ? 150 : 60);
    await done('init', '--device-key');
    await done('folder', 'add', work);
    const first = String((await done('snapshot'))['snapshot']);
    const states = new Map([[first, treeOf(work)]]);
    tree.edit(isLong ? 60 : 25);
    const second = String((await done('snapshot'))['snapshot']);
    states.set(second, treeOf(work));
    let [ended, cut, left] = [0, 0, 0];
    for (let turn = 0; turn < KILLS; turn++) {
      const at = turn % 2 === 0 ? first : second;
      // An edit nobody recorded: it must outlive whatever happens.
      const edit = `not recorded ${turn} ${seed}`;
      writeFileSync(join(work, `edit ${turn % 3}`), edit);
      const before = treeOf(work);
      const args = ['revert', '-f', 'work', '--at', at];
      const place: KillMoment =
        randomInteger(random, 4) === 0
          ? { afterMs: randomInteger(random, 900) }
          : {
              // Once it has begun with the working copy.
              afterChanges: 1 + randomInteger(random, 2),
              of: /^\.vault-apply\.tmp$/,
              in: [work],
              thenMs: randomInteger(random, 120),
            };
      const killed = await runAndKill(home, directory, place, ...args);
      if (killed.ended) ended++;
      else cut++;
      if (existsSync(join(work, '.vault-apply.tmp'))) left++;
      if (turn % 4 === 3) {
        // Somebody takes a snapshot first.
        await done('snapshot', '--yes');
      }
      const again = await host.run(home, directory, ...args, '--yes');
      assert.equal(again.exit, 0, `seed ${seed}: ${again.stdout}${again.stderr}`);
      assertSameTree(treeOf(work), states.get(at) as Tree, `reverted (seed ${seed}, turn ${turn})`);
      assert.ok(!existsSync(join(work, '.vault-apply.tmp')), 'nothing is left aside');
      // Every content that was there can be had: from some snapshot.
      const stored = new Set<string>();
      const { lines } = await host.run(home, directory, 'snapshots', 'work');
      for (const { snapshot } of lines.toReversed()) {
        if (typeof snapshot !== 'string') continue;
        if ([...contentsOf(before)].every((content) => stored.has(content))) break;
        await done(
          'restore',
          '-f',
          'work',
          '--to',
          `${out} ${turn} ${stored.size}`,
          '--at',
          snapshot,
        );
        for (const content of contentsOf(treeOf(`${out} ${turn} ${stored.size}`)))
          stored.add(content);
      }
      const lost = [...before].filter(([, one]) => one.kind === 'file' && !stored.has(one.content));
      assert.deepEqual(
        lost.map(([path]) => path),
        [],
        `seed ${seed}, turn ${turn}`,
      );
    }
    assert.equal((await done('verify', '--read'))['damaged'], 0);
    t.diagnostic(JSON.stringify({ seed, ended, cut, left }));
    assert.ok(cut > 0);
  });
});
