import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { deferred } from '../../src/async.ts';
import { FileIntake } from '../../src/folder/file-intake.ts';
import type { StoredFile, StoreFilesOutput } from '../../src/folder/store-files.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { want } from '../../src/store/want.ts';
import type { WorkerPool } from '../../src/system/worker-pool.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { VaultError } from '../../src/errors.ts';
import { named } from '../helpers/log-samples.ts';
import { rejects } from '../helpers/rejects.ts';

const stat = {
  kind: 'file',
  size: 1,
  allocated: 0,
  mtimeNs: 0n,
  ctimeNs: 0n,
  bornNs: 0n,
  inode: 1n,
  device: 1n,
  mode: 0o644,
  links: 1,
} as const;
const file: StoredFile = {
  status: 'stored',
  stat,
  manifest: { size: 1, depth: 0, root: named('chunk') },
};

/** Two files of one content, each in a task of its own; the first to ask is told to bring it. */
function twins(bring: Promise<void>): {
  readonly intake: FileIntake<string>;
  readonly taken: string[];
} {
  let isPromised = false;
  const taken: string[] = [];
  const pool: Pick<WorkerPool, 'lanes' | 'run'> = {
    lanes: 2,
    run: async <I, O>(_task: string, _input: I, options?: Parameters<WorkerPool['run']>[2]) => {
      const answer = (await options?.ask?.({
        ids: named('chunk'),
        sealed: undefined,
      })) as Uint8Array;
      const isOurs = answer[0] === want.bring;
      if (isOurs) await bring;
      const output: StoreFilesOutput = {
        files: Array.from({ length: 64 }, () => file),
        sealed: isOurs ? new Uint8Array(1) : undefined,
      };
      return output as O;
    },
  };
  const intake = new FileIntake<string>({
    store: {
      pendingChunks: 0,
      stage: () => {
        isPromised = false;
        return Promise.resolve();
      },
      wanted: () => {
        const answer = Uint8Array.of(isPromised ? want.promised : want.bring);
        isPromised = true;
        return Promise.resolve(answer);
      },
      isPromised: () => isPromised,
      commit: () => Promise.resolve(),
    },
    pool: pool as WorkerPool,
    secrets: 'folder',
    idKey: secretKey(named('id key')),
    clock: new VirtualClock(),
    signal: new AbortController().signal,
    pathOf: (path) => path,
    onStored: (path) => {
      taken.push(path);
      return Promise.resolve();
    },
    onBatch: () => undefined,
  });
  return { intake, taken };
}

async function addTwins(intake: FileIntake<string>): Promise<void> {
  for (let at = 0; at < 128; at++) await intake.add(at < 64 ? 'first' : 'second');
  for (let wait = 0; wait < 20; wait++) await turn();
}

test('a file is stored once all its chunks are there, those that another task brings too', async () => {
  const bring = deferred<void>();
  const { intake, taken } = twins(bring.promise);
  await addTwins(intake);
  assert.deepEqual(taken, [], 'the content of both is still on its way');
  bring.resolve();
  await intake.settle();
  assert.deepEqual(new Set(taken), new Set(['first', 'second']));
});

test('who waits for a chunk that never comes is told', async () => {
  const bring = deferred<void>();
  const { intake, taken } = twins(bring.promise);
  await addTwins(intake);
  bring.reject(new VaultError('VAULT_IO', 'the worker died'));
  await rejects('VAULT_IO', () => intake.settle());
  await intake.abandon();
  assert.deepEqual(taken, []);
});
