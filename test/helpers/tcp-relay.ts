import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface TcpRelay {
  /** `host:port` that leads where the relay leads. */
  readonly address: string;
  /** Breaks every connection on the way. */
  breakAll(): void;
}

/** A way to wherever `to` says, that can be broken. */
export async function tcpRelay(
  t: Pick<TestContext, 'after'>,
  to: () => { readonly host: string; readonly port: number },
): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(to());
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      // Where one half ends so does the other: `close` is all that is of interest.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    breakAll();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, breakAll };
}
