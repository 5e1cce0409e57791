/** The joiner's part of a join: dials the issuer, says who it is, and takes what opens the folder. */

import { deferred } from '../async.ts';
import type { Clock } from '../clock.ts';
import { inviteKeys } from '../crypto/invite-secret.ts';
import type { Identity } from '../crypto/identity.ts';
import { isVaultError, VaultError } from '../errors.ts';
import type { Callee } from './door.ts';
import type { InviteLine } from './invite-text.ts';
import { JoinChannel } from './join-channel.ts';
import {
  decodeHandover,
  joinRequest,
  type JoinHandover,
  type JoinMessage,
  type JoinRefusal,
} from './join-message.ts';
import type { PeerConnection } from './peer-connection.ts';
import type { Begin } from './transport.ts';

/** As `Door.dial`. */
export type DialAs = (
  address: string,
  callee: Callee,
  begin: Begin<PeerConnection>,
) => Promise<void>;

export interface JoinCallParts {
  readonly invite: InviteLine;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly dial: DialAs;
  readonly signal: AbortSignal;
}

/** What came of a call: to be ended, once what it brought is durable or will never be. */
export interface JoinCall {
  readonly handover: JoinHandover;
  /** Says that the folder is durable: the invite is of no more use. */
  joined(): void;
  close(): void;
}

/** An address that does not answer holds up the next one for so long. */
const NEXT_ADDRESS_MS = 1000;

const refusals: Readonly<Record<JoinRefusal, string>> = {
  spent: 'the invite is not good any more: it was used, or taken back',
  'not permitted': 'the node that made the invite may not admit anybody now',
  unable: 'the node that made the invite could not admit this one',
};

/**
 * Asks to be admitted. Throws `VAULT_NO_PEER` where the issuer is not reached at any address: it may be away,
 * or the invite spent, expired or revoked, which looks the same; `VAULT_NOT_PERMITTED` where it says why not.
 */
export async function callIssuer(parts: JoinCallParts): Promise<JoinCall> {
  const { invite, identity, clock, signal } = parts;
  const { id, psk } = inviteKeys(invite.secret);
  const callee: Callee = { peer: invite.issuer, invite: { id, psk } };
  const answer = deferred<JoinCall>();
  answer.promise.catch(() => undefined);
  const over = (): void =>
    answer.reject(new VaultError('VAULT_NO_PEER', 'the connection was lost before it was done'));
  let channel: JoinChannel | undefined;
  const begin: Begin<PeerConnection> = (connection) => {
    // Another address answered first, or nobody waits any more.
    if (channel !== undefined || signal.aborted) {
      connection.close();
      return ignoring;
    }
    const made: JoinChannel = new JoinChannel({
      connection,
      clock,
      closed: over,
      received: (message) => take(message, made),
    });
    channel = made;
    const { sessionHash } = connection;
    const session = { sessionHash, invite: id, joiner: identity.exchangeKey };
    const sign: Parameters<typeof joinRequest>[0] = (label, said) => identity.sign(label, said);
    made.send(joinRequest(sign, identity.id, session));
    return made;
  };
  const take = (message: JoinMessage, from: JoinChannel): void => {
    try {
      const handover = handoverOf(message, identity);
      answer.resolve({
        handover,
        joined: () => from.send({ type: 'joined' }),
        close: () => from.close(),
      });
    } catch (error) {
      answer.reject(error);
      from.close();
    }
  };
  const stop = (): void => {
    channel?.close();
    answer.reject(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    await reachOne(parts, (address) => parts.dial(address, callee, begin));
    return await answer.promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function handoverOf(message: JoinMessage, identity: Identity): JoinHandover {
  if (message.type === 'refused') {
    throw new VaultError('VAULT_NOT_PERMITTED', refusals[message.reason], {
      hint: 'ask for a new invite',
    });
  }
  const plain = message.type === 'admitted' ? identity.openSealedBox(message.sealed) : undefined;
  if (plain === undefined) throw new VaultError('VAULT_ENTRY_INVALID', 'the answer makes no sense');
  return decodeHandover(plain);
}

/** Dials all addresses, each a little after the one before; resolves when the first answers. */
async function reachOne(
  { invite, clock, signal }: JoinCallParts,
  dial: (address: string) => Promise<void>,
): Promise<void> {
  const reached = deferred<void>();
  let left = invite.addresses.length;
  let next = 0;
  let stopTimer = (): void => undefined;
  const dialNext = (): void => {
    stopTimer();
    const address = invite.addresses[next++];
    if (address === undefined) return;
    stopTimer = clock.timer(NEXT_ADDRESS_MS, dialNext);
    const failed = (error: unknown): void => {
      left--;
      if (!isVaultError(error, 'VAULT_NO_PEER')) reached.reject(error);
      else if (left === 0) reached.reject(nobody());
      else dialNext();
    };
    dial(address).then(() => reached.resolve(), failed);
  };
  const abort = (): void => reached.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    dialNext();
    await reached.promise;
  } finally {
    stopTimer();
    signal.removeEventListener('abort', abort);
  }
}

function nobody(): VaultError {
  return new VaultError('VAULT_NO_PEER', 'the node that made the invite is not reached', {
    hint: 'it must be online at an address of the invite; a spent, expired or revoked invite gets the same silence',
  });
}

const ignoring: ReturnType<Begin> = {
  frame: () => undefined,
  drained: () => undefined,
  closed: () => undefined,
};
