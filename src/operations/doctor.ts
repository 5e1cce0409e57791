/** `doctor`: what of this machine vault will stumble over. Works without a home, and without opening it. */

import { dirname } from 'node:path';
import { isVaultError, systemCode, type VaultError } from '../errors.ts';
import { nativeZstd } from '../crypto/zstd.ts';
import type { Environment } from '../home/environment.ts';
import { FolderSet } from '../home/folder-set.ts';
import { Home } from '../home/home.ts';
import { homeLayout, type HomeLayout } from '../home/home-layout.ts';
import { readHomeMarker } from '../home/home-marker.ts';
import { Reserve, type ReserveStatus } from '../store/reserve.ts';
import { probeAbilities, type FileSystemAbilities } from '../system/file-system-abilities.ts';
import type { MachineFacts } from '../system/machine-facts.ts';
import type { OperationContext } from './operation.ts';
import type { DoctorOptions, DoctorResult } from './home-options.ts';
import {
  checkAbilities,
  checkClock,
  checkNode,
  checkOpenFiles,
  checkPort,
  checkSpace,
  checkWatchLimits,
  DEFAULT_PORT,
  ok,
  problem,
  warning,
  type HealthCheck,
} from './health-check.ts';

const countOf = { ok: 'ok', warning: 'warnings', problem: 'problems' } as const;

/**
 * Emits an item of type `check` for each finding. Nothing is asked and nothing changed, but that a
 * temporary directory comes and goes in the home and in each working copy. Throws `VAULT_KEY_WRONG`
 * for a wrong secret; whatever else is wrong with the home is a finding.
 */
export async function doctor(
  environment: Environment,
  machine: MachineFacts,
  options: DoctorOptions,
  context: OperationContext,
): Promise<DoctorResult> {
  const counts = { ok: 0, warnings: 0, problems: 0 };
  const tell = (check: HealthCheck): void => {
    counts[countOf[check.status]]++;
    context.emit({ type: 'item', item: { type: 'check', ...check } });
  };
  tell(checkNode(machine.nodeVersion, nativeZstd() !== undefined));
  tell(checkOpenFiles(machine.openFileLimit()));
  tell(checkWatchLimits(machine.watchLimits()));
  tell(checkPort(DEFAULT_PORT, await machine.port(DEFAULT_PORT)));
  const look = new Look(environment, homeLayout(options.home), tell);
  look.place(nearestDirectory(environment, options.home), true);
  if (look.findHome()) await look.openHome(options, context.signal);
  else tell(checkClock(environment.clock.wallMs(), undefined, look.fileTimeMs));
  return counts;
}

class Look {
  /** The modification time of a file made just now at the home; undefined where none can be made. */
  fileTimeMs: number | undefined;
  readonly #environment: Environment;
  readonly #layout: HomeLayout;
  readonly #tell: (check: HealthCheck) => void;

  constructor(environment: Environment, layout: HomeLayout, tell: (check: HealthCheck) => void) {
    this.#environment = environment;
    this.#layout = layout;
    this.#tell = tell;
  }

  /** The disk and file system below a directory that is there. */
  place(path: string, isHome: boolean): void {
    const { fileSystem, random } = this.#environment;
    let abilities: FileSystemAbilities;
    try {
      this.#tell(checkSpace(fileSystem.freeBytes(path), path, isHome));
      abilities = probeAbilities(fileSystem, path, random);
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      const remedy = isHome
        ? 'let this user write there, or choose another home with --home'
        : 'let this user write there; without that it can be snapshotted, and nothing restored into it';
      const report = isHome ? problem : warning;
      this.#tell(report('writable', `it cannot be written: ${code}`, remedy, path));
      return;
    }
    this.#tell(ok('writable', 'it can be written', path));
    if (isHome) this.fileTimeMs = abilities.fileTimeMs;
    for (const check of checkAbilities(abilities, path)) {
      // A home holds files of vault's own making only, which need none of it.
      this.#tell(isHome ? { ...check, status: 'ok', remedy: null } : check);
    }
  }

