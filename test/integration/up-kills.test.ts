import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { startVault } from '../helpers/run-vault.ts';
import { eventually } from '../helpers/wait.ts';
import { newUser } from './new-user.ts';

const moments: readonly [string, (home: string, said: string) => boolean][] = [
  ['before there is a home', (home) => existsSync(home)],
  ['once there is a home', (_home, said) => said.includes('"type":"home"')],
  ['once there is a snapshot', (_home, said) => said.includes('"type":"result"')],
];

describe('vault up that was killed', { concurrency: 2 }, () => {
  for (const [moment, isReached] of moments) {
    test(`goes on when it is run again: ${moment}`, async (t) => {
      const node = newUser(t);
      const up = ['up', node.work, '--listen', 'off', '--no-watch'];
      const child = startVault({ home: node.home, passphrase: undefined }, ...up, '--json');
      const ended = once(child, 'close');
      let said = '';
      child.stdout.on('data', (data: Buffer) => (said += data.toString()));
      await eventually(moment, () => child.exitCode !== null || isReached(node.home, said));
      child.kill('SIGKILL');
      await ended;
      const done = await node.done(...up);
      assert.deepEqual([done['name'], done['snapshots']], ['work', 1]);
      assert.equal((await node.done('folder', 'list'))['folders'], 1);
    });
  }
});
