/**
 * Versions → working copy: brings it to what the logs of all nodes show. What lies in it is recorded
 * first, so that no byte is overwritten that is not stored; a path that changes meanwhile is left, and
 * recorded and compared once more. Writes no versions but those of edits that slipped in.
 */

import { VaultError } from '../errors.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { probeAbilities } from '../system/file-system-abilities.ts';
import { isRootKnown } from './deletion-guard.ts';
import { hintedPlaces } from './hinted-places.ts';
import { InStepChanges, type InStepCounts } from './in-step-changes.ts';
import { compareInStep } from './in-step-walk.ts';
import { LocalNaming } from './local-naming.ts';
import type { OperationContext } from './operation.ts';
import { intoFolder, recordWorkingCopy, type RecordingOptions } from './record-working-copy.ts';
import { recoverApply } from './recover-apply.ts';
import type { Session } from './session.ts';

export interface InStepOptions {
  /** Go on where a safety rule stopped. */
  readonly yes: boolean;
  /**
   * Only these directories of the folder are brought in step, and what lies below those that come or go, where
   * nothing else can differ. They are recorded only where something is in the way.
   */
  readonly directories?: ReadonlySet<string>;
  /** See `RecordingOptions`. */
  readonly recording?: Pick<RecordingOptions, 'leaves' | 'watcher'>;
  /** Told each path, as it is in the folder, whose content has not come yet. */
  readonly onBehind?: (path: string) => void;
}

/** How often what refused to be replaced is recorded and tried again. */
const ROUNDS = 3;

/**
 * Records the working copy and brings it in step. Throws what recording throws: where its root is gone,
 * emptied or another, nothing is applied either; and `VAULT_NO_SPACE` before the disk is full. After any failure the folder is to be released.
 */
export async function bringInStep(
  session: Session,
  folder: OpenFolder,
  options: InStepOptions,
  context: OperationContext,
): Promise<InStepCounts> {
  if (folder.state.path === undefined) {
    throw new VaultError('VAULT_USAGE', `the folder ${folder.name} has no working copy here`);
  }
  const counts = { added: 0, changed: 0, removed: 0, behind: 0, skipped: 0, errors: 0 };
  await folder.renewLogIfNeeded();
  await recoverApply(session, folder, context);
  const { fileSystem, random } = session.environment;
  const root = folder.state.path;
  const naming = new LocalNaming(folder, () => probeAbilities(fileSystem, root, random));
  const { directories, onBehind } = options;
  for (let round = 1; ; round++) {
    // What was edited and not recorded refuses to be replaced: only then is it looked for where little is to come.
    if (directories === undefined || round > 1 || !isRootKnown(session, folder)) {
      const local = directories && localPaths(folder, directories);
      const places = local && { places: await hintedPlaces(session, folder, local) };
      const given = { phase: `record ${folder.name}`, yes: options.yes, ...options.recording };
      const recording = { ...given, ...places };
      await recordWorkingCopy(session, folder, intoFolder(folder), recording, context);
    }
    const isLast = round === ROUNDS;
    const changes = new InStepChanges(session, folder, context, { counts, naming, isLast });
    try {
      const { signal } = context;
      const only = directories === undefined ? {} : { directories };
      const told = onBehind === undefined ? {} : { onBehind };
      await compareInStep({ folder, signal, naming, counts, changes, ...only, ...told });
      await changes.finish();
    } finally {
      changes.close();
    }
    if (changes.refused === 0 || isLast) return counts;
  }
}

function* localPaths({ aliases }: OpenFolder, paths: Iterable<string>): Generator<string> {
  for (const path of paths) yield aliases.toLocal(path);
}
