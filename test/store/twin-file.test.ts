import assert from 'node:assert/strict';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VaultError } from '../../src/errors.ts';
import { MAX_TWIN_BYTES, mendTwin, readTwin, writeTwin } from '../../src/store/twin-file.ts';
import { FileError, type FileSystem } from '../../src/system/file-system.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { readVectors } from '../helpers/project.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const real = realFileSystem();
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const read = (path: string): string | undefined => {
  const twin = readTwin(real, path);
  return twin && Buffer.from(twin.content).toString();
};

const code =
  (wanted: string) =>
  (error: unknown): boolean => {
    assert.equal((error as VaultError).code, wanted);
    return true;
  };

/** A file system on which everything fails from the `steps`-th change on, as in a crash. */
function failingAfter(steps: number, errno = 'EIO'): { fs: FileSystem; changes: () => number } {
  let changes = 0;
  const step = (): void => {
    if (changes++ >= steps) throw new FileError(errno, 'write', 'x');
  };
  const changing = new Set(['removeTree', 'rename', 'syncDirectory', 'write', 'sync', 'truncate']);
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(inner, name) {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          const creates = name === 'open' && (args[1] as { mode: string }).mode !== 'read';
          if (creates || changing.has(String(name))) step();
          const result: unknown = Reflect.apply(member, inner, args);
          return name === 'open' ? wrap(result as object) : result;
        };
      },
    });
  return { fs: wrap(real), changes: () => changes };
}

test('nothing is read where nothing was written', (t) => {
  assert.equal(readTwin(real, `${tempDir(t)}/home`), undefined);
});

test('what was written is read, from two equal copies that only the owner may read', (t) => {
  const dir = tempDir(t);
  for (const content of ['first', '', 'third']) {
    writeTwin(real, `${dir}/home`, bytes(content));
    assert.equal(read(`${dir}/home`), content);
  }
  assert.deepEqual(readTwin(real, `${dir}/home`), {
    content: bytes('third'),
    generation: 3,
    whole: true,
  });
  assert.deepEqual(readdirSync(dir).sort(), ['home.a', 'home.b']);
  assert.deepEqual(readFileSync(`${dir}/home.a`), readFileSync(`${dir}/home.b`));
  if (process.platform !== 'win32') assert.equal(real.stat(`${dir}/home.a`).mode & 0o777, 0o600);
});

test('the bytes of a copy are those of the format', (t) => {
  const path = `${tempDir(t)}/home`;
  const vectors = readVectors('twin-file.json') as { content: string; copy: string }[];
  for (const { content, copy } of vectors) {
    writeTwin(real, path, Buffer.from(content, 'hex'));
    assert.equal(readFileSync(`${path}.a`).toString('hex'), copy);
  }
  assert.ok(vectors.length > 1);
});

test('one damaged or missing copy changes nothing, and is mended from the other', (t) => {
  const path = `${tempDir(t)}/home`;
  const damages: [string, (name: string) => void][] = [
    ['missing', (name) => rmSync(name)],
    ['empty', (name) => truncateSync(name, 0)],
    ['cut', (name) => truncateSync(name, 30)],
    ['longer', (name) => writeFileSync(name, 'x', { flag: 'a' })],
    ['other', (name) => writeFileSync(name, 'not a twin at all, but long enough to look like one')],
  ];
  for (const [what, damage] of damages) {
    for (const name of [`${path}.a`, `${path}.b`]) {
      writeTwin(real, path, bytes(what));
      damage(name);
      const found = readTwin(real, path);
      assert.deepEqual([found?.whole, read(path)], [false, what], `${what} ${name}`);
      mendTwin(real, path);
      assert.deepEqual(readTwin(real, path), { ...found, whole: true }, `${what} ${name}`);
      assert.deepEqual(readFileSync(`${path}.a`), readFileSync(`${path}.b`));
    }
  }
});

test('no flipped bit and no cut goes unnoticed', (t) => {
  const path = `${tempDir(t)}/home`;
  writeTwin(real, path, bytes('content'));
  const good = readFileSync(`${path}.a`);
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bad = Buffer.from(good);
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(`${path}.a`, bad);
    assert.equal(readTwin(real, path)?.whole, false, `bit ${bit}`);
    assert.equal(read(path), 'content', `bit ${bit}`);
  }
  for (let length = 0; length < good.length; length++) {
    writeFileSync(`${path}.a`, good.subarray(0, length));
    assert.equal(readTwin(real, path)?.whole, false, `${length} bytes`);
  }
});

