import { projectPath } from './project.ts';

/** The program that tests run: that of this checkout, or another build. */
export function mainOfVault(): string {
  return process.env['VAULT_TEST_MAIN'] ?? projectPath('build/src/cli/main.js');
}
