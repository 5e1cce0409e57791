/** `vault up`: everything that a new user needs, each step only where it is not done yet. */

import type { FolderAddResult } from '../../operations/folder-options.ts';
import type { InitResult } from '../../operations/home-options.ts';
import type { OperationContext } from '../../operations/operation.ts';
import type { CommandDefinition, CommandResult } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { listenOption, noWatchOption } from '../shared-options.ts';
import { count } from '../units.ts';
import { printNewHome } from './init.ts';
import { snapshotSentence } from './snapshot.ts';
import { ensureDaemon } from './start-stop.ts';

export const upCommand: CommandDefinition = {
  name: 'up',
  heavy: true,
  group: 'Start',
  summary: 'begin: a home, a directory under vault, its first snapshot, and the daemon',
  details: [
    'Does what is not done yet of: vault init, vault folder add, vault snapshot, vault start. Where all of it is, it says so and changes nothing. One that was cut short is done by running it again.',
    'A new home takes its passphrase from the usual sources, else it is asked for twice. Where there is neither a source nor a terminal, a device key file inside the home opens it: anyone with the disk can then open it too. The recovery code is shown once, as soon as there is a home; where you did not get to see it, vault key recovery-code makes another.',
    'A directory that folder add refuses is refused here, before a home is made. A folder that has a snapshot gets no other: take one with vault snapshot.',
  ],
  positionals: [{ name: 'PATH', doc: 'the directory (default: here)' }],
  options: [
    {
      name: 'name',
      type: 'text',
      value: 'N',
      doc: "what a new folder is called (default: the directory's name)",
    },
    listenOption,
    noWatchOption,
  ],
  run: runUp,
};

async function runUp(invocation: Invocation): Promise<CommandResult> {
  const { globals, given, output, signal } = invocation;
  const path = invocation.path(given.words[0] ?? '.');
  const made = await madeHome(invocation, path);
  const { folder, errors, damaged, ...kept } = await keptFolder(invocation, path);
  // A daemon goes on when this command has ended: none is begun after an interrupt.
  signal.throwIfAborted();
  const daemon = await ensureDaemon(invocation);
  output.hint(`next, for another machine to have it too: vault invite ${folder.name}`);
  output.hint('whether all is well: vault status');
  return {
    summary: {
      home: globals.home,
      created: made !== undefined,
      recoveryCode: made?.recoveryCode ?? null,
      deviceKey: made?.deviceKey ?? null,
      folder: folder.folder,
      name: folder.name,
      path: folder.path ?? path,
      added: !folder.known,
      ...kept,
      errors,
      ...daemon,
    },
    exits: [damaged > 0 ? 22 : 0, errors > 0 ? 3 : 0],
  };
}

/** The home, where it had to be made; its recovery code is out before anything else is tried. */
async function madeHome(invocation: Invocation, folder: string): Promise<InitResult | undefined> {
  const { globals, output } = invocation;
  const { home } = globals;
  const running = await invocation.findDaemon();
  if (running !== undefined) {
    running.close();
    return undefined;
  }
  const module = await invocation.load();
  if (module.hasHome({ home, folder })) return undefined;
  const passphrase = await invocation.newPassphrase(module, globals.secretSource);
  const made = await module.initHome({
    home,
    ...(passphrase === undefined ? { deviceKey: true } : { passphrase }),
  });
  if (passphrase !== undefined) invocation.opensWith(passphrase);
  printNewHome(output, made, true);
  output.print('');
  output.printJson({ type: 'home', ...made });
  output.flush();
  return made;
}

interface KeptFolder {
  readonly folder: FolderAddResult;
  /** Taken now; null where there was one before. */
  readonly snapshot: string | null;
  /** How many there are, and of how many it cannot be told any more what they are. */
  readonly snapshots: number;
  readonly damaged: number;
  /** Sources that could not be read. */
  readonly errors: number;
}

/** The folder, and its first snapshot where it had none. */
async function keptFolder(invocation: Invocation, path: string): Promise<KeptFolder> {
  const { context, globals, given, output } = invocation;
  const name = given.text('name');
  const operation = invocation.operation((item) => {
    output.sum(snapshotSentence(item, output));
  });
  return invocation.withVault(async (vault) => {
    const folder = await vault.folderAdd(
      { path, orKnown: true, ...(name === undefined ? {} : { name }) },
      operation,
    );
    const said = { name: output.name(folder.name), path: output.name(folder.path ?? path) };
    output.sum(
      folder.known
        ? `${said.path} is the folder ${said.name}`
        : `added folder ${said.name} at ${said.path}`,
    );
    const chosen = { folders: [folder.folder] };
    const before = await vault.snapshots({ ...chosen, cwd: context.cwd }, withoutItems(operation));
    if (before.snapshots > 0) {
      output.sum(`${said.name} has ${count(before.snapshots, 'snapshot')}`);
      return { folder, snapshot: null, errors: 0, ...before };
    }
    const { snapshot, errors } = await vault.snapshot(
      { ...chosen, ...(globals.yes ? { yes: true } : {}) },
      operation,
    );
    if (errors > 0)
      output.warning(`${count(errors, 'source')} could not be read whole; the rest is kept`);
    return { folder, snapshot, errors, ...before, snapshots: 1 };
  });
}

function withoutItems(context: OperationContext): OperationContext {
  return {
    ...context,
    emit: (event) => {
      if (event.type !== 'item') context.emit(event);
    },
  };
}
