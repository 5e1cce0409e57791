import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex } from '../../src/bytes.ts';
import { parseHeader } from '../../src/crypto/sealed-value.ts';
import type { Role } from '../../src/log/types.ts';
import { listMembers, removeMember, setMemberRole } from '../../src/operations/members.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { SharedNode } from '../helpers/shared-node.ts';
import { operationContext } from '../helpers/test-home.ts';

const FOLDER = 'disk';

function idOf({ session }: SharedNode): string {
  return session.home.identity.id;
}

function remove(by: SharedNode, who: SharedNode): ReturnType<typeof removeMember> {
  const options = { folder: FOLDER, node: idOf(who), yes: true };
  return removeMember(by.session, options, operationContext());
}

function setRole(by: SharedNode, who: SharedNode, role: Role): ReturnType<typeof setMemberRole> {
  return setMemberRole(by.session, { folder: FOLDER, node: idOf(who), role });
}

/** Everybody gives everybody all there is, as far as it is taken. */
async function exchange(...nodes: readonly SharedNode[]): Promise<void> {
  for (let round = 0; round < 2; round++) {
    for (const from of nodes) for (const to of nodes) if (from !== to) await from.giveTo(to);
  }
}

function rolesAt({ folder }: SharedNode): Record<string, string> {
  return Object.fromEntries(folder.members.map(({ node, role }) => [node, role]));
}

/** Epochs of the values that a node holds and that came after value `from`. */
async function epochsSince({ folder }: SharedNode, from: number): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { value } of folder.store.chunks.scan(from)) {
    found.add(toHex(parseHeader(value).epoch));
  }
  return found;
}

const nextSeq = async ({ folder }: SharedNode): Promise<number> =>
  (await folder.store.chunks.lastSeq()) + 1;

