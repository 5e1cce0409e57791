/** A home in memory with the folder `disk` at `/disk`, and its operations in one call each. */

import { utf8 } from '../../src/bytes.ts';
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
    for (const [name, text] of Object.entries(files)) {
      const path = `/disk/${name}`;
      this.fs.makeDirectories(path.slice(0, path.lastIndexOf('/')));
      this.fs.removeTree(path);
      const file = this.fs.open(path, { mode: 'create' });
      file.write(utf8(text), 0);
      file.close();
    }
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
    const found: [string, string][] = [];
    const walk = (directory: string, prefix: string): void => {
      for (const { name, kind } of this.fs.list(directory)) {
        const path = `${directory}/${name}`;
        if (kind === 'directory') {
          found.push([`${prefix}${name}/`, '']);
          walk(path, `${prefix}${name}/`);
        } else if (kind === 'symlink')
          found.push([prefix + name, `-> ${this.fs.readSymlink(path)}`]);
        else found.push([prefix + name, Buffer.from(this.fs.readFile(path)).toString()]);
      }
    };
    if (this.fs.statIfPresent(root) !== undefined) walk(root, '');
    return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
