import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textOf } from './source-files.ts';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(textOf('package-lock.json')) as {
  packages: Readonly<Record<string, LockEntry>>;
};
const manifest = JSON.parse(textOf('package.json')) as LockEntry;

describe('package-lock.json', () => {
  test('stands for the packages that package.json asks for', () => {
    const root = packages[''];
    assert.deepEqual(root?.dependencies, manifest.dependencies);
    assert.deepEqual(root?.devDependencies, manifest.devDependencies);
  });

  // `npm ci` refuses a lock file without them, on every platform: npm leaves them out of the lock
  // where it was written with a registry or a node_modules that lacks them.
  test('lists the parts of packages for all platforms, not only for the one it was written on', () => {
    for (const [path, entry] of Object.entries(packages)) {
      for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
        const locked = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
        assert.ok(locked, `${path} may need ${name} ${version}, which is not locked`);
        assert.equal(locked.optional, true, name);
      }
    }
  });

  test('proves what is downloaded, and names no host to download it from', () => {
    for (const [path, entry] of Object.entries(packages)) {
      if (path === '') continue;
      assert.equal(entry.resolved, undefined, path);
      assert.match(entry.version ?? '', /^\d+\.\d+\.\d+/, path);
      if (entry.optional !== true) assert.match(entry.integrity ?? '', /^sha512-/, path);
    }
  });

  test('development packages are pinned to one version, and so is the chunker', () => {
    const pinned = {
      ...manifest.devDependencies,
      chunker: manifest.dependencies?.['fastcdc-wasm'],
    };
    for (const [name, version] of Object.entries(pinned)) {
      assert.match(version ?? '', /^\d+\.\d+\.\d+$/, name);
    }
  });
});
