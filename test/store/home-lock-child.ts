import { systemClock } from '../../src/clock.ts';
import { HomeLock } from '../../src/store/home-lock.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';

/** Holds the lock in the directory given until it is killed or its input ends. */
const [path = ''] = process.argv.slice(2);
const lock = await HomeLock.acquire(realFileSystem(), path, { clock: systemClock });
process.stdout.write('held\n');
process.stdin.resume();
process.stdin.on('end', () => void lock.close());
