import { LevelMetaStore } from '../../src/store/level-meta-store.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { metaStoreContract } from '../contracts/meta-store.ts';
import { tempDir } from '../helpers/temp-dir.ts';

metaStoreContract('leveldb', async (t) => {
  const store = await LevelMetaStore.open(realFileSystem(), `${tempDir(t)}/meta`);
  t.after(() => store.close());
  return store;
});
