import { LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { chunkStoreContract } from '../contracts/chunk-store.ts';
import { tempDir } from '../helpers/temp-dir.ts';

chunkStoreContract('leveldb', async (t) => {
  const store = await LevelChunkStore.open(realFileSystem(), `${tempDir(t)}/chunks`);
  t.after(() => store.close());
  return store;
});

chunkStoreContract('leveldb in many databases', async (t) => {
  const store = await LevelChunkStore.open(realFileSystem(), `${tempDir(t)}/chunks`, {
    databaseBytes: 5000,
  });
  t.after(() => store.close());
  return store;
});
