import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { readHomeMarker, writeHomeMarker } from '../../src/home/home-marker.ts';
import { readTwin, writeTwin } from '../../src/store/twin-file.ts';
import { rejects } from '../helpers/rejects.ts';
import { memoryEnvironment } from '../helpers/test-environment.ts';

const id = '00112233445566778899aabbccddeeff';

function marked(marker: unknown): () => unknown {
  const { fileSystem } = memoryEnvironment();
  writeTwin(
    fileSystem,
    '/home',
    utf8(typeof marker === 'string' ? marker : JSON.stringify(marker)),
  );
  return () => readHomeMarker(fileSystem, '/home');
}

describe('home marker', () => {
  test('it says format, features and id', () => {
    const { fileSystem } = memoryEnvironment();
    assert.equal(readHomeMarker(fileSystem, '/home'), undefined);
    writeHomeMarker(fileSystem, '/home', id);
    const marker = readHomeMarker(fileSystem, '/home');
    assert.deepEqual(marker, { format: 1, features: [], id });
    const content = readTwin(fileSystem, '/home')?.content;
    assert.equal(
      Buffer.from(content ?? []).toString(),
      `{"magic":"vault home","format":1,"features":[],"id":"${id}"}\n`,
    );
  });

  test('a home of a newer format or with an unknown feature is refused, and the message names it', async () => {
    const magic = 'vault home';
    const newer = await rejects(
      'VAULT_FORMAT_UNSUPPORTED',
      marked({ magic, format: 2, features: [], id }),
    );
    assert.match(newer.message, /format 2/);
    const features = ['time travel'];
    const unknown = await rejects(
      'VAULT_FORMAT_UNSUPPORTED',
      marked({ magic, format: 1, features, id }),
    );
    assert.match(unknown.message, /time travel/);
    assert.deepEqual(unknown.details, { feature: 'time travel' });
  });

  test('anything else is damage', async () => {
    const good = { magic: 'vault home', format: 1, features: [], id };
    for (const bad of [
      'no json',
      'null',
      '7',
      '[]',
      { ...good, magic: 'vault' },
      { ...good, id: 'ABC' },
      { ...good, id: 7 },
      { ...good, format: '1' },
      { ...good, format: 1.5 },
      { ...good, format: 0 },
      { ...good, features: 'none' },
      { ...good, features: [7] },
    ]) {
      await rejects('VAULT_DAMAGED', marked(bad));
    }
  });
});
