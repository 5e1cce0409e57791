/** A home in memory with the folder `disk` at `/disk`, and its operations in one call each. */

import type { Environment } from '../../src/home/environment.ts';
import type { VaultApi } from '../../src/operations/api.ts';
import type { RestoreOptions, RestoreResult } from '../../src/operations/change-options.ts';
import type { SnapshotOptions, SnapshotResult } from '../../src/operations/whole-folder-options.ts';
import {
  memoryEnvironment,
  type MemoryEnvironment,
  type MemoryEnvironmentOptions,
} from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext, type TestContextOf } from '../helpers/test-home.ts';
import { putTexts, textTree } from '../helpers/text-tree.ts';

export class World {
  readonly environment: MemoryEnvironment;
  /** What the home is opened with: the environment, or one that wraps it. */
  world: Environment;

  private constructor(environment: MemoryEnvironment) {
    this.environment = environment;
    this.world = environment;
  }

  static async make(options: MemoryEnvironmentOptions = {}): Promise<World> {
    const world = new World(memoryEnvironment(options));
    world.fs.makeDirectories('/disk');
    await makeHome(world.environment, '/home');
    await world.in((vault) => vault.folderAdd({ path: '/disk' }, operationContext()));
    return world;
  }

  get fs(): MemoryEnvironment['fileSystem'] {
    return this.environment.fileSystem;
  }

  in<T>(work: (vault: VaultApi) => Promise<T>): Promise<T> {
    return inVault(this.world, '/home', work);
  }

  /** Writes files of these texts below `/disk`, a minute later. */
  put(files: Readonly<Record<string, string>>): void {
    this.environment.clock.advance(60_000);
    putTexts(this.fs, '/disk', files);
  }

  /** A snapshot a minute later, so that nothing is racy. */
  snapshot(
    options: Partial<SnapshotOptions> = {},
    context: TestContextOf = operationContext(),
  ): Promise<SnapshotResult> {
    this.environment.clock.advance(60_000);
    return this.in((vault) => vault.snapshot({ folders: [], ...options }, context));
  }

  restore(
    options: Partial<RestoreOptions> = {},
    context: TestContextOf = operationContext(),
  ): Promise<RestoreResult> {
    const all = { folder: 'disk', paths: [], cwd: '/', to: '/out', ...options };
    return this.in((vault) => vault.restore(all, context));
  }

  /** Every path below a directory, with the text of files. */
  tree(root: string): Record<string, string> {
    return textTree(this.fs, root);
  }
}
