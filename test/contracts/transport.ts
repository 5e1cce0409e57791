import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { isVaultError } from '../../src/errors.ts';
import { MAX_FRAME_BYTES } from '../../src/limits.ts';
import {
  LOW_WATER_BYTES,
  type Begin,
  type Connection,
  type Transport,
} from '../../src/net/transport.ts';
import { skipUnless } from '../helpers/requires.ts';
import { seededRandom } from '../helpers/seeded.ts';

/** Two nodes that reach each other. */
export interface TransportCase {
  readonly dialer: Transport;
  readonly listener: Transport;
  /** An address that the listener can take, and one where nobody is. */
  readonly address: string;
  readonly nowhere: string;
  /** Lets time pass until `holds` does. */
  readonly until: (what: string, holds: () => boolean) => Promise<void>;
  /** Lets a promise settle that needs time to pass. */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  /** Breaks all connections on the way; undefined where that cannot be done. */
  readonly breakAll?: () => void;
}

/** One end, and everything that happened there. */
class Side {
  connection: Connection | undefined;
  readonly frames: Uint8Array[] = [];
  readonly closed: string[] = [];
  drained = 0;

  readonly begin: Begin = (connection) => {
    assert.equal(this.connection, undefined, 'one connection');
    this.connection = connection;
    return {
      frame: (bytes) => {
        assert.deepEqual(this.closed, [], 'no frame after the end');
        this.frames.push(bytes);
      },
      drained: () => this.drained++,
      closed: (how) => this.closed.push(how),
    };
  };

  get open(): Connection {
    assert.ok(this.connection, 'a connection');
    return this.connection;
  }
}

function closed(error: unknown): boolean {
  return isVaultError(error, 'VAULT_CLOSED');
}

/** What every transport must do. */
export function transportContract(
  kind: string,
  make: (t: TestContext) => TransportCase | Promise<TransportCase>,
): void {
  const rule = (
    title: string,
    run: (one: TransportCase, near: Side, far: Side, t: TestContext) => Promise<void>,
  ): void =>
    void test(`${kind}: ${title}`, async (t) => {
      const one = await make(t);
      await run(one, new Side(), new Side(), t);
    });
  const connect = async (one: TransportCase, near: Side, far: Side): Promise<void> => {
    const listener = await one.settle(one.listener.listen(one.address, far.begin));
    await one.settle(one.dialer.dial(listener.address, near.begin));
    await one.until('both ends', () => far.connection !== undefined);
    await one.settle(listener.close());
  };

  rule('carries frames of any length whole, in order, both ways', async (one, near, far) => {
    await connect(one, near, far);
    const random = seededRandom('transport');
    const sent = [1, 2, 125, 126, 65_517, MAX_FRAME_BYTES, 3].map((length) => random.bytes(length));
    for (const frame of sent) {
      near.open.send(frame);
      far.open.send(frame);
    }
    const all = sent.length;
    await one.until('all frames', () => near.frames.length === all && far.frames.length === all);
    for (const side of [near, far]) {
      assert.deepEqual(
        side.frames.map((frame) => new Uint8Array(frame)),
        sent,
      );
    }
  });

  rule('takes only frames that it can carry', async (one, near, far) => {
    await connect(one, near, far);
    assert.throws(() => near.open.send(new Uint8Array(0)), RangeError);
    assert.throws(() => near.open.send(new Uint8Array(MAX_FRAME_BYTES + 1)), RangeError);
  });

  rule('says so where nobody answers', async (one, near) => {
    await assert.rejects(one.settle(one.dialer.dial(one.nowhere, near.begin)), (error) =>
      isVaultError(error, 'VAULT_NO_PEER'),
    );
    assert.equal(near.connection, undefined);
  });

  rule('says what waits to leave, and when it has', async (one, near, far) => {
    await connect(one, near, far);
    let sent = 0;
    while (near.open.bufferedBytes <= LOW_WATER_BYTES && sent < 4096) {
      near.open.send(new Uint8Array(MAX_FRAME_BYTES));
      sent++;
    }
    assert.ok(near.open.bufferedBytes > LOW_WATER_BYTES, 'something waits');
    await one.until('drained', () => near.drained > 0);
    await one.until('all frames', () => far.frames.length === sent);
    await one.until('nothing waiting', () => near.open.bufferedBytes === 0);
    assert.equal(near.drained, 1);
  });

  rule('brings what was sent before the end, and tells both sides once', async (one, near, far) => {
    await connect(one, near, far);
    near.open.send(Uint8Array.of(1));
    near.open.send(new Uint8Array(60_000));
    near.open.close();
    near.open.close();
    assert.throws(() => near.open.send(Uint8Array.of(2)), closed);
    await one.until('both ends', () => near.closed.length > 0 && far.closed.length > 0);
    assert.equal(far.frames.length, 2);
    assert.deepEqual([near.closed, far.closed], [['ended'], ['ended']]);
    assert.throws(() => far.open.send(Uint8Array.of(2)), closed);
    far.open.close();
  });

  rule('goes on with connections after the listener is closed', async (one, near, far) => {
    const listener = await one.settle(one.listener.listen(one.address, far.begin));
    await one.settle(one.dialer.dial(listener.address, near.begin));
    await one.until('both ends', () => far.connection !== undefined);
    await one.settle(listener.close());
    await assert.rejects(one.settle(one.dialer.dial(listener.address, new Side().begin)), (error) =>
      isVaultError(error, 'VAULT_NO_PEER'),
    );
    near.open.send(Uint8Array.of(7));
    await one.until('the frame', () => far.frames.length === 1);
  });

  rule('lets one listen at an address', async (one, near, far) => {
    const listener = await one.settle(one.listener.listen(one.address, far.begin));
    await assert.rejects(one.settle(one.listener.listen(listener.address, near.begin)), (error) =>
      isVaultError(error, 'VAULT_EXISTS'),
    );
    await one.settle(listener.close());
  });

  rule('tells both sides once that a connection is lost', async (one, near, far, t) => {
    const { breakAll } = one;
    const conditions = { 'a way to break its connections': breakAll !== undefined };
    if (!skipUnless(t, { conditions })) return;
    await connect(one, near, far);
    breakAll?.();
    await one.until('both ends', () => near.closed.length > 0 && far.closed.length > 0);
    assert.deepEqual([near.closed, far.closed], [['lost'], ['lost']]);
    assert.throws(() => near.open.send(Uint8Array.of(1)), closed);
  });
}
