/**
 * Commits to a chunk store and a metadata store as vault does, and says on standard output how far
 * it is. Arguments: directory, and `barrier` or `no-barrier`.
 */

import { readdirSync, writeSync } from 'node:fs';
import { chunkSettings, LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { LevelMetaStore, metaSettings } from '../../src/store/level-meta-store.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import {
  COMMITS,
  committedKey,
  headOf,
  isSmall,
  metaKeyOf,
  metaValueOf,
  valueAt,
} from './power-cut-plan.ts';

const [root = '', mode = ''] = process.argv.slice(2);
/** Small buffers rotate logs often. */
const writeBufferSize = 512 * 1024;

function say(text: string): void {
  writeSync(1, `${text}\n`);
}

function newestLog(): string | undefined {
  const names = readdirSync(`${root}/chunks/0000000000000000`);
  return names
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .at(-1);
}

const fs = realFileSystem();
const open = async (): Promise<{ chunks: LevelChunkStore; meta: LevelMetaStore }> => ({
  chunks: await LevelChunkStore.open(fs, `${root}/chunks`, {
    settings: { ...chunkSettings, writeBufferSize },
  }),
  meta: await LevelMetaStore.open(fs, `${root}/meta`, {
    settings: { ...metaSettings, writeBufferSize },
  }),
});

let { chunks, meta } = await open();
let next = 0;
say('opened');
for (let commit = 0; commit < COMMITS; commit++) {
  const first = next;
  const put = (): { seq: number; value: Uint8Array } => {
    const seq = next++;
    return { seq, value: valueAt(seq) };
  };
  if (isSmall(commit)) {
    const puts = [put(), put(), put()];
    const head = next++;
    await chunks.write(
      { puts: [...puts, { seq: head, value: headOf(first, head) }] },
      { sync: true },
    );
  } else {
    // Up to a rotation of the log, so that the last values lie in one that is not synced.
    const before = newestLog();
    while (newestLog() === before) {
      await chunks.write({ puts: [put(), put(), put(), put()] }, { sync: false });
    }
    for (let batch = 0; batch < 20; batch++) {
      await chunks.write({ puts: [put(), put(), put(), put()] }, { sync: false });
    }
    const rotated = newestLog();
    while (newestLog() === rotated) {
      await chunks.write({ puts: [put()] }, { sync: false });
    }
    if (mode === 'barrier') await chunks.barrier();
    const head = next++;
    await chunks.write({ puts: [{ seq: head, value: headOf(first, head) }] }, { sync: true });
  }
  say(`head ${next - 1}`);
  const rows = [];
  for (let seq = first; seq < next; seq++) {
    rows.push({ type: 'put', key: metaKeyOf(seq), value: metaValueOf(seq) } as const);
  }
  await meta.write([...rows, { type: 'put', key: committedKey, value: metaValueOf(next - 1) }], {
    sync: true,
  });
  say(`committed ${next - 1}`);
  if (commit === 3) {
    await chunks.close();
    await meta.close();
    ({ chunks, meta } = await open());
    say('opened');
  }
}
await chunks.close();
await meta.close();
say('closed');