describe('members', () => {
  test('a removed one keeps what it has, and reads nothing new with all its secrets', async () => {
    const [a, b, c] = await SharedNode.make('a', 'b', 'c');
    assert.ok(a && b && c);
    a.put({ 'old.txt': 'old' });
    await a.record();
    await exchange(a, b, c);
    await c.apply();
    const old = a.folder.state.epochs.map(({ id }) => toHex(id));
    const from = await nextSeq(a);
    const told = await remove(a, c);
    assert.deepEqual([told.role, told.nodeName, told.changed], [null, 'c', true]);
    a.put({ 'new.txt': 'new' });
    await a.record();
    await exchange(a, b, c);
    for (const node of [a, b]) {
      assert.deepEqual(Object.keys(rolesAt(node)).toSorted(), [idOf(a), idOf(b)].toSorted());
    }
    const [epoch = ''] = a.folder.state.epochs.map(({ id }) => toHex(id)).slice(-1);
    assert.ok(!old.includes(epoch));
    // Under the old epoch is nothing but the entry that says so.
    assert.deepEqual([...(await epochsSince(a, from))].toSorted(), [...old, epoch].toSorted());
    assert.deepEqual(
      c.folder.state.epochs.map(({ id }) => toHex(id)),
      old,
    );
    await b.apply();
    assert.equal(b.tree()['new.txt'], 'new');
    await c.apply();
    assert.deepEqual(c.tree(), { 'old.txt': 'old' });

    // Whoever is left seals under the new one too, and what the removed writes on is set aside.
    const fromB = await nextSeq(b);
    b.put({ 'b.txt': 'from b' });
    await b.record();
    assert.deepEqual([...(await epochsSince(b, fromB))], [epoch]);
    c.put({ 'old.txt': 'edited by who is out' });
    await c.record();
    await c.giveTo(a);
    await exchange(a, b);
    await a.apply();
    assert.deepEqual(a.tree(), { 'b.txt': 'from b', 'new.txt': 'new', 'old.txt': 'old' });
  });

  test('secrets outlast a crash at any moment of a removal', async () => {
    for (let writes = 0; ; writes++) {
      const [a, b, c] = await SharedNode.make('a', 'b', 'c');
      assert.ok(a && b && c);
      a.put({ 'old.txt': 'old' });
      await a.record();
      await exchange(a, b, c);
      let left = writes;
      a.environment.onStoreWrite = () => {
        if (left-- <= 0) throw Object.assign(new Error('cut'), { code: 'EIO' });
      };
      const isWhole = await remove(a, c).then(
        () => true,
        () => false,
      );
      await a.crash(seededRandom(`cut ${writes}`));
      const isOut = !Object.keys(rolesAt(a)).includes(idOf(c));
      if (isWhole) assert.ok(isOut);
      else await remove(a, c).catch((error: unknown) => assert.ok(isOut, String(error)));
      a.put({ 'new.txt': 'new' });
      await a.record();
      await exchange(a, b);
      await b.apply();
      assert.equal(b.tree()['new.txt'], 'new');
      if (isWhole) break;
      assert.ok(writes < 20, 'expected a removal to end');
    }
  });

  test('a small edit of a large file costs little after a removal', async () => {
    const [a, b] = await SharedNode.make('a', 'b');
    assert.ok(a && b);
    const bytes = seededRandom('large').bytes(8 * 1024 * 1024);
    const text = Buffer.from(bytes).toString('latin1');
    a.put({ 'large.bin': text });
    await a.record();
    await remove(a, b);
    const from = await nextSeq(a);
    a.put({ 'large.bin': `${text.slice(0, 5_000_000)}12345${text.slice(5_000_000)}` });
    await a.record();
    let stored = 0;
    for await (const { value } of a.folder.store.chunks.scan(from)) stored += value.length;
    assert.ok(stored > 0 && stored <= 512 * 1024, `${stored} bytes`);
  });

  test('managers alone change who belongs, and one of them stays', async () => {
    const [a, b, c] = await SharedNode.make('a', 'b', 'c');
    assert.ok(a && b && c);
    await exchange(a, b, c);
    await rejects('VAULT_NOT_PERMITTED', () => remove(b, c));
    await rejects('VAULT_NOT_PERMITTED', () => setRole(b, b, 'manage'));
    const refused = await rejects('VAULT_REFUSED', () => remove(a, a));
    assert.match(refused.message, /last manager/);
    await rejects('VAULT_REFUSED', () => setRole(a, a, 'write'));
    assert.equal((await setRole(a, b, 'write')).changed, false);
    assert.equal((await setRole(a, b, 'manage')).role, 'manage');
    await exchange(a, b, c);
    assert.equal((await setRole(b, a, 'read')).role, 'read');
    await exchange(a, b, c);
    for (const node of [a, b, c]) {
      const expected: Record<string, string> = {
        [idOf(a)]: 'read',
        [idOf(b)]: 'manage',
        [idOf(c)]: 'write',
      };
      assert.deepEqual(rolesAt(node), expected);
    }
    await rejects('VAULT_NOT_PERMITTED', () => remove(a, c));
    // Everybody may leave, and those who stay begin an epoch when they write next.
    await remove(c, c);
    await exchange(a, b, c);
    const before = b.folder.state.epochs.length;
    b.put({ 'b.txt': 'b' });
    await b.record();
    assert.equal(b.folder.state.epochs.length, before + 1);
  });

  test('what a reader writes stays on its machine, and others do not show it', async () => {
    const [a, b] = await SharedNode.make('a', 'b');
    assert.ok(a && b);
    a.put({ 'shared.txt': 'one' });
    await a.record();
    await exchange(a, b);
    await b.apply();
    await setRole(a, b, 'read');
    await exchange(a, b);
    b.put({ 'shared.txt': 'edited by a reader', 'own.txt': 'of a reader' });
    await b.record();
    await exchange(a, b);
    await a.apply();
    assert.deepEqual(a.tree(), { 'shared.txt': 'one' });
    await b.apply();
    const own = { 'shared.txt': 'edited by a reader', 'own.txt': 'of a reader' };
    assert.deepEqual(b.tree(), own);
    // Where the folder changes what it edited, both are there.
    a.put({ 'shared.txt': 'two' });
    await a.record();
    await exchange(a, b);
    await b.apply();
    const { 'shared.txt': shown, 'own.txt': kept, ...copies } = b.tree();
    assert.deepEqual([shown, kept], ['two', 'of a reader']);
    assert.deepEqual(Object.values(copies), ['edited by a reader']);
    await a.apply();
    assert.deepEqual(a.tree(), { 'shared.txt': 'two' });
    // What it writes once it may counts, and so does what that builds on.
    await setRole(a, b, 'write');
    await exchange(a, b);
    b.put({ 'own.txt': 'of a writer' });
    await b.record();
    await exchange(a, b);
    await a.apply();
    assert.equal(a.tree()['own.txt'], 'of a writer');
  });

  test('removal asks, and says who the members are', async () => {
    const [a, b] = await SharedNode.make('a', 'b');
    assert.ok(a && b);
    await exchange(a, b);
    const options = { folder: FOLDER, node: 'b' };
    for (const answer of [undefined, false]) {
      const context = operationContext(answer === undefined ? {} : { answer });
      await rejects('VAULT_REFUSED', () => removeMember(a.session, options, context));
    }
    await removeMember(a.session, { ...options, dryRun: true }, operationContext());
    const missing = await rejects('VAULT_NOT_FOUND', () =>
      removeMember(a.session, { ...options, node: 'nobody' }, operationContext()),
    );
    assert.match(missing.hint ?? '', /a \([0-9a-f]{8}\), b \([0-9a-f]{8}\)|b .*, a /);
    const asked = operationContext({ answer: true });
    assert.equal((await removeMember(a.session, options, asked)).nodeName, 'b');
    const context = operationContext();
    const counts = await listMembers(a.session, { folder: FOLDER }, context);
    assert.deepEqual(counts, { members: 1, former: 1 });
    assert.deepEqual(
      context.items.map(({ name, role, byName, self }) => [name, role, byName, self]),
      [
        ['a', 'manage', 'a', true],
        ['b', null, 'a', false],
      ],
    );
  });

  test('of managers that remove each other the one nearer the creator stays, everywhere', async () => {
    const [a, b, c] = await SharedNode.make('a', 'b', 'c');
    assert.ok(a && b && c);
    for (const node of [b, c]) await setRole(a, node, 'manage');
    await exchange(a, b, c);
    await remove(a, b);
    await remove(b, a);
    await exchange(a, b, c);
    for (const node of [a, c]) {
      assert.deepEqual(Object.keys(rolesAt(node)).toSorted(), [idOf(a), idOf(c)].toSorted());
    }
    // Neither epoch that was begun meanwhile leaks what c writes to b.
    const held = new Set(b.folder.state.epochs.map(({ id }) => toHex(id)));
    const from = await nextSeq(c);
    c.put({ 'c.txt': 'from c' });
    await c.record();
    const sealed = [...(await epochsSince(c, from))];
    const [epoch = ''] = c.folder.state.epochs.map(({ id }) => toHex(id)).slice(-1);
    assert.ok(sealed.includes(epoch) && !held.has(epoch));
    await exchange(a, c);
    await a.apply();
    assert.equal(a.tree()['c.txt'], 'from c');
  });
});
