// Installs the locked packages (`npm ci --ignore-scripts`) where node_modules is missing or differs
// from package-lock.json. Nothing is fetched, and nothing printed, where all is in place.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`vault: error: Node 20.19 or newer is needed, this is ${process.versions.node}`);
  process.exit(1);
}

/** The packages an npm lock file lists: path below the root → entry. */
function packagesOf(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

const wanted = packagesOf('package-lock.json');
const present = packagesOf('node_modules/.package-lock.json');
const stale = Object.keys(wanted).some((path) => {
  if (path === '') return false;
  const entry = wanted[path];
  if (present[path] === undefined) return entry.optional !== true; // optional: other platforms
  return present[path].version !== entry.version || !existsSync(join(root, path));
});
if (stale) {
  console.error('installing packages: npm ci --ignore-scripts');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status, error } = spawnSync(
    npm,
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' },
  );
  if (error) console.error(`vault: error: cannot run npm: ${error.message}`);
  process.exit(status ?? 1);
}
