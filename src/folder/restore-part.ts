/** Worker task: one stretch of a large file, so that all lanes write at it. */

import { contentCodec } from './content-codec.ts';
import type { ContentRange } from './content-pieces.ts';
import { tableReader } from './lane-tables.ts';
import { unpackFiles, type PackedFiles } from './packed-files.ts';
import { troubleOf, type RestoredFile } from './restore-files.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { ValueSource, type ValuePlaces } from './value-source.ts';
import { readBack, writeContent } from './write-content.ts';

export interface RestorePartInput extends ContentRange {
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  /** The file to write to; it exists. */
  readonly path: string;
  /** The one file that it is to become. */
  readonly file: PackedFiles;
  /** Where its root lies; undefined where values lie in no tables. */
  readonly places?: ValuePlaces;
  /** Read back what was written and recompute its ids. */
  readonly verify: boolean;
}

/** Writes what begins in the stretch. Throws what is not of this file alone, as `restoreFiles` does. */
export async function restorePart(
  input: RestorePartInput,
  context: TaskContext,
): Promise<RestoredFile> {
  const codec = await contentCodec(context.settings.get(input.secrets));
  const [file] = unpackFiles(input.file);
  if (file === undefined) throw new TypeError('expected a file, got none');
  const tables = input.places && tableReader(codec, context.fileSystem);
  const values = new ValueSource(codec, context, tables);
  const { root } = file.manifest;
  if (input.places && root) values.know([root], input.places);
  try {
    const out = context.fileSystem.open(input.path, { mode: 'write' });
    try {
      await writeContent(out, file.manifest, values, input);
      if (input.verify) await readBack(out, file.manifest, values, input);
    } finally {
      out.close();
    }
    return { status: 'written' };
  } catch (error) {
    return troubleOf(error);
  } finally {
    tables?.close();
  }
}