test('two damaged copies are damage, not absence', (t) => {
  const path = `${tempDir(t)}/home`;
  for (const name of [`${path}.a`, `${path}.b`]) {
    writeTwin(real, path, bytes('content'));
    writeFileSync(`${path}.a`, 'x');
    writeFileSync(`${path}.b`, 'x');
    assert.throws(() => readTwin(real, path), code('VAULT_DAMAGED'));
    assert.throws(() => mendTwin(real, path), code('VAULT_DAMAGED'));
    rmSync(name);
    assert.throws(() => readTwin(real, path), code('VAULT_DAMAGED'));
  }
  writeTwin(real, path, bytes('anew'));
  assert.equal(read(path), 'anew');
});

test('a copy that cannot be read is neither missing nor damaged', (t) => {
  const path = `${tempDir(t)}/home`;
  writeTwin(real, path, bytes('content'));
  const denying = (names: string[]): FileSystem =>
    new Proxy(real, {
      get(inner, name) {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          const denied = name === 'readFile' && names.includes(String(args[0]));
          if (denied) throw new FileError('EACCES', 'read', String(args[0]));
          return Reflect.apply(member, inner, args);
        };
      },
    });
  const one = readTwin(denying([`${path}.a`]), path);
  assert.equal(one?.whole, false);
  assert.equal(Buffer.from(one?.content ?? []).toString(), 'content');
  assert.throws(() => readTwin(denying([`${path}.a`, `${path}.b`]), path), code('VAULT_IO'));
});

test('a crash at any step of writing leaves the old or the new content', (t) => {
  const dir = tempDir(t);
  const outcomes = new Set<string | undefined>();
  for (let steps = 0; ; steps++) {
    const path = `${dir}/${steps}`;
    writeTwin(real, path, bytes('old'));
    const { fs, changes } = failingAfter(steps);
    let ended = true;
    try {
      writeTwin(fs, path, bytes('new'));
    } catch (error) {
      assert.ok(code('VAULT_IO')(error));
      ended = false;
    }
    const found = read(path);
    outcomes.add(found);
    assert.ok(found === 'new' || (found === 'old' && !ended), `step ${steps}: ${found}`);
    writeTwin(real, path, bytes('next'));
    assert.deepEqual([read(path), readTwin(real, path)?.whole], ['next', true], `step ${steps}`);
    assert.ok(!existsSync(`${path}.a.tmp`) && !existsSync(`${path}.b.tmp`));
    if (ended) {
      assert.ok(changes() >= 10, `${changes()} steps`);
      break;
    }
  }
  assert.deepEqual(outcomes, new Set(['old', 'new']));
});

test('a crash at any step of the first writing leaves nothing or the content', (t) => {
  const dir = tempDir(t);
  for (let steps = 0, ended = false; !ended; steps++) {
    const path = `${dir}/${steps}`;
    try {
      writeTwin(failingAfter(steps).fs, path, bytes('new'));
      ended = true;
    } catch (error) {
      assert.ok(code('VAULT_IO')(error));
    }
    assert.ok([undefined, 'new'].includes(read(path)), `step ${steps}`);
  }
});

test('each copy is synced before it takes its name, the directory after, one copy at a time', (t) => {
  const path = `${tempDir(t)}/home`;
  const calls: string[] = [];
  const recording = (target: object, prefix: string): object =>
    new Proxy(target, {
      get(inner, name) {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          const file = prefix || String(args[0]).split('/').at(-1);
          if (['write', 'sync', 'rename'].includes(String(name)))
            calls.push(`${String(name)} ${file}`);
          if (name === 'syncDirectory') calls.push('syncDirectory');
          const result: unknown = Reflect.apply(member, inner, args);
          return name === 'open' ? recording(result as object, String(file)) : result;
        };
      },
    });
  writeTwin(recording(real, '') as FileSystem, path, bytes('content'));
  const one = (name: string): string[] => [
    `write ${name}`,
    `sync ${name}`,
    `rename ${name}`,
    'syncDirectory',
  ];
  assert.deepEqual(calls, [...one('home.a.tmp'), ...one('home.b.tmp')]);
});

test('a full disk is told as such and costs nothing', (t) => {
  const path = `${tempDir(t)}/home`;
  writeTwin(real, path, bytes('old'));
  const { fs } = failingAfter(2, 'ENOSPC');
  assert.throws(() => writeTwin(fs, path, bytes('new')), code('VAULT_NO_SPACE'));
  assert.equal(read(path), 'old');
});

test('content beyond the limit is refused before anything is written', (t) => {
  const dir = tempDir(t);
  const content = new Uint8Array(MAX_TWIN_BYTES + 1);
  assert.throws(() => writeTwin(real, `${dir}/home`, content), RangeError);
  assert.deepEqual(readdirSync(dir), []);
});

test('any content comes back as it was', (t) => {
  const path = `${tempDir(t)}/home`;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (content) => {
      writeTwin(real, path, content);
      assert.deepEqual(readTwin(real, path)?.content, content);
    }),
    { numRuns: 30 },
  );
});
