/** Daemons in memory, for commands. */

import type { ReachedDaemon, ServingDaemon } from '../../src/cli/context.ts';
import { RECOVERY_CODE } from './fake-context.ts';
import type { FakeVault } from './fake-vault.ts';

export interface FakeDaemon extends ReachedDaemon {
  readonly calls: string[];
}

/** One that has `vault`, or opens it with the passphrase `right` where `isLocked`. */
export function fakeDaemon(vault: FakeVault, isLocked = false): FakeDaemon {
  const calls: string[] = [];
  return {
    calls,
    isLocked,
    isRecoveryCode: (text) => text === RECOVERY_CODE,
    open(options) {
      calls.push('open');
      const { secret } = options;
      return vault.openVault({
        ...options,
        home: '/home',
        waitLockMs: 0,
        secret: async ({ deviceKey }) =>
          (await secret({ deviceKey: !isLocked || deviceKey })) ??
          (isLocked ? undefined : { kind: 'passphrase', passphrase: 'right' }),
      });
    },
    events(context) {
      const time = '2026-01-31T10:20:30.123Z';
      const peer = { node: 'ab', name: 'laptop', connected: true };
      for (const item of [{ type: 'listening' }, { type: 'peer', time, ...peer }]) {
        context.emit({ type: 'item', item });
      }
      return Promise.resolve();
    },
    stop() {
      calls.push('stop');
      return Promise.resolve();
    },
    close: () => void calls.push('close'),
  };
}

/** One that is asked to end at once. */
export const servingDaemon: ServingDaemon = {
  isLocked: false,
  address: '127.0.0.1:7420',
  reload: () => Promise.resolve(),
  stopAsked: Promise.resolve(),
  close: () => Promise.resolve(),
};
