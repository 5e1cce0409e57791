/**
 * Where nodes that come with an invite are received: says which invites open the door, spends them, and
 * admits. A node that is online hands it every connection of a joiner.
 */

import { Mutex } from '../async.ts';
import { toHex, fromHex, type Bytes } from '../bytes.ts';
import { verifySignature } from '../crypto/identity.ts';
import { inviteKeys } from '../crypto/invite-secret.ts';
import { isVaultError } from '../errors.ts';
import type { Invite } from '../home/invite-book.ts';
import type { NodeId } from '../log/types.ts';
import { JoinChannel } from '../net/join-channel.ts';
import { isGenuineRequest, type JoinMessage } from '../net/join-message.ts';
import type { PeerConnection } from '../net/peer-connection.ts';
import type { ConnectionEvents } from '../net/transport.ts';
import { admitJoiner } from './admit-joiner.ts';
import type { Session } from './session.ts';

/** A node that was admitted, by this invite. */
export interface Admission {
  /** Ids in hex. */
  readonly folder: string;
  readonly node: NodeId;
  /** False where it was a member before. */
  readonly isNew: boolean;
}

export interface JoinDeskParts {
  readonly session: Session;
  /** The folder has a member more: whoever exchanges it is to be told. */
  readonly onAdmitted?: (admission: Admission) => void;
  /** A join failed for a reason of this node's own: its disk, its memory of invites. */
  readonly onFailed: (error: unknown) => void;
}

export class JoinDesk {
  readonly #parts: JoinDeskParts;
  readonly #admissions = new Mutex();
  readonly #open = new Set<JoinChannel>();
  #isClosed = false;

  constructor(parts: JoinDeskParts) {
    this.#parts = parts;
  }

  /** The shared key for an invite of this id, if the node with this static key may come in with it now. */
  openInvite(id: Bytes, peer: Bytes): Uint8Array | undefined {
    const { home } = this.#parts.session;
    const { secret } = home.invites.usable(id, peer, this.#nowMs()) ?? {};
    return secret && inviteKeys(secret).psk;
  }

  /**
   * Takes the connection of a joiner, which proved that it has the invite's secret. The invite is that
   * node's from now on, durably, before anything is sent. Throws `RangeError` for the connection of a member.
   */
  begin(connection: PeerConnection): ConnectionEvents {
    const { session } = this.#parts;
    const { invite: id, peer } = connection;
    if (id === undefined) throw new RangeError('expected a connection with an invite');
    const channel: JoinChannel = new JoinChannel({
      connection,
      clock: session.environment.clock,
      received: (message) => receive(message),
      closed: () => this.#open.delete(channel),
    });
    this.#open.add(channel);
    const end = (last?: JoinMessage): void => {
      if (last !== undefined) channel.send(last);
      this.#open.delete(channel);
      channel.close();
    };
    let invite: Invite | undefined;
    try {
      if (!this.#isClosed) invite = session.home.invites.take(id, peer, this.#nowMs());
    } catch (error) {
      this.#parts.onFailed(error);
      end({ type: 'refused', reason: 'unable' });
      return channel;
    }
    let isAsked = false;
    const receive = (message: JoinMessage): void => {
      if (message.type === 'request' && !isAsked && invite !== undefined) {
        isAsked = true;
        void this.#answer(connection, invite, message).then((answer) =>
          answer?.type === 'admitted' ? channel.send(answer) : end(answer),
        );
      } else if (message.type === 'joined' && isAsked && invite !== undefined) {
        this.#finish(invite);
        end();
      } else end();
    };
    // Of two that came with it at once, one is too late.
    if (invite === undefined) end({ type: 'refused', reason: 'spent' });
    return channel;
  }

  /** Receives nobody any more, and ends what is under way once it is durable. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const channel of this.#open) channel.close();
    this.#open.clear();
    await this.#admissions.run(() => Promise.resolve());
  }

  /** What to answer to a request; undefined: nothing. Never throws. */
  async #answer(
    { sessionHash, peer }: PeerConnection,
    invite: Invite,
    request: Extract<JoinMessage, { type: 'request' }>,
  ): Promise<JoinMessage | undefined> {
    const { session, onAdmitted, onFailed } = this.#parts;
    const { sodium } = session.home;
    const verify: Parameters<typeof isGenuineRequest>[0] = (node, label, message, signature) =>
      verifySignature(sodium, { label, message, signature, signKey: fromHex(node) });
    const proof = { sessionHash, invite: invite.id, joiner: peer };
    if (!isGenuineRequest(verify, request, proof)) return undefined;
    const { node } = request;
    try {
      // One at a time: each is stated on top of the one before.
      return await this.#admissions.run(async () => {
        if (this.#isClosed || session.home.invites.find(invite.id)?.state !== 'taken') {
          return { type: 'refused', reason: 'spent' };
        }
        const admitted = await admitJoiner(session, invite, { node, exchangeKey: peer });
        // To who is locked out it is silence.
        if (admitted.outcome === 'denied') return undefined;
        if (admitted.outcome === 'not permitted') {
          return { type: 'refused', reason: 'not permitted' };
        }
        onAdmitted?.({ folder: toHex(invite.folder), node, isNew: admitted.isNew });
        return { type: 'admitted', sealed: admitted.sealed };
      });
    } catch (error) {
      if (!isVaultError(error, 'VAULT_NOT_FOUND')) onFailed(error);
      return { type: 'refused', reason: 'unable' };
    }
  }

  #finish(invite: Invite): void {
    const { home } = this.#parts.session;
    try {
      if (home.invites.find(invite.id)?.state === 'taken') home.invites.finish(invite);
    } catch (error) {
      this.#parts.onFailed(error);
    }
  }

  #nowMs(): number {
    return Math.floor(this.#parts.session.environment.clock.wallMs());
  }
}
