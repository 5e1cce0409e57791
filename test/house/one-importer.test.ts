import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filesBelow, importsOf, packageOf, tableOf, textOf } from './source-files.ts';

/** Every package of the shipped program, and the one file that imports it. */
const importers: Readonly<Record<string, string>> = {
  '@foxglove/wasm-zstd': 'src/crypto/zstd.ts',
  '@noble/hashes': 'src/crypto/hash.ts',
  cborg: 'src/codec.ts',
  chokidar: 'src/system/polling-watch.ts',
  'classic-level': 'src/store/level-handle.ts',
  diff: 'src/operations/line-diff.ts',
  'fastcdc-wasm': 'src/chunking/fastcdc.ts',
  'libsodium-wrappers': 'src/crypto/sodium.ts',
  ws: 'src/system/web-network.ts',
  yargs: 'src/cli/yargs.ts',
};

const manifest = JSON.parse(textOf('package.json')) as { dependencies: Record<string, string> };

/** Package → files below src that refer to it. */
function importersFound(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const names = Object.keys(manifest.dependencies);
  for (const path of filesBelow('src', '.ts')) {
    const packages = new Set(importsOf(path, names).map(packageOf));
    for (const name of packages) {
      if (name !== undefined) found.set(name, [...(found.get(name) ?? []), path]);
    }
  }
  return found;
}

describe('third-party packages', () => {
  test('each is imported by exactly the one file that stands for it', () => {
    const found = Object.fromEntries(
      [...importersFound()].map(([name, files]) => [name, files.join(', ')]),
    );
    assert.deepEqual(found, { ...importers });
  });

  test('package.json lists those packages and no others', () => {
    assert.deepEqual(Object.keys(manifest.dependencies).sort(), Object.keys(importers).sort());
  });

  test('the design document names each with its version and its importing file', () => {
    const documented = tableOf('docs/design.md', 'package').map(([name, version, file]) =>
      `${name} ${version} ${file}`.replaceAll('`', ''),
    );
    const actual = Object.entries(importers).map(
      ([name, file]) => `${name} ${manifest.dependencies[name]} ${file}`,
    );
    assert.deepEqual(documented.sort(), actual.sort());
  });
});
