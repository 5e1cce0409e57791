import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { fileSystemContract } from '../contracts/file-system.ts';

fileSystemContract('memory file system', () => {
  const files = new MemoryFileSystem({ clock: new VirtualClock() });
  files.makeDirectories('/some/where');
  return { files, directory: '/some/where' };
});
