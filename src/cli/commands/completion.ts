/** `vault completion`: a script that makes a shell complete vault's commands, options and folders. */

import { bashCompletion } from '../completion-bash.ts';
import { fishCompletion } from '../completion-fish.ts';
import { completionModel, type CompletionModel } from '../completion-model.ts';
import { zshCompletion } from '../completion-zsh.ts';
import type { CommandDefinition } from '../definition.ts';
import { parseChoice } from '../values.ts';

const shells: Readonly<Record<string, (model: CompletionModel) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `all` gives every built-in command, this one included. */
export function completionCommand(all: () => readonly CommandDefinition[]): CommandDefinition {
  const names = Object.keys(shells);
  return {
    name: 'completion',
    group: 'Further',
    summary: 'print a script that makes a shell complete vault commands',
    details: [
      'bash: vault completion bash >~/.local/share/bash-completion/completions/vault',
      'zsh: vault completion zsh >_vault in a directory of fpath, before compinit runs',
      'fish: vault completion fish >~/.config/fish/completions/vault.fish',
      'Names of folders are completed where the home opens by its device key or VAULT_PASSPHRASE; nothing is ever asked.',
    ],
    positionals: [{ name: 'SHELL', required: true, choices: names, doc: 'the shell' }],
    options: [],
    json: false,
    onlyPrints: true,
    run({ given, output }) {
      const shell = parseChoice(given.words[0] ?? '', names, 'SHELL');
      output.print(shells[shell]?.(completionModel(all())) ?? '');
      return Promise.resolve({ summary: {} });
    },
  };
}
