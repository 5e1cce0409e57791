/**
 * The main job, the lines of every command, and restores, once more: through a daemon. All other
 * tests that run commands do so with `VAULT_TEST_THROUGH=daemon`.
 */

process.env['VAULT_TEST_THROUGH'] = 'daemon';

await import('./main-job.test.ts');
await import('./json.test.ts');
await import('./restore.test.ts');
