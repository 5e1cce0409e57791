import { realFileSystem } from '../../src/system/real-file-system.ts';
import { fileSystemContract } from '../contracts/file-system.ts';
import { tempDir } from '../helpers/temp-dir.ts';

fileSystemContract('real file system', (t) => ({
  files: realFileSystem(),
  directory: tempDir(t),
}));
