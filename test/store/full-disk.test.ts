import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { isVaultError, systemCode, type VaultError } from '../../src/errors.ts';
import { HomeLock } from '../../src/store/home-lock.ts';
import { LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { LevelMetaStore } from '../../src/store/level-meta-store.ts';
import { Reserve } from '../../src/store/reserve.ts';
import { readTwin, writeTwin } from '../../src/store/twin-file.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { putsOf, seqsOf, valueOf } from '../contracts/chunk-store.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const real = realFileSystem();
const synced = { sync: true };
const noSpace = (error: VaultError): boolean => {
  assert.equal(error.code, 'VAULT_NO_SPACE', String(error));
  return true;
};

/** Has a store closed before its disk goes. */
type Own = <S extends { close(): Promise<void> }>(store: S) => S;

/** Runs `body` with a directory on an ext4 of its own, of `mebibytes`; skips where there can be none. */
async function onSmallDisk(
  t: TestContext,
  mebibytes: number,
  body: (disk: string, own: Own) => Promise<void>,
): Promise<void> {
  const needs = {
    platforms: ['linux' as const],
    root: true,
    programs: ['mkfs.ext4', 'mount', 'umount'],
    conditions: { 'loop devices': existsSync('/dev/loop-control') },
  };
  if (!skipUnless(t, needs)) return;
  const dir = tempDir(t);
  writeFileSync(`${dir}/image`, '');
  truncateSync(`${dir}/image`, mebibytes * 1024 * 1024);
  mkdirSync(`${dir}/disk`);
  assert.equal(failureOf('mkfs.ext4', '-q', '-m', '0', '-F', `${dir}/image`), '');
  const refused = failureOf('mount', '-o', 'loop', `${dir}/image`, `${dir}/disk`);
  if (!skipUnless(t, { conditions: { [`permission to mount ${refused}`]: refused === '' } }))
    return;
  const owned: { close(): Promise<void> }[] = [];
  try {
    await body(`${dir}/disk`, (store) => {
      owned.push(store);
      return store;
    });
  } finally {
    for (const store of owned) await store.close();
    const busy = failureOf('umount', `${dir}/disk`);
    if (busy) failureOf('umount', '-l', `${dir}/disk`);
    t.diagnostic(busy || 'unmounted');
  }
}

function failureOf(program: string, ...args: string[]): string {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? '' : `(${program}: ${stderr.trim()})`;
}

/** Fills the disk up to `leave` bytes; with 0, until nothing more fits even after a sync. */
function fill(disk: string, leave: number): void {
  const filler = `${disk}/filler`;
  for (let round = 0; round < (leave === 0 ? 3 : 1); round++) {
    for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) {
      const piece = Buffer.alloc(size, 1);
      while ((leave === 0 || real.freeBytes(disk) > leave + size) && appended(filler, piece));
      if (leave > 0) break;
    }
    const file = real.open(filler, { mode: 'write' });
    file.sync();
    file.close();
  }
}

function appended(path: string, piece: Buffer): boolean {
  try {
    appendFileSync(path, piece);
    return true;
  } catch (error) {
    assert.equal(systemCode(error), 'ENOSPC');
    return false;
  }
}

test('writing stops while what was written can still be read, deleted and written out', async (t) => {
  for (const sync of [true, false]) {
    await onSmallDisk(t, 96, async (disk, own) => {
      const store = own(await LevelChunkStore.open(real, `${disk}/chunks`));
      let kept = 0;
      await assert.rejects(async () => {
        for (; ; kept += 8) await store.write({ puts: putsOf(kept, kept + 8, 65_536) }, { sync });
      }, noSpace);
      assert.ok(kept > 500, `${kept} values`);
      const all = Array.from({ length: kept }, (_, seq) => seq);
      await store.barrier();
      assert.deepEqual(await seqsOf(store.scan(0)), all);

      await store.close();
      const again = own(await LevelChunkStore.open(real, `${disk}/chunks`));
      assert.deepEqual(await seqsOf(again.scan(0)), all);
      await again.write({ deletes: all }, synced);
      await again.compact(0, kept);
      await again.write({ puts: putsOf(0, 500, 65_536) }, { sync: false });
      await again.write({ deletes: all.slice(0, 500) }, synced);
      await again.compact(0, kept);
    });
  }
});

