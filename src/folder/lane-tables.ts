/** What a lane remembers of a folder's tables from one task to the next. */

import { TableIndexes, TableReader } from '../store/table-reader.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { ContentCodec } from './content-codec.ts';

const indexes = new WeakMap<ContentCodec, TableIndexes>();

/** A reader of the tables of the folder that the codec belongs to, to be closed when the task ends. */
export function tableReader(codec: ContentCodec, fileSystem: FileSystem): TableReader {
  let known = indexes.get(codec);
  if (known === undefined) indexes.set(codec, (known = new TableIndexes()));
  return new TableReader(fileSystem, known);
}
