/** A log in files that are replaced by new ones before they grow large. */

import type { Clock } from '../clock.ts';
import { utf8 } from '../bytes.ts';
import { MAX_LOG_FILE_BYTES, MAX_LOG_FILES } from '../limits.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { DaemonLog } from './daemon-log.ts';

export class FileLog implements DaemonLog {
  readonly #fileSystem: FileSystem;
  readonly #clock: Clock;
  readonly #directory: string;

  /** Nothing is made before the first line. */
  constructor(fileSystem: FileSystem, clock: Clock, directory: string) {
    this.#fileSystem = fileSystem;
    this.#clock = clock;
    this.#directory = directory;
  }

  /** Appends a line with the time. What cannot be written is left out: a full disk must not end a daemon. */
  write(text: string): void {
    const time = new Date(this.#clock.wallMs()).toISOString();
    const line = utf8(`${time} ${text.replaceAll(/\p{Cc}/gu, ' ')}\n`);
    try {
      this.#append(line);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }

  #append(line: Uint8Array): void {
    const fileSystem = this.#fileSystem;
    fileSystem.makeDirectories(this.#directory, 0o700);
    const path = this.#file(0);
    const size = fileSystem.statIfPresent(path)?.size;
    if (size !== undefined && size + line.length > MAX_LOG_FILE_BYTES) this.#rotate();
    const isNew = fileSystem.statIfPresent(path) === undefined;
    const file = isNew
      ? fileSystem.open(path, { mode: 'create', permissions: 0o600 })
      : fileSystem.open(path, { mode: 'write' });
    try {
      file.write(line, file.stat().size);
    } finally {
      file.close();
    }
  }

  #rotate(): void {
    for (let age = MAX_LOG_FILES - 2; age >= 0; age--) {
      const from = this.#file(age);
      if (this.#fileSystem.statIfPresent(from) !== undefined) {
        this.#fileSystem.rename(from, this.#file(age + 1));
      }
    }
  }

  /** `daemon.log` is the newest, `daemon.log.1` the one before. */
  #file(age: number): string {
    return `${this.#directory}/daemon.log${age === 0 ? '' : `.${age}`}`;
  }
}
