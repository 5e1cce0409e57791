import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../helpers/seeded.ts';
import { TestNode } from '../helpers/test-node.ts';

/** Words that nothing else has: one after another, each says where it was used. */
function wordMaker(): { word: (use: string) => string; words: Map<string, string> } {
  const random = seededRandom('secret words');
  const words = new Map<string, string>();
  const word = (use: string): string => {
    const made = `zq${Buffer.from(random.bytes(7)).toString('hex')}`;
    words.set(made, use);
    return made;
  };
  return { word, words };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
}

test('no name and no content lies anywhere in the home in the clear', async (t) => {
  const { word, words } = wordMaker();
  const node = TestNode.bare(t);
  const work = join(node.directory, word('name of the root'));
  mkdirSync(work);
  const passphrase = word('passphrase');
  const run = (...args: string[]): Promise<unknown> => node.jsonWith({ passphrase }, 0, ...args);
  await run('init', '--name', word('name of the node'), '--device-key');
  await run('folder', 'add', work, '--name', word('name of the folder'));

  const directory = join(work, word('name of a directory'), word('name of a directory'));
  mkdirSync(directory, { recursive: true });
  const small = word('name of a file');
  writeFileSync(join(directory, small), `it says ${word('content of a small file')} and no more`);
  // Compressible, and long enough that its chunks end in the middle of anything.
  const large = word('content of a large file');
  writeFileSync(join(directory, word('name of a file')), `${large}\n`.repeat(40_000));
  writeFileSync(join(work, word('name of an empty file')), '');
  symlinkSync(`../${word('target of a symlink')}`, join(work, word('name of a symlink')));
  const tags = ['--tag', word('tag'), '--tag', word('tag')];
  await run('snapshot', '-m', `it is ${word('message of a snapshot')}`, ...tags);

  renameSync(join(directory, small), join(directory, word('new name of a file')));
  writeFileSync(join(work, word('name of a later file')), word('content of a later file'));
  await run('snapshot', '--tag', word('tag'), '--pin');
  await run('key', 'add', '--device-key', join(node.directory, word('name of a key file')));
  await run('config', 'set', 'name', word('new name of the node'));
  await run('verify', '--read');
  await run('status');

  const files = filesBelow(node.home);
  assert.ok(files.length > 15, `${files.length} files`);
  const found: string[] = [];
  for (const file of files) {
    // Latin-1: a character a byte.
    const bytes = `${file.slice(node.home.length)}\n${readFileSync(file).toString('latin1')}`;
    // UTF-8, UTF-16 either way, hex, and base64 at each of its three offsets.
    for (const [secret, use] of words) {
      const utf16 = Buffer.from(secret, 'utf16le').toString('latin1');
      const forms = [
        secret,
        secret.toUpperCase(),
        utf16.slice(0, -1),
        Buffer.from(secret).toString('hex'),
        ...[0, 1, 2].map((pad) =>
          Buffer.from('x'.repeat(pad) + secret)
            .toString('base64')
            .slice(4, -4),
        ),
      ];
      for (const form of forms) if (bytes.includes(form)) found.push(`${use} in ${file}`);
      // Stored as it is, a piece of a compressed block would still show.
      for (let at = 2; at + 8 <= secret.length; at++) {
        if (bytes.includes(secret.slice(at, at + 8))) found.push(`part of ${use} in ${file}`);
      }
    }
  }
  assert.deepEqual([...new Set(found)], []);

  // The search finds what is there: the device key file and its own name.
  const raw = readFileSync(join(node.home, 'device-key')).toString('latin1');
  assert.ok(files.some((file) => readFileSync(file).toString('latin1').includes(raw.slice(0, 16))));
});

test('what only vault made is there for its owner alone', async (t) => {
  const node = await TestNode.make(t);
  writeFileSync(join(node.work, 'file'), 'content');
  await node.done('snapshot');
  assert.equal(statSync(node.home).mode & 0o077, 0);
});
