import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex } from '../../src/bytes.ts';
import { formatInvite, parseInvite } from '../../src/net/invite-text.ts';
import { listInvites, revokeInvite } from '../../src/operations/invites.ts';
import { JoiningNode } from '../helpers/joining.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { giveAll } from '../helpers/shared-node.ts';
import { operationContext } from '../helpers/test-home.ts';
import { textTree } from '../helpers/text-tree.ts';
import { eventually } from '../helpers/wait.ts';

const DAY = 24 * 3600 * 1000;

function statesOf(node: JoiningNode): unknown[] {
  const context = operationContext();
  void listInvites(node.session, {}, context);
  return context.items.map(({ state }) => state);
}

describe('joining', () => {
  test('one line makes a member, with the role it names, and what opens the folder', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const joiner = await JoiningNode.make('joiner');
    const line = await issuer.invite({ role: 'read' });
    const joined = await joiner.join(line);
    const there = await issuer.folder();
    const here = await joiner.folder();
    assert.deepEqual(joined, {
      folder: there.id,
      name: 'photos',
      path: '/disk/photos',
      role: 'read',
      issuer: issuer.session.home.identity.id,
      known: false,
    });
    assert.equal(joiner.fs.stat('/disk/photos').kind, 'directory');
    assert.deepEqual(here.state.secret, there.state.secret);
    assert.deepEqual(here.state.epochs, there.state.epochs);
    const node = joiner.session.home.identity.id;
    const members = [...(there.log.members.membership?.members.values() ?? [])];
    assert.equal(members.find((member) => member.node === node)?.role, 'read');
    assert.deepEqual(issuer.admissions, [{ folder: there.id, node, isNew: true }]);
    // Before any log came it knows whom it can ask, and what it may do itself.
    assert.deepEqual(
      here.members.map(({ node: id, role }) => [id, role]),
      [
        [joined.issuer, 'manage'],
        [node, 'read'],
      ],
    );
    await giveAll(there, here);
    assert.deepEqual(
      here.members.map(({ node: id, role }) => [id, role]),
      [
        [joined.issuer, 'manage'],
        [node, 'read'],
      ].toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    );
    await eventually('the invite to be spent', () => statesOf(issuer)[0] === 'used');
    assert.deepEqual(issuer.failures, []);
  });

  test('the folder is named and placed as told; a name that is taken is told apart', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const joiner = await JoiningNode.make('joiner');
    const stored = await joiner.join(await issuer.invite(), { storedOnly: true, name: 'kept' });
    assert.deepEqual([stored.name, stored.path], ['kept', null]);

    const second = await JoiningNode.issuer(t, 'second');
    joiner.fs.makeDirectories('/disk/photos');
    const made = await joiner.join(await second.invite(), { path: '/disk/photos' });
    assert.deepEqual([made.name, made.path], ['photos', '/disk/photos']);
    const third = await JoiningNode.issuer(t, 'third');
    const line = await third.invite();
    await rejects('VAULT_EXISTS', () => joiner.join(line, { name: 'kept' }));
    await rejects('VAULT_REFUSED', () => joiner.join(line, { path: '/disk' }));
    assert.deepEqual(third.admissions, [], 'nobody is admitted for a place that is none');
    const other = await joiner.join(line, { cwd: '/other' });
    assert.deepEqual([other.name, other.path], ['photos 2', '/other/photos 2']);
  });

  test('files that lie in the way stop it; with the place named it goes on, admitted before', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const joiner = await JoiningNode.make('joiner');
    joiner.fs.makeDirectories('/disk/photos/old');
    const line = await issuer.invite();
    const error = await rejects('VAULT_EXISTS', () => joiner.join(line));
    assert.match(error.hint ?? '', /vault join INVITE PATH/);
    const joined = await joiner.join(line, { path: '/disk/photos' });
    assert.equal(joined.path, '/disk/photos');
    assert.deepEqual(Object.keys(textTree(joiner.fs, '/disk/photos')), ['old/']);
    assert.deepEqual(
      issuer.admissions.map(({ isNew }) => isNew),
      [true, false],
    );
  });

  test('an invite is good once: for anybody else it is silence', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const [joiner, thief] = [await JoiningNode.make('joiner'), await JoiningNode.make('thief')];
    const line = await issuer.invite();
    await joiner.join(line);
    const error = await rejects('VAULT_NO_PEER', () => thief.join(line));
    assert.match(error.hint ?? '', /spent, expired or revoked/);
    await eventually('the invite to be spent', () => statesOf(issuer)[0] === 'used');
    await rejects('VAULT_NO_PEER', () => joiner.join(line));
    assert.equal((await issuer.folder()).members.length, 2);
    assert.equal(thief.session.folders.list().folders.length, 0);
  });

  test('expired, revoked and foreign invites admit nobody', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const joiner = await JoiningNode.make('joiner');
    const expired = await issuer.invite({ expiresMs: 1000 });
    issuer.environment.clock.advance(1000);
    await rejects('VAULT_NO_PEER', () => joiner.join(expired));

    const revoked = await issuer.invite();
    const { invites } = issuer.session.home;
    revokeInvite(issuer.session, { id: toHex(invites.all.at(-1)?.id ?? new Uint8Array(32)) });
    await rejects('VAULT_NO_PEER', () => joiner.join(revoked));

    const { issuer: key } = parseInvite(revoked);
    const secret = seededRandom('guess').bytes(16);
    const addresses = [issuer.address ?? ''];
    await rejects('VAULT_NO_PEER', () =>
      joiner.join(formatInvite({ issuer: key, secret, addresses })),
    );
    // The secret of a good one, with the key of another node: nobody can pass for the issuer.
    const good = parseInvite(await issuer.invite());
    const wrong = { ...good, issuer: joiner.session.home.identity.exchangeKey.map((x) => x ^ 1) };
    await rejects('VAULT_NO_PEER', () => joiner.join(formatInvite(wrong)));
    assert.deepEqual(statesOf(issuer), ['open', 'revoked', 'expired']);
    assert.deepEqual(issuer.admissions, []);
    assert.deepEqual(issuer.failures, []);
  });

  test('who is locked out hears nothing, whatever invite it has', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const joiner = await JoiningNode.make('joiner');
    const line = await issuer.invite();
    const { id: node } = joiner.session.home.identity;
    const { home } = issuer.session;
    home.updatePeers({ denials: [{ node, folder: undefined, cutoffs: [] }] });
    await rejects('VAULT_NO_PEER', () => joiner.join(line));
    assert.deepEqual(issuer.admissions, []);
    assert.deepEqual(issuer.failures, []);
    home.updatePeers({ denials: [] });
    assert.equal((await joiner.join(line)).known, false);
  });

  test('a node does not join its own folder, and says so', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const line = await issuer.invite();
    const error = await rejects('VAULT_USAGE', () => issuer.join(line));
    assert.match(error.message, /this very node/);
  });

  test('of two that come with one invite at once, one joins', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const names = ['one', 'two', 'three', 'four'];
    const joiners = await Promise.all(names.map((name) => JoiningNode.make(name)));
    const line = await issuer.invite();
    const told = await Promise.allSettled(joiners.map((joiner) => joiner.join(line)));
    assert.equal(told.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await issuer.folder()).members.length, 2);
    assert.equal(issuer.admissions.length, 1);
    for (const one of told) {
      if (one.status === 'rejected') {
        assert.match(String(one.reason), /not reached|not good any more/);
      }
    }
    assert.deepEqual(issuer.failures, []);
  });

  test('a member that comes with an invite keeps the greater role', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const joiner = await JoiningNode.make('joiner');
    const roles: string[] = [];
    for (const role of ['write', 'read', 'manage', 'read'] as const) {
      const joined = await joiner.join(await issuer.invite({ role }));
      roles.push(joined.role);
      assert.equal(joined.known, roles.length > 1);
    }
    assert.deepEqual(roles, ['write', 'write', 'manage', 'manage']);
    assert.deepEqual(
      issuer.admissions.map(({ isNew }) => isNew),
      [true, false, true, false],
    );
  });

  test('who may not manage can make no invite, and one made before admits nobody', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const [second, third] = [await JoiningNode.make('second'), await JoiningNode.make('third')];
    await second.join(await issuer.invite({ role: 'write' }));
    const error = await rejects('VAULT_NOT_PERMITTED', () => second.invite());
    assert.match(error.message, /only a manager/);

    await second.join(await issuer.invite({ role: 'manage' }));
    await second.listen(t);
    const line = await second.invite();
    const folder = await second.folder();
    await giveAll(await issuer.folder(), folder);
    assert.equal(folder.role, 'manage');
    // As if another manager had demoted it meanwhile.
    Object.defineProperty(folder, 'role', { get: () => 'write' });
    const refused = await rejects('VAULT_NOT_PERMITTED', () => third.join(line));
    assert.match(refused.message, /may not admit/);
    assert.deepEqual(second.admissions, []);
  });

  test('an invite for a folder that is gone says that it cannot be', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const joiner = await JoiningNode.make('joiner');
    const line = await issuer.invite();
    const [listed] = issuer.session.folders.list().folders;
    await issuer.session.folders.release(listed?.id ?? '');
    issuer.fs.removeTree(listed?.root ?? '');
    const error = await rejects('VAULT_NOT_PERMITTED', () => joiner.join(line));
    assert.match(error.message, /could not admit/);
  });

  test('a full disk at the issuer spends nothing, and the line works again after', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    const joiner = await JoiningNode.make('joiner');
    const line = await issuer.invite();
    issuer.environment.onStoreWrite = () => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    await rejects('VAULT_NOT_PERMITTED', () => joiner.join(line));
    assert.equal(issuer.failures.length, 1);
    issuer.environment.onStoreWrite = () => undefined;
    await issuer.crash('full disk');
    await issuer.listen(t);
    const again = formatInvite({ ...parseInvite(line), addresses: [issuer.address ?? ''] });
    assert.equal((await joiner.join(again)).known, false);
  });

  test('a line is forgotten a month after nobody can use it any more', async (t) => {
    const issuer = await JoiningNode.issuer(t);
    await issuer.invite({ expiresMs: DAY });
    issuer.environment.clock.advance(20 * DAY);
    await issuer.invite();
    assert.deepEqual(statesOf(issuer), ['open', 'expired']);
    issuer.environment.clock.advance(20 * DAY);
    await issuer.invite();
    assert.deepEqual(statesOf(issuer), ['open', 'expired']);
  });
});
