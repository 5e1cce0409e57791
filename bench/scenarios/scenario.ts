/** Cases that share what they need: an input, and the stores the earlier ones left behind. */

import type { CaseName } from '../harness/case-names.ts';
import type { Line } from '../harness/lines.ts';
import type { Side } from '../sides/side.ts';

export interface Scenario {
  readonly cases: readonly CaseName[];
  /** Runs those of its cases that are wanted. What it writes lies in `context.scratch`. */
  readonly run: (wanted: ReadonlySet<CaseName>, context: ScenarioContext) => Promise<void>;
}

export interface ScenarioContext {
  /** An existing empty directory, removed afterwards. */
  readonly scratch: string;
  /** vault first, then the peers that are installed. */
  readonly sides: readonly Side[];
  readonly pairs: number;
  readonly scale: number;
  /** A tree as given on the command line. */
  readonly tree: string | undefined;
  readonly nextTree: string | undefined;
  readonly signal: AbortSignal;
  readonly say: (line: Line) => void;
}
