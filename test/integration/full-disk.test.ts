import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '../helpers/seeded.ts';
import { SmallDisk } from '../helpers/small-disk.ts';
import { assertSameTree, treeOf } from '../helpers/tree.ts';
import { CommandHost, type Commanded } from './command-host.ts';

const host = new CommandHost();
after(() => host.close());

const MIB = 1024 * 1024;
const RESERVE_BYTES = 8 * MIB;
const random = seededRandom('full disk');

/** Runs `vault` on a home that its device key opens. */
class Home {
  readonly path: string;
  readonly #cwd: string;

  constructor(path: string, cwd: string) {
    this.path = path;
    this.#cwd = cwd;
  }

  async run(exit: number, ...args: readonly string[]): Promise<Commanded> {
    const ran = await host.run(this.path, this.#cwd, ...args);
    const said = `vault ${args.join(' ')}\n${ran.stdout}${ran.stderr}`;
    assert.equal(ran.exit, exit, said);
    if (exit === 21) assert.equal(ran.lines.at(-1)?.['code'], 'VAULT_NO_SPACE', said);
    return ran;
  }

  /** The id of a new snapshot. */
  async snapshot(): Promise<string> {
    return String((await this.run(0, 'snapshot')).lines.at(-1)?.['snapshot']);
  }

  async restores(at: string, tree: ReturnType<typeof treeOf>, to: string): Promise<void> {
    await this.run(0, 'restore', '-f', 'work', '--at', at, '--to', to);
    assertSameTree(treeOf(to), tree, `restored from ${at}`);
    rmSync(to, { recursive: true });
  }

  get reserveBytes(): number {
    const path = join(this.path, 'reserve');
    return existsSync(path) ? statSync(path).size : 0;
  }
}

/** Files of a mebibyte each that nothing can compress. */
function writeFiles(directory: string, count: number): void {
  mkdirSync(directory, { recursive: true });
  for (let index = 0; index < count; index++) {
    writeFileSync(join(directory, `file ${index}`), random.bytes(MIB));
  }
}

test('a snapshot that fills the disk is finished once there is room', async (t) => {
  const disk = SmallDisk.make(t, 112);
  if (disk === undefined) return;
  const work = join(disk.outside, 'work');
  const out = join(disk.outside, 'out');
  const home = new Home(join(disk.path, 'home'), disk.outside);
  writeFiles(join(work, 'first'), 4);
  await home.run(0, 'init', '--device-key');
  await home.run(0, 'folder', 'add', work);
  const first = { id: await home.snapshot(), tree: treeOf(work) };
  assert.equal(home.reserveBytes, RESERVE_BYTES);
  assert.ok(statSync(join(home.path, 'reserve')).blocks * 512 >= RESERVE_BYTES);

  disk.fill(40 * MIB);
  writeFiles(join(work, 'second'), 48);
  await home.run(21, 'snapshot');

  // Full as it is, everything that only looks still works; what it needs comes out of the reserve.
  for (const isFuller of [false, true]) {
    assert.equal(home.reserveBytes, RESERVE_BYTES);
    if (isFuller) disk.fill(0);
    await home.run(0, 'status');
    await home.run(0, 'ls', '-R', '-f', 'work');
    const listed = (await home.run(0, 'snapshots', 'work')).lines;
    const ids = listed.flatMap(({ type, snapshot }) => (type === 'snapshot' ? [snapshot] : []));
    assert.deepEqual(ids, [first.id]);
    await home.run(0, 'verify', '--read');
    await home.restores(first.id, first.tree, out);
    await home.run(21, 'snapshot');
  }

  disk.free();
  const { newBytes, snapshot } = (await home.run(0, 'snapshot')).lines.at(-1) ?? {};
  assert.ok(Number(newBytes) < 46 * MIB, `${newBytes as number} bytes were stored anew`);
  assert.equal(home.reserveBytes, RESERVE_BYTES, 'the reserve is back');
  await home.run(0, 'verify', '--read');
  await home.restores(first.id, first.tree, out);
  await home.restores(String(snapshot), treeOf(work), out);
});

test('a disk full of the working copy beside the home is worked on all the same', async (t) => {
  const disk = SmallDisk.make(t, 96);
  if (disk === undefined) return;
  const work = join(disk.path, 'work');
  const out = join(disk.outside, 'out');
  const home = new Home(join(disk.path, 'home'), disk.outside);
  writeFiles(join(work, 'kept'), 3);
  await home.run(0, 'init', '--device-key');
  await home.run(0, 'folder', 'add', work);
  const first = { id: await home.snapshot(), tree: treeOf(work) };
  writeFiles(join(work, 'too much'), 40);
  await home.run(21, 'snapshot');
  await home.run(0, 'status');
  disk.fill(0);
  await home.run(21, 'snapshot');
  await home.run(0, 'verify');
  await home.restores(first.id, first.tree, out);

  // Nothing but the working copy gives way.
  for (let index = 0; index < 32; index++) rmSync(join(work, 'too much', `file ${index}`));
  const second = await home.snapshot();
  await home.restores(second, treeOf(work), out);
  disk.free();
  await home.run(0, 'status');
  assert.equal(home.reserveBytes, RESERVE_BYTES);
});

test('a restore onto a full disk says so and goes on when there is room', async (t) => {
  const disk = SmallDisk.make(t, 32);
  if (disk === undefined) return;
  const work = join(disk.outside, 'work');
  const out = join(disk.path, 'out');
  const home = new Home(join(disk.outside, 'home'), disk.outside);
  writeFiles(work, 12);
  await home.run(0, 'init', '--device-key');
  await home.run(0, 'folder', 'add', work);
  await home.snapshot();
  disk.fill(5 * MIB);
  await home.run(21, 'restore', '-f', 'work', '--to', out);
  assert.equal(home.reserveBytes, RESERVE_BYTES, 'the home has room');
  const part = treeOf(out);
  assert.ok(part.size > 0 && part.size < 12, `${part.size} files`);
  for (const [name, item] of treeOf(work)) {
    const there = part.get(name);
    if (there !== undefined) assert.equal(there.content, item.content);
  }
  disk.free();
  await home.run(0, 'restore', '-f', 'work', '--to', out);
  assertSameTree(treeOf(out), treeOf(work), 'after there was room');
});

test('nothing that changes the home is half done on a full disk', async (t) => {
  const disk = SmallDisk.make(t, 64);
  if (disk === undefined) return;
  const work = join(disk.outside, 'work');
  const home = new Home(join(disk.path, 'home'), disk.outside);
  writeFiles(work, 2);
  disk.fill(0);
  await home.run(21, 'init', '--device-key');
  disk.free();
  await home.run(0, 'init', '--device-key');
  await home.run(0, 'folder', 'add', work);
  await home.snapshot();

  // Without the reserve nothing can be written at all.
  await home.run(0, 'config', 'set', 'reserve', '0');
  disk.fill(0);
  const other = join(disk.outside, 'other');
  mkdirSync(other);
  await home.run(21, 'folder', 'add', other);
  await home.run(21, 'config', 'set', 'compression', '9');
  await home.run(21, 'key', 'recovery-code');
  await home.run(21, 'folder', 'set', 'work', 'name=renamed');
  disk.free();
  const said = (await home.run(0, 'folder', 'list')).lines;
  assert.deepEqual(
    said.flatMap(({ type, name }) => (type === 'folder' ? [name] : [])),
    ['work'],
  );
  assert.equal((await home.run(0, 'config', 'get', 'compression')).lines.at(-1)?.['value'], '3');
  await home.run(0, 'verify', '--read');

  await home.run(0, 'folder', 'add', other);
  await home.run(0, 'config', 'set', 'compression', '9');
  await home.run(0, 'key', 'recovery-code');
  await home.run(0, 'folder', 'set', 'work', 'name=renamed');
  await home.run(0, 'snapshot', 'renamed');
  await home.run(0, 'verify', '--read');
});
