import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { VaultError } from '../../src/errors.ts';
import { Reserve, RESERVE_BYTES } from '../../src/store/reserve.ts';
import { FileError, type OpenFile } from '../../src/system/file-system.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const real = realFileSystem();

test('a restored reserve really takes its space, which no file system can compress away', (t) => {
  const path = `${tempDir(t)}/reserve`;
  const reserve = new Reserve(real, path);
  assert.deepEqual(reserve.status(), { bytes: 0, whole: false });
  reserve.restore();
  assert.deepEqual(reserve.status(), { bytes: RESERVE_BYTES, whole: true });
  assert.ok(real.stat(path).allocated >= 8 * 1024 * 1024);
  const content = readFileSync(path);
  assert.ok(gzipSync(content, { level: 1 }).length > 0.99 * content.length);
  const pieces = new Set<string>();
  for (let at = 0; at < content.length; at += 4096) {
    pieces.add(content.subarray(at, at + 4096).toString('latin1'));
  }
  assert.equal(pieces.size, content.length / 4096);
});

test('a released reserve is gone, tells whether there was one, and can be restored', (t) => {
  const dir = tempDir(t);
  const reserve = new Reserve(real, `${dir}/reserve`, 100_000);
  assert.equal(reserve.release(), false);
  reserve.restore();
  assert.equal(reserve.release(), true);
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(reserve.status(), { bytes: 0, whole: false });
  reserve.restore();
  assert.deepEqual(reserve.status(), { bytes: 100_000, whole: true });
});

test('a reserve that was cut, is sparse or has another size is made anew', (t) => {
  const path = `${tempDir(t)}/reserve`;
  const reserve = new Reserve(real, path, 1_000_000);
  reserve.restore();
  truncateSync(path, 1000);
  assert.equal(reserve.status().whole, false);
  reserve.restore();
  assert.equal(reserve.status().whole, true);
  writeFileSync(path, '');
  truncateSync(path, 1_000_000);
  assert.equal(reserve.status().whole, false);
  reserve.restore();
  assert.equal(reserve.status().whole, true);
  const smaller = new Reserve(real, path, 5000);
  assert.equal(smaller.status().whole, false);
  smaller.restore();
  assert.equal(real.stat(path).size, 5000);
});

test('a whole reserve is left alone, and a size of zero keeps none', (t) => {
  const dir = tempDir(t);
  const reserve = new Reserve(real, `${dir}/reserve`, 10_000);
  reserve.restore();
  const { inode, mtimeNs } = real.stat(`${dir}/reserve`);
  reserve.restore();
  assert.deepEqual(
    [real.stat(`${dir}/reserve`).inode, real.stat(`${dir}/reserve`).mtimeNs],
    [inode, mtimeNs],
  );
  const none = new Reserve(real, `${dir}/reserve`, 0);
  none.restore();
  assert.deepEqual(none.status(), { bytes: 0, whole: true });
  assert.deepEqual(readdirSync(dir), []);
});

test('a reserve for which there is no room takes none', (t) => {
  const dir = tempDir(t);
  const full = (file: OpenFile): OpenFile =>
    new Proxy(file, {
      get(inner, name) {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (name === 'write' && Number(args[1]) > 500_000) {
            throw new FileError('ENOSPC', 'write', dir);
          }
          return Reflect.apply(member, inner, args);
        };
      },
    });
  const fs = new Proxy(real, {
    get(inner, name) {
      const member: unknown = Reflect.get(inner, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, inner, args);
        return name === 'open' ? full(result as OpenFile) : result;
      };
    },
  });
  const reserve = new Reserve(fs, `${dir}/reserve`);
  assert.throws(
    () => reserve.restore(),
    (error: VaultError) => error.code === 'VAULT_NO_SPACE',
  );
  assert.deepEqual(readdirSync(dir), []);
});

test('what is no size is refused', () => {
  for (const size of [-1, 0.5, Number.NaN]) {
    assert.throws(() => new Reserve(real, '/nowhere/reserve', size), RangeError);
  }
});
