/** The bodies of versions, of what was found on disk. */

import type { Body } from '../log/types.ts';
import type { FileStat } from '../system/file-system.ts';
import type { StoredFile } from './store-files.ts';
import { isExecutable, keptTime } from './working-copy-row.ts';

/** Of a file whose content was read. */
export function fileBody({
  status,
  stat,
  manifest,
}: Extract<StoredFile, { manifest: unknown }>): Body {
  return {
    manifest,
    mtimeNs: keptTime(stat.mtimeNs),
    executable: isExecutable(stat.mode),
    symlink: undefined,
    unstable: status === 'unstable',
  };
}

export function symlinkBody(symlink: string, { mtimeNs }: Pick<FileStat, 'mtimeNs'>): Body {
  return {
    manifest: undefined,
    mtimeNs: keptTime(mtimeNs),
    executable: false,
    symlink,
    unstable: false,
  };
}
