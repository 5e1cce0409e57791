import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatInvite, parseInvite } from '../../src/net/invite-text.ts';
import { JoiningNode } from '../helpers/joining.ts';
import { rejects } from '../helpers/rejects.ts';
import { eventually } from '../helpers/wait.ts';

/** Nothing more reaches the disk of a node after so many writes; `isDue`: one was refused. */
function cutAfter(
  { environment }: JoiningNode,
  writes: number,
): { readonly isDue: boolean; mend(): void } {
  const { fileSystem } = environment;
  const rename = fileSystem.rename.bind(fileSystem);
  const syncDirectory = fileSystem.syncDirectory.bind(fileSystem);
  let left = writes;
  let isDue = false;
  const cut = (): void => {
    if (left-- > 0) return;
    isDue = true;
    throw Object.assign(new Error('cut'), { code: 'EIO' });
  };
  environment.onStoreWrite = cut;
  fileSystem.rename = (...args) => {
    cut();
    rename(...args);
  };
  fileSystem.syncDirectory = (...args) => {
    cut();
    syncDirectory(...args);
  };
  return {
    get isDue() {
      return isDue;
    },
    mend() {
      Object.assign(fileSystem, { rename, syncDirectory });
    },
  };
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

describe('a join that is cut short', () => {
  test('at the joiner, anywhere, is done by the same line, and by nobody else', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    let isWhole = false;
    for (let writes = 0; !isWhole; writes++) {
      assert.ok(writes < 400, 'expected a join to end');
      const joiner = await JoiningNode.make(`joiner ${writes}`);
      const thief = await JoiningNode.make(`thief ${writes}`);
      const line = await issuer.invite();
      const before = (await issuer.folder()).members.length;
      const cut = cutAfter(joiner, writes);
      isWhole = await succeeds(joiner.join(line));
      cut.mend();
      if (isWhole) continue;
      await joiner.crash(`cut ${writes}`);
      await rejects('VAULT_NO_PEER', () => thief.join(line));
      const joined = await joiner.join(line);
      const folders = joiner.session.folders.list();
      assert.deepEqual(
        folders.folders.map(({ id }) => id),
        [joined.folder],
      );
      assert.deepEqual(folders.unreadable, []);
      const folder = await joiner.folder();
      assert.equal(folder.log.ownCount, 1);
      assert.equal((await issuer.folder()).members.length, before + 1);
    }
    assert.deepEqual(issuer.failures, []);
  });

  test('at the issuer, anywhere, admits once and nobody else', async (t) => {
    let isWhole = false;
    for (let writes = 0; !isWhole; writes++) {
      assert.ok(writes < 100, 'expected a join to end');
      const issuer = await JoiningNode.issuer(t, `issuer ${writes}`);
      const joiner = await JoiningNode.make(`joiner ${writes}`);
      const thief = await JoiningNode.make('thief');
      const line = await issuer.invite();
      const cut = cutAfter(issuer, writes);
      const told = await succeeds(joiner.join(line));
      // The last word of the joiner is on its way.
      const isUsed = (): boolean => issuer.session.home.invites.all[0]?.state === 'used';
      if (told) await eventually('the last word', () => isUsed() || cut.isDue);
      isWhole = told && !cut.isDue;
      cut.mend();
      await issuer.crash(`cut ${writes}`);
      await issuer.listen(t);
      const addresses = [issuer.address ?? ''];
      const again = formatInvite({ ...parseInvite(line), addresses });
      if (!told) {
        // Where it was not spent yet anybody may come with it, as before.
        const [invite] = issuer.session.home.invites.all;
        if (invite?.state === 'taken') await rejects('VAULT_NO_PEER', () => thief.join(again));
        await joiner.join(again);
      }
      const node = joiner.session.home.identity.id;
      const { members } = await issuer.folder();
      assert.deepEqual(
        members.map((member) => member.node).toSorted(),
        [node, issuer.session.home.identity.id].toSorted(),
      );
    }
  });
});
