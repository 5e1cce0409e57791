import { test } from 'node:test';
import assert from 'node:assert/strict';
import { utf8 } from '../../src/bytes.ts';
import { inlinePool } from '../../src/system/inline-pool.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { workerPoolContract } from '../contracts/worker-pool.ts';
import { writeFile } from '../helpers/files.ts';
import { tasks } from './worker-tasks.ts';

const fileSystem = new MemoryFileSystem({ clock: new VirtualClock() });
const file = { path: '/file', content: 'content in memory' };
writeFile(fileSystem, file.path, utf8(file.content));

for (const isolate of [true, false]) {
  workerPoolContract(`inline pool${isolate ? ', isolating' : ''}`, {
    make: (size) =>
      inlinePool({ tasks, fileSystem, random: seededRandom('inline'), isolate, ...size }),
    file,
    isolates: isolate,
  });
}

test('an inline pool does the same every time', async () => {
  const results = async (): Promise<unknown> => {
    const pool = inlinePool({ tasks, fileSystem, random: seededRandom(1), lanes: 2 });
    const log: string[] = [];
    const ask = (question: unknown): Promise<number> => {
      log.push(`asked ${String(question)}`);
      return Promise.resolve(1);
    };
    const runs = [
      pool.run('sum', ['a', 'b'], { ask }),
      pool.run('sum', ['c', 'd', 'e'], { ask }),
      pool.run('randomBytes', 8).then((bytes) => log.push(String(bytes))),
      pool.run('sum', ['f'], { ask }),
    ];
    await Promise.all(runs);
    await pool.close();
    return log;
  };
  assert.deepEqual(await results(), await results());
});
