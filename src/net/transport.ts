/**
 * Connections between nodes: ordered, reliable channels of frames. What is said over one, and to whom, is
 * not the transport's business.
 */

/** Who sends is told when what waits has come down to this, in bytes. */
export const LOW_WATER_BYTES = 64 * 1024;

/** What happens on a connection. Nothing is called after `closed`. */
export interface ConnectionEvents {
  /** A frame arrived: whole, and in the order in which it was sent. */
  frame(bytes: Uint8Array): void;
  /** `bufferedBytes` came down to {@link LOW_WATER_BYTES} or below. */
  drained(): void;
  /** The connection is over: `ended` by either side, or `lost` on the way. Called once. */
  closed(how: 'ended' | 'lost'): void;
}

export interface Connection {
  /** Bytes that were handed over and have not left. */
  readonly bufferedBytes: number;
  /**
   * Sends a frame. It may be lost with its connection, never alone. Throws `RangeError` for an empty one and
   * above `MAX_FRAME_BYTES`, `VAULT_CLOSED` once the connection is over or {@link close} was called.
   */
  send(frame: Uint8Array): void;
  /** Ends the connection: what was sent before still arrives. May be called again. */
  close(): void;
}

/** Called with each new connection; answers who is told what happens on it. */
export type Begin<C extends Connection = Connection> = (connection: C) => ConnectionEvents;

export interface Listener {
  /** Where others reach it. */
  readonly address: string;
  /** Takes no more connections; those there are go on. */
  close(): Promise<void>;
}

export interface Transport<C extends Connection = Connection> {
  /** Resolves when `begin` was called. Throws `VAULT_NO_PEER` where nobody answers. */
  dial(address: string, begin: Begin<C>): Promise<void>;
  /** Takes connections to an address. Throws `VAULT_EXISTS` where somebody else does. */
  listen(address: string, begin: Begin<C>): Promise<Listener>;
}