  /** Whether there is a home that this vault can open. */
  findHome(): boolean {
    const { root, marker } = this.#layout;
    try {
      if (readHomeMarker(this.#environment.fileSystem, marker) !== undefined) return true;
      this.#tell(warning('home', 'there is no home yet', 'make one: vault init', root));
    } catch (error) {
      if (!isVaultError(error)) throw error;
      this.#tell(failure('home', error, root));
    }
    return false;
  }

  async openHome(options: DoctorOptions, signal: AbortSignal): Promise<void> {
    const { fileSystem, clock } = this.#environment;
    const { root, deviceKey } = this.#layout;
    const hasKey = fileSystem.statIfPresent(deviceKey) !== undefined;
    this.#tell(checkClock(clock.wallMs(), this.#newestMs(), this.fileTimeMs));
    this.#checkPrivate();
    if (hasKey) {
      const message = 'the device key lies inside the home: whoever has this disk can open it';
      const remedy = 'keep it on another disk, or use a passphrase, where that matters';
      this.#tell(warning('device-key', message, remedy, deviceKey));
    }
    if (options.secret === undefined && !hasKey) {
      this.#tell(ok('home', 'there is a home; it was not opened', root));
      this.#checkReserve(new Reserve(fileSystem, this.#layout.reserve).status());
      const message =
        'the working copies were not looked at: only an open home tells where they are';
      const remedy = 'give --passphrase-file, --passphrase-command or VAULT_PASSPHRASE';
      this.#tell(warning('working-copies', message, remedy, root));
      return;
    }
    const lock = { waitMs: options.waitLockMs, signal };
    const secret = (): Promise<DoctorOptions['secret']> => Promise.resolve(options.secret);
    let home: Home;
    try {
      home = await Home.open(this.#environment, root, secret, lock);
    } catch (error) {
      if (!isVaultError(error) || error.code === 'VAULT_KEY_WRONG') throw error;
      if (error.code === 'VAULT_INTERRUPTED') throw error;
      this.#tell(failure('home', error, root));
      return;
    }
    try {
      this.#tell(ok('home', 'the home opens', root));
      this.#checkReserve(home.reserve.status());
      this.#lookAtFolders(new FolderSet(this.#environment, home));
    } finally {
      await home.close();
    }
  }

  #lookAtFolders(folders: FolderSet): void {
    const { fileSystem } = this.#environment;
    const { root } = this.#layout;
    const listed = folders.list();
    for (const name of listed.unreadable) {
      const message = `the folder kept in ${name} cannot be read`;
      this.#tell(problem('folder', message, 'vault verify tells what is damaged', root));
    }
    for (const { state } of listed.folders) {
      if (state.path === undefined) continue;
      if (fileSystem.statIfPresent(state.path)?.kind === 'directory') {
        this.place(state.path, false);
        continue;
      }
      const message = `the working copy of ${state.name} is not there`;
      const remedy = 'mount its drive; nothing is recorded as deleted meanwhile';
      this.#tell(problem('working-copy', message, remedy, state.path));
    }
  }

  #checkReserve({ bytes, whole }: ReserveStatus): void {
    const path = this.#layout.reserve;
    const shown = `${bytes.toLocaleString('en-US')} bytes are kept back for a full disk`;
    const remedy = 'make room; the next command that ends in order puts it by again';
    this.#tell(
      whole ? ok('reserve', shown, path) : warning('reserve', `only ${shown}`, remedy, path),
    );
  }

  #checkPrivate(): void {
    const { root } = this.#layout;
    const { mode } = this.#environment.fileSystem.stat(root);
    if ((mode & 0o077) === 0) this.#tell(ok('private', 'only this user can look into it', root));
    else {
      const message = `others on this machine can look into it (mode ${mode.toString(8)})`;
      this.#tell(warning('private', message, `chmod 700 ${root}`, root));
    }
  }

  #newestMs(): number | undefined {
    const { fileSystem } = this.#environment;
    const { root } = this.#layout;
    const times = fileSystem
      .list(root)
      .flatMap(({ name }) => fileSystem.statIfPresent(`${root}/${name}`) ?? [])
      .map(({ mtimeNs }) => Number(mtimeNs / 1_000_000n));
    return times.length === 0 ? undefined : Math.max(...times);
  }
}

function failure(name: string, error: VaultError, path: string): HealthCheck {
  const report = error.code === 'VAULT_LOCKED' ? warning : problem;
  const remedy = error.hint ?? 'docs/errors.md explains it';
  return report(name, `${error.message} (${error.code})`, remedy, path);
}

/** The path itself, or the nearest directory above it: where it would be made. */
function nearestDirectory({ fileSystem }: Environment, path: string): string {
  for (let at = path; ; at = dirname(at)) {
    const kind = fileSystem.statIfPresent(at)?.kind;
    if (kind === 'directory' || at === dirname(at)) return at;
  }
}
