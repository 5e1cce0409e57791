/** A disk, one folder's secrets and a place for its sealed values: what the worker tasks run against. */

import { toHex } from '../../src/bytes.ts';
import { defaultChunkerParams } from '../../src/chunking/params.ts';
import { parseHeader } from '../../src/crypto/sealed-value.ts';
import type { ContentSecrets } from '../../src/folder/content-codec.ts';
import type { OutgoingQuestion } from '../../src/folder/outgoing.ts';
import type { RestoredFile, RestoreFilesInput } from '../../src/folder/restore-files.ts';
import { packFiles, type RestoreFile } from '../../src/folder/packed-files.ts';
import type { ValuesAnswer, ValuesQuestion } from '../../src/folder/value-source.ts';
import type { StoreFilesInput, StoreFilesOutput } from '../../src/folder/store-files.ts';
import { tasks } from '../../src/folder/tasks.ts';
import { FileError, type FileSystem } from '../../src/system/file-system.ts';
import { inlinePool } from '../../src/system/inline-pool.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import type { MemoryCall } from '../../src/system/memory-volume.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import type { WorkerPool } from '../../src/system/worker-pool.ts';
import { seededRandom } from '../helpers/seeded.ts';

export function sampleSecrets(name: string, level = 3): ContentSecrets {
  const random = seededRandom(name);
  return {
    folderSecret: random.bytes(32),
    epochs: [{ id: random.bytes(16), secret: random.bytes(32) }],
    params: defaultChunkerParams,
    level,
  };
}

export class TaskWorld {
  readonly clock = new VirtualClock();
  readonly fs: MemoryFileSystem;
  readonly pool: WorkerPool;
  /** Sealed values by id. */
  readonly values = new Map<string, Uint8Array>();
  /** How many ids each question named. */
  readonly asked: number[] = [];
  /** Codes that calls fail with, by call and path. */
  readonly broken = new Map<string, string>();
  /** Run before each call with this name and path. */
  readonly meanwhile = new Map<string, () => void>();

  constructor(secrets = sampleSecrets('task world')) {
    const beforeCall = (call: MemoryCall, path: string): void => {
      this.meanwhile.get(`${call} ${path}`)?.();
      const code = this.broken.get(`${call} ${path}`);
      if (code !== undefined) throw new FileError(code, call, path);
    };
    this.fs = new MemoryFileSystem({ clock: this.clock, beforeCall });
    this.pool = inlinePool({
      tasks,
      fileSystem: this.fs,
      random: seededRandom('tasks'),
      isolate: true,
    });
    this.pool.configure('folder', secrets);
  }

  async store(...paths: string[]): Promise<StoreFilesOutput['files']> {
    const input: StoreFilesInput = { secrets: 'folder', paths };
    return (await this.run<StoreFilesInput, StoreFilesOutput>('storeFiles', input)).files;
  }

  /** Runs a task that stores, and keeps what it sealed. */
  async run<I, O extends Pick<StoreFilesOutput, 'sealed'>>(task: string, input: I): Promise<O> {
    const output = await this.pool.run<I, O>(task, input, {
      ask: (question) => Promise.resolve(this.answerOutgoing(question as OutgoingQuestion)),
    });
    if (output.sealed !== undefined) this.keep(output.sealed);
    return output;
  }

  restore(
    files: readonly RestoreFile[],
    options: Partial<RestoreFilesInput> = {},
  ): Promise<RestoredFile[]> {
    const input: RestoreFilesInput = {
      secrets: 'folder',
      directories: [{ path: '/to', count: files.length }],
      files: packFiles(files),
      overwrite: 'never',
      verify: false,
      ...options,
    };
    return this.pool.run('restoreFiles', input, {
      ask: (question) => Promise.resolve(this.answerValues(question as ValuesQuestion)),
    });
  }

  answerOutgoing({ ids, sealed }: OutgoingQuestion): Uint8Array {
    if (sealed !== undefined) this.keep(sealed);
    this.asked.push(ids.length / 32);
    return Uint8Array.from({ length: ids.length / 32 }, (_, at) =>
      this.values.has(toHex(ids.subarray(at * 32, at * 32 + 32))) ? 0 : 1,
    );
  }

  answerValues({ ids }: ValuesQuestion): ValuesAnswer {
    const found: Uint8Array[] = [];
    for (let at = 0; at < ids.length; at += 32) {
      found.push(this.values.get(toHex(ids.subarray(at, at + 32))) ?? new Uint8Array(0));
    }
    this.asked.push(found.length);
    return {
      bytes: new Uint8Array(Buffer.concat(found)),
      lengths: Uint32Array.from(found, ({ length }) => length),
    };
  }

  keep(sealed: Uint8Array): void {
    for (let at = 0; at < sealed.length;) {
      const header = parseHeader(sealed.subarray(at));
      this.values.set(toHex(header.id), sealed.slice(at, at + header.totalLength));
      at += header.totalLength;
    }
  }
}

/** Writes a file of these bytes, replacing what is there. */
export function put(fs: FileSystem, path: string, content: Uint8Array): void {
  fs.removeTree(path);
  const file = fs.open(path, { mode: 'create' });
  file.write(content, 0);
  file.close();
}
