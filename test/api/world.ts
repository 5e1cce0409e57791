/** A daemon inside the test, on a home of its own, and commands that reach it over a real socket. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Daemon, type DaemonOptions } from '../../src/api/daemon.ts';
import { RunningDaemon } from '../../src/api/running-daemon.ts';
import type { VaultApi } from '../../src/operations/api.ts';
import type { Secret } from '../../src/operations/home-options.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { initHome } from '../../src/vault.ts';
import { realEnvironment, type TestEnvironment } from '../helpers/test-environment.ts';

export interface DaemonWorld {
  readonly environment: TestEnvironment;
  readonly home: string;
  /** A directory beside the home. */
  readonly work: string;
  /** What daemons wrote to their log. */
  readonly log: string[];
  start(options?: Partial<DaemonOptions>): Promise<Daemon>;
  reach(home?: string): Promise<RunningDaemon | undefined>;
  /** The home as the daemon has it; for one that is locked, opened with `secret`. */
  open(secret?: Secret): Promise<VaultApi>;
}

export interface DaemonWorldOptions {
  readonly passphrase?: string;
  readonly deviceKey?: boolean;
}

export async function daemonWorld(
  t: TestContext,
  { passphrase, deviceKey = true }: DaemonWorldOptions = {},
  seed = 'daemon',
): Promise<DaemonWorld> {
  const daemons: Daemon[] = [];
  // Before the home is removed.
  t.after(() => Promise.all(daemons.map((daemon) => daemon.close())));
  const environment = realEnvironment(t, seed);
  const { directory, clock, random } = environment;
  const home = join(directory, 'home');
  const work = join(directory, 'work');
  const temporaryDirectory = join(directory, 'tmp');
  mkdirSync(work);
  mkdirSync(temporaryDirectory);
  const given = passphrase === undefined ? {} : { passphrase };
  await initHome({ home, deviceKey, ...given }, environment);
  const log: string[] = [];
  const fileSystem = realFileSystem();
  const reach = async (at = home): Promise<RunningDaemon | undefined> => {
    const daemon = await RunningDaemon.reach(at, { fileSystem, clock, random, program: 'test' });
    t.after(() => daemon?.close());
    return daemon;
  };
  const { signal } = new AbortController();
  return {
    environment,
    home,
    work,
    log,
    reach,
    async start(options = {}) {
      const daemon = await Daemon.start(
        {
          home,
          waitLockMs: 0,
          signal,
          secret: undefined,
          places: { platform: process.platform, runtimeDirectory: undefined, temporaryDirectory },
          program: 'test',
          listen: 'off',
          watch: false,
          log: { write: (text) => void log.push(text) },
          ...options,
        },
        environment,
      );
      daemons.push(daemon);
      return daemon;
    },
    async open(secret) {
      const daemon = await reach();
      if (daemon === undefined) throw new Error('no daemon is there');
      return daemon.open({ secret: () => Promise.resolve(secret), signal });
    },
  };
}
