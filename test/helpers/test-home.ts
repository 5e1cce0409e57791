/** A home opened inside the test, with what an operation tells. */

import type { Environment } from '../../src/home/environment.ts';
import type { VaultApi } from '../../src/operations/api.ts';
import type { Item, OperationContext } from '../../src/operations/operation.ts';
import { initHome, openVault } from '../../src/vault.ts';

/** An operation's context that keeps what it is told. */
export interface TestContextOf extends OperationContext {
  readonly items: Item[];
  readonly warnings: string[];
}

/** Nobody is there to ask, unless `answer` is given. */
export function operationContext(
  options: { readonly signal?: AbortSignal; readonly answer?: boolean } = {},
): TestContextOf {
  const items: Item[] = [];
  const warnings: string[] = [];
  return {
    items,
    warnings,
    signal: options.signal ?? new AbortController().signal,
    emit(event) {
      if (event.type === 'item') items.push(event.item);
      if (event.type === 'warning') warnings.push(`${event.path ?? ''}: ${event.message}`);
    },
    confirm: () => Promise.resolve(options.answer),
  };
}

/** Makes a home at `home` that its device key opens. */
export async function makeHome(environment: Environment, home: string): Promise<void> {
  await initHome({ home, deviceKey: true }, environment);
}

/** Opens the home with its device key, does `work`, and closes it. */
export async function inVault<T>(
  environment: Environment,
  home: string,
  work: (vault: VaultApi) => Promise<T>,
): Promise<T> {
  const vault = await openVault(
    {
      home,
      secret: () => Promise.resolve(undefined),
      waitLockMs: 0,
      signal: new AbortController().signal,
    },
    environment,
  );
  try {
    return await work(vault);
  } finally {
    await vault.close();
  }
}
