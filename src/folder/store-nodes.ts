/** Worker task: manifest nodes that were made elsewhere → sealed values. */

import { valueTypes } from '../crypto/sealed-value.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { contentCodec } from './content-codec.ts';
import { Outgoing } from './outgoing.ts';

export interface StoreNodesInput {
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  readonly nodes: readonly Uint8Array[];
}

export interface StoreNodesOutput {
  /** Sealed values not yet handed over; lent, to be given back. */
  readonly sealed: Uint8Array | undefined;
}

export async function storeNodes(
  { secrets, nodes }: StoreNodesInput,
  context: TaskContext,
): Promise<StoreNodesOutput> {
  const outgoing = new Outgoing(await contentCodec(context.settings.get(secrets)), context);
  for (const node of nodes) await outgoing.add(valueTypes.node, node);
  const sealed = await outgoing.finish();
  return { sealed };
}
