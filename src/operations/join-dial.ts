/** How a join dials: through the node's own door, whether it is online in this process or not. */

import { MAX_FRAME_BYTES, MAX_UNKNOWN_MS } from '../limits.ts';
import { Door } from '../net/door.ts';
import { Gate } from '../net/gate.ts';
import type { DialAs } from '../net/join-call.ts';
import { NetworkUse } from '../net/network-use.ts';
import { LOW_WATER_BYTES } from '../net/transport.ts';
import { DurableGateMemory } from './gate-memory.ts';
import type { Session } from './session.ts';

/** What a sealed message is longer by than what it says. */
const SEAL_BYTES = 17;
/** How long a goodbye may take to be heard. */
const GOODBYE_MS = 3000;

/** The network of this machine with the limits of the protocol. */
export async function openNodeNetwork({ environment }: Session): Promise<NetworkUse> {
  const network = await environment.openNetwork({
    maxMessageBytes: MAX_FRAME_BYTES + SEAL_BYTES,
    lowWaterBytes: LOW_WATER_BYTES,
    patienceMs: MAX_UNKNOWN_MS,
  });
  return new NetworkUse(network);
}

/** Does `work` with a door that only dials, and closes it: what was said last may still leave. */
export async function withDialing<T>(
  session: Session,
  work: (dial: DialAs) => Promise<T>,
): Promise<T> {
  const { environment, home } = session;
  const { clock, random } = environment;
  const network = await openNodeNetwork(session);
  const nobody = { isWelcome: () => false, openInvite: () => undefined };
  const door = new Door({
    network,
    clock,
    party: { sodium: home.sodium, random, own: home.identity },
    run: random.bytes(16),
    keeper: new Gate(clock, nobody, new DurableGateMemory(session)),
    // Nobody is let in.
    failed: () => undefined,
  });
  try {
    return await work((address, callee, begin) => door.dial(address, callee, begin));
  } finally {
    let stopTimer = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      stopTimer = clock.timer(GOODBYE_MS, resolve);
    });
    await Promise.race([network.idle(), late]);
    stopTimer();
    await network.cut();
  }
}
