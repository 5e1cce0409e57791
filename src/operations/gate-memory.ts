/** The memory of handshakes in the home's file: what is asked to be kept at one time is written at once. */

import { isVaultError } from '../errors.ts';
import { readGate, writeGate, type GateState } from '../home/gate-file.ts';
import { MAX_GATE_KEYS } from '../limits.ts';
import type { GateMemory } from '../net/gate.ts';
import { ReplayWindow } from '../net/replay-window.ts';
import { mendTwinIfPossible } from '../store/twin-file.ts';
import type { Session } from './session.ts';

export class DurableGateMemory implements GateMemory {
  readonly heard: ReadonlyMap<string, ReplayWindow>;
  readonly sent: ReadonlyMap<string, number>;
  readonly #session: Session;
  readonly #heard: Map<string, Uint8Array>;
  readonly #sent: Map<string, number>;
  #floorUs: number;
  #writing: Promise<void> | undefined;

  /** Reads the home's file, and mends a copy of it. Throws `VAULT_FORMAT_UNSUPPORTED`, `VAULT_IO`. */
  constructor(session: Session) {
    const { floorUs, heard, sent } = readState(session);
    this.#session = session;
    this.#floorUs = floorUs;
    this.#heard = new Map(heard);
    this.#sent = new Map(sent);
    this.sent = sent;
    this.heard = new Map([...heard].map(([key, bytes]) => [key, ReplayWindow.decode(bytes)]));
  }

  readonly floorUs = (): number => this.#floorUs;

  saveHeard(key: string, window: Uint8Array): Promise<void> {
    this.#heard.delete(key);
    this.#heard.set(key, window);
    while (this.#heard.size > MAX_GATE_KEYS) {
      const [oldest] = this.#heard;
      if (oldest === undefined) break;
      // Who is not listed any more may come in again, with nothing that was said before.
      this.#floorUs = Math.max(this.#floorUs, ReplayWindow.decode(oldest[1]).floorUs);
      this.#heard.delete(oldest[0]);
    }
    return this.#save();
  }

  saveSent(key: string, sentUs: number): Promise<void> {
    this.#sent.delete(key);
    this.#sent.set(key, sentUs);
    while (this.#sent.size > MAX_GATE_KEYS) {
      const [oldest] = this.#sent.keys();
      if (oldest !== undefined) this.#sent.delete(oldest);
    }
    return this.#save();
  }

  /** All that is asked for until the write begins goes into one. */
  #save(): Promise<void> {
    this.#writing ??= Promise.resolve().then(() => {
      this.#writing = undefined;
      const { environment, home } = this.#session;
      const { fileSystem, random } = environment;
      const state = { floorUs: this.#floorUs, heard: this.#heard, sent: this.#sent };
      writeGate(fileSystem, home.layout.gate, home.keys.homeKey, random, state);
    });
    return this.#writing;
  }
}

/** Where the file is lost nothing that was said until now is taken for new. */
function readState({ environment, home }: Session): GateState {
  const { fileSystem, clock } = environment;
  try {
    mendTwinIfPossible(fileSystem, home.layout.gate);
    const state = readGate(fileSystem, home.layout.gate, home.keys.homeKey);
    for (const bytes of state.heard.values()) ReplayWindow.decode(bytes);
    return state;
  } catch (error) {
    if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    const floorUs = Math.floor(clock.wallMs() * 1000);
    return { floorUs, heard: new Map(), sent: new Map() };
  }
}