test('a disk that others filled stops writing, not reading; the reserve mends it', async (t) => {
  await onSmallDisk(t, 64, async (disk, own) => {
    const reserve = new Reserve(real, `${disk}/reserve`);
    reserve.restore();
    const store = own(await LevelChunkStore.open(real, `${disk}/chunks`));
    await store.write({ puts: putsOf(0, 300, 65_536) }, { sync: false });
    await store.barrier();
    await store.write({ puts: putsOf(300, 360, 65_536) }, synced);
    const all = Array.from({ length: 360 }, (_, seq) => seq);
    fill(disk, 0);

    await assert.rejects(store.write({ puts: putsOf(1000, 1001, 65_536) }, synced), noSpace);
    const nothing = Array.from({ length: 1000 }, (_, at) => 5000 + at);
    await assert.rejects(async () => {
      for (let round = 0; round < 100; round++) await store.write({ deletes: nothing }, synced);
    }, noSpace);
    await assert.rejects(store.write({ deletes: [0] }, synced), noSpace);
    await assert.rejects(store.compact(0, 360), noSpace);
    assert.deepEqual(await seqsOf(store.scan(0, 360)), all);
    assert.deepEqual(await store.get(359), valueOf(359, 65_536));
    assert.throws(() => new Reserve(real, `${disk}/other`).restore(), noSpace);

    assert.equal(reserve.release(), true);
    await assert.rejects(store.write({ deletes: [0] }, synced), noSpace);
    await store.reopen();
    assert.deepEqual(await seqsOf(store.scan(0, 360)), all);
    await store.write({ deletes: all.slice(0, 300) }, synced);
    await store.compact(0, 300);
    reserve.restore();
    await store.write({ puts: putsOf(2000, 2010, 65_536) }, { sync: false });
    await store.barrier();
    assert.deepEqual(await seqsOf(store.scan(0, 360)), all.slice(300));
    assert.equal((await seqsOf(store.scan(2000))).length, 10);
    assert.equal(store.repaired, false);
  });
});

test('a barrier whose table does not fit fails, though LevelDB keeps that to itself', async (t) => {
  await onSmallDisk(t, 48, async (disk, own) => {
    const store = own(await LevelChunkStore.open(real, `${disk}/chunks`));
    await store.write({ puts: putsOf(0, 204, 65_536) }, { sync: false });
    fill(disk, 5 * 1024 * 1024);
    await assert.rejects(store.barrier(), noSpace);
    await assert.rejects(store.write({ puts: putsOf(300, 301) }, synced), noSpace);
    assert.equal((await seqsOf(store.scan(0))).length, 204);
    rmSync(`${disk}/filler`);
    await store.reopen();
    await store.barrier();
    assert.equal((await seqsOf(store.scan(0))).length, 204);
    await store.close();
  });
});

test('a disk too full to open a store is no damage, and costs nothing', async (t) => {
  await onSmallDisk(t, 16, async (disk, own) => {
    const chunks = own(await LevelChunkStore.open(real, `${disk}/chunks`));
    await chunks.write({ puts: putsOf(0, 20, 65_536) }, synced);
    await chunks.close();
    const meta = own(await LevelMetaStore.open(real, `${disk}/meta`));
    const row = { key: new Uint8Array([1]), value: new Uint8Array([2]) };
    await meta.write([{ type: 'put', ...row }], synced);
    await meta.close();
    writeTwin(real, `${disk}/twin`, new Uint8Array([3]));
    const lock = own(await HomeLock.acquire(real, `${disk}/lock`, { clock: systemClock }));
    await lock.put('row', new Uint8Array([4]));

    fill(disk, 0);
    await assert.rejects(LevelChunkStore.open(real, `${disk}/chunks`), noSpace);
    await assert.rejects(LevelMetaStore.open(real, `${disk}/meta`), noSpace);
    await assert.rejects(LevelMetaStore.open(real, `${disk}/new`), noSpace);
    assert.throws(() => writeTwin(real, `${disk}/twin`, new Uint8Array(100_000)), noSpace);
    assert.deepEqual(readTwin(real, `${disk}/twin`)?.content, new Uint8Array([3]));
    const failures = await untilFull(() => lock.put('other', new Uint8Array(4096)));
    assert.ok(isVaultError(failures, 'VAULT_NO_SPACE'));
    assert.deepEqual(await lock.get('row'), new Uint8Array([4]));

    rmSync(`${disk}/filler`);
    await lock.put('row', new Uint8Array([5]));
    assert.deepEqual(await lock.get('row'), new Uint8Array([5]));
    await lock.close();
    const again = own(await LevelChunkStore.open(real, `${disk}/chunks`));
    assert.deepEqual([again.repaired, (await seqsOf(again.scan(0))).length], [false, 20]);
    await again.close();
    const rows = own(await LevelMetaStore.open(real, `${disk}/meta`));
    assert.deepEqual([rows.repaired, await rows.get(row.key)], [false, row.value]);
    await rows.close();
  });
});

async function untilFull(write: () => Promise<void>): Promise<unknown> {
  try {
    for (let at = 0; at < 1000; at++) await write();
  } catch (error) {
    return error;
  }
  return undefined;
}
