/** One finding of `doctor`, and the rules by which facts become findings. Pure. */

import type { FileSystemAbilities } from '../system/file-system-abilities.ts';
import type { PortState } from '../system/machine-facts.ts';

export interface HealthCheck {
  /** What was looked at: `watch-limits`, `symlinks`. */
  readonly name: string;
  /** `warning`: works, but not as well as it could. `problem`: something will not work. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it; null where nothing need be done. */
  readonly remedy: string | null;
  /** The directory it is about; null where it is the machine. */
  readonly path: string | null;
}

/** The port on which nodes are reached. */
export const DEFAULT_PORT = 7420;
/** Oldest Node that vault runs on. */
export const OLDEST_NODE = '20.19';

const MIB = 1024 * 1024;

export function ok(name: string, message: string, path: string | null = null): HealthCheck {
  return { name, status: 'ok', message, remedy: null, path };
}

export function warning(
  name: string,
  message: string,
  remedy: string,
  path: string | null = null,
): HealthCheck {
  return { name, status: 'warning', message, remedy, path };
}

export function problem(
  name: string,
  message: string,
  remedy: string,
  path: string | null = null,
): HealthCheck {
  return { name, status: 'problem', message, remedy, path };
}

export function checkNode(version: string, hasNativeZstd: boolean): HealthCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return problem('node', `Node ${version} is too old`, `use Node ${OLDEST_NODE} or newer`);
  }
  const zstd = hasNativeZstd ? 'its own zstd' : 'zstd as WebAssembly (Node 22.15 has a faster one)';
  return ok('node', `Node ${version} with ${zstd}`);
}

export function checkOpenFiles(limit: number | undefined): HealthCheck {
  const name = 'open-files';
  if (limit === undefined) return ok(name, 'the system tells no limit of open files');
  const message = `${amount(limit)} files may be open at once`;
  const remedy = 'raise it: ulimit -n 65536, or LimitNOFILE= of the service';
  if (limit < 512) return problem(name, `only ${message}`, remedy);
  return limit < 4096 ? warning(name, `only ${message}`, remedy) : ok(name, message);
}

export function checkWatchLimits(
  limits: { readonly directories: number; readonly watchers: number } | undefined,
): HealthCheck {
  const name = 'watch-limits';
  if (limits === undefined) return ok(name, 'the system limits no watching of directories');
  const { directories, watchers } = limits;
  const message = `${amount(directories)} directories and ${amount(watchers)} watchers for all programs of this user`;
  const missing = [
    ...(directories < 65_536 ? ['fs.inotify.max_user_watches=524288'] : []),
    ...(watchers < 64 ? ['fs.inotify.max_user_instances=512'] : []),
  ];
  if (missing.length === 0) return ok(name, message);
  const remedy = `a larger working copy is not watched whole: put ${missing.join(' and ')} into /etc/sysctl.d/vault.conf, then run sysctl --system`;
  return warning(name, `only ${message}`, remedy);
}

export function checkPort(port: number, state: PortState): HealthCheck {
  if (state === 'free') return ok('port', `TCP port ${port} is free`);
  return state === 'taken'
    ? warning(
        'port',
        `TCP port ${port} is taken`,
        'fine if it is vault that listens there; else end the other program, or choose another port',
      )
    : warning(
        'port',
        `listening on TCP port ${port} is not permitted`,
        'permit it to this user, or choose a port above 1023',
      );
}

/**
 * The clock against times that cannot be later: `newestMs` of files in the home, `fileTimeMs` of a file
 * made just now. Undefined where there is none.
 */
export function checkClock(
  nowMs: number,
  newestMs: number | undefined,
  fileTimeMs: number | undefined,
): HealthCheck {
  const shown = new Date(nowMs).toISOString();
  const remedy = 'set the clock, and let the system keep it (NTP)';
  if (nowMs < Date.UTC(2025, 0, 1) || nowMs > Date.UTC(2100, 0, 1)) {
    return problem('clock', `the clock says ${shown}`, remedy);
  }
  if (newestMs !== undefined && newestMs > nowMs + 60_000) {
    const newest = new Date(newestMs).toISOString();
    return warning('clock', `the clock says ${shown}; the home was changed at ${newest}`, remedy);
  }
  const apart = fileTimeMs === undefined ? 0 : Math.abs(fileTimeMs - nowMs) / 1000;
  if (apart > 60) {
    const message = `the clock is ${amount(Math.round(apart))} s off that of the home's file system`;
    return warning('clock', message, 'set both machines by the same source (NTP)');
  }
  return ok('clock', `the clock says ${shown}`);
}

export function checkSpace(freeBytes: number, path: string, isHome: boolean): HealthCheck {
  const message = `${amount(Math.floor(freeBytes / MIB))} MiB free`;
  const remedy = 'make room, or move it to a larger disk';
  if (isHome && freeBytes < 64 * MIB) return problem('space', `only ${message}`, remedy, path);
  return freeBytes < 1024 * MIB
    ? warning('space', `only ${message}`, remedy, path)
    : ok('space', message, path);
}

/** What matters in a working copy; a home works on anything that is private. */
export function checkAbilities(abilities: FileSystemAbilities, path: string): HealthCheck[] {
  const move = 'keep the folder on a file system that has them, such as ext4, xfs, APFS or NTFS';
  const judge = (
    name: string,
    isGood: boolean,
    good: string,
    bad: string,
    remedy: string,
  ): HealthCheck => (isGood ? ok(name, good, path) : warning(name, bad, remedy, path));
  const step = abilities.timeStepNs;
  return [
    judge(
      'case',
      abilities.isCaseSensitive,
      'names may differ in case only',
      'names that differ only in case are one file here',
      'do not use such names, in this folder and on other machines that share it',
    ),
    judge(
      'unicode',
      abilities.unicode === 'kept',
      'names are kept as they are written',
      abilities.unicode === 'folded'
        ? 'the Unicode forms of a name (é as one character or two) are one file here'
        : 'names are changed into another Unicode form',
      'do not use two forms of one name in this folder',
    ),
    judge(
      'any-name',
      abilities.takesAnyName,
      'names may be any bytes',
      'names that are not UTF-8 are refused here',
      'rename such files on the machine that has them; until then a restore reports them',
    ),
    judge('symlinks', abilities.hasSymlinks, 'symlinks can be made', 'no symlinks here', move),
    judge(
      'hard-links',
      abilities.hasHardLinks,
      'hard links can be made',
      'no hard links here',
      move,
    ),
    judge(
      'sparse-files',
      abilities.hasSparseFiles,
      'files can be sparse',
      'no sparse files: runs of zeros take real space',
      move,
    ),
    judge(
      'executable-bit',
      abilities.keepsExecutableBit,
      'the executable bit is kept',
      'the executable bit is not kept here',
      'mount it with permissions, or set the bit on another machine',
    ),
    judge(
      'time-step',
      step < 1_000_000_000,
      `times to ${step < 1_000_000 ? 'a microsecond or less' : 'a millisecond'}`,
      `times are kept to ${step / 1_000_000_000} s: files are read again more often`,
      'nothing is lost by it; a file system with finer times is faster',
    ),
  ];
}

function amount(value: number): string {
  return value === Infinity ? 'any number of' : value.toLocaleString('en-US');
}
