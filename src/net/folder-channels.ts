/**
 * Which folders two connected nodes speak of, and on which channels. A channel opens where each side takes
 * the other for a member now, and closes when either does no longer. Of any other folder nothing is said:
 * that a node does not have it, or does not share it with this peer, is the same silence.
 */

import { mapKey } from '../bytes.ts';
import { MAX_FOLDER_TOKENS, MAX_TOKEN_GENERATIONS } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { joinTokens, type ControlMessage } from './control-message.ts';
import {
  folderToken,
  readTokens,
  statedFolders,
  tokenSet,
  type Speaker,
  type TokenContext,
} from './folder-tokens.ts';
import { MAX_CHANNEL } from './frame.ts';
import { Violation } from './violation.ts';

/** A folder of this node. */
export interface LocalFolder {
  /** Its id, 32 bytes. */
  readonly id: Uint8Array;
  /** Whether this peer is a current, undenied member, as far as is known here, and nothing is paused. */
  readonly isShared: boolean;
}

/** What is to be done, in this order. */
export interface ChannelSteps {
  readonly close: readonly number[];
  readonly send: readonly ControlMessage[];
  readonly open: readonly { readonly folder: Uint8Array; readonly channel: number }[];
}

interface Steps {
  close: number[];
  send: ControlMessage[];
  open: { folder: Uint8Array; channel: number }[];
}

/** Pure but for what it remembers, and for random bytes. */
export class FolderChannels {
  readonly #isDialer: boolean;
  readonly #sessionHash: Uint8Array;
  readonly #random: RandomSource;
  #folders: readonly LocalFolder[] = [];
  /** Folder, by {@link mapKey} → its channel. */
  readonly #open = new Map<string, number>();
  #generation = 0;
  #lastChannel = 0;
  #peerGeneration = 0;
  #stated: ReadonlySet<string> = new Set();

  constructor(
    session: { readonly isDialer: boolean; readonly sessionHash: Uint8Array },
    random: RandomSource,
  ) {
    this.#isDialer = session.isDialer;
    this.#sessionHash = session.sessionHash;
    this.#random = random;
  }

  /**
   * All folders of this node, as they are from now on; called first when the connection begins. Nothing is
   * sent where what is shared with this peer did not change. Throws `RangeError` where more are shared than
   * can be stated, `Violation` where they changed too often for one connection.
   */
  setFolders(folders: readonly LocalFolder[]): ChannelSteps {
    const before = new Set(this.#shared().map(({ id }) => mapKey(id)));
    this.#folders = folders;
    const shared = this.#shared();
    if (shared.length > MAX_FOLDER_TOKENS) {
      throw new RangeError(`expected ${MAX_FOLDER_TOKENS} folders at most, got ${shared.length}`);
    }
    const steps: Steps = { close: [], send: [], open: [] };
    const isSame =
      before.size === shared.length && shared.every(({ id }) => before.has(mapKey(id)));
    if (this.#generation > 0 && isSame) return steps;
    if (this.#generation === MAX_TOKEN_GENERATIONS) {
      throw new Violation('limit', 'folders changed too often');
    }
    this.#generation++;
    const context = this.#context(this.#isDialer, this.#generation);
    const tokens = tokenSet(
      shared.map(({ id }) => id),
      context,
      this.#random,
    );
    steps.send.push({
      type: 'tokens',
      generation: this.#generation,
      tokens: joinTokens(tokens),
    });
    this.#match(steps);
    return steps;
  }

  /** Throws `Violation` where the peer breaks the protocol: the connection is to be ended. */
  received(message: ControlMessage): ChannelSteps {
    const steps: Steps = { close: [], send: [], open: [] };
    if (message.type === 'tokens') {
      const stated = readTokens(message.tokens);
      if (stated === undefined) throw new Violation('malformed', 'tokens of another form');
      if (message.generation !== this.#peerGeneration + 1) {
        throw new Violation('out of order', 'tokens of another generation');
      }
      this.#peerGeneration = message.generation;
      this.#stated = stated;
      this.#match(steps);
    } else this.#opened(message, steps);
    return steps;
  }

  /** Closes what is not shared by both any more; the dialer opens what newly is. */
  #match(steps: Steps): void {
    const matched = this.#matched();
    const ids = new Set(matched.map(({ id }) => mapKey(id)));
    for (const [key, channel] of this.#open) {
      if (ids.has(key)) continue;
      this.#open.delete(key);
      steps.close.push(channel);
    }
    if (!this.#isDialer) return;
    for (const { id } of matched) {
      if (this.#open.has(mapKey(id))) continue;
      if (this.#lastChannel === MAX_CHANNEL) throw new Violation('limit', 'no channel is left');
      const channel = ++this.#lastChannel;
      this.#open.set(mapKey(id), channel);
      const generation = this.#peerGeneration;
      const token = folderToken(id, this.#context(false, generation));
      steps.send.push({ type: 'open', generation, token, channel });
      steps.open.push({ folder: id, channel });
    }
  }

  /** The listener's part: it opens what it shares too, and says nothing to anything else. */
  #opened(message: Extract<ControlMessage, { type: 'open' }>, steps: Steps): void {
    const { generation, token, channel } = message;
    if (this.#isDialer || channel <= this.#lastChannel || generation > this.#generation) {
      throw new Violation('out of order', 'a channel that is not to be opened');
    }
    this.#lastChannel = channel;
    // The token may be of a generation before: the peer had not heard of the next one.
    const context = this.#context(false, generation);
    const isNamed = statedFolders(this.#ids(), new Set([mapKey(token)]), context);
    const matched = this.#matched();
    const folder = this.#folders.find((one, at) => isNamed[at] === true && matched.includes(one));
    if (folder === undefined) return;
    const key = mapKey(folder.id);
    const old = this.#open.get(key);
    if (old !== undefined) steps.close.push(old);
    this.#open.set(key, channel);
    steps.open.push({ folder: folder.id, channel });
  }

  /** Folders that both sides share with each other, as far as is known. */
  #matched(): readonly LocalFolder[] {
    const context = this.#context(!this.#isDialer, this.#peerGeneration);
    const isStated = statedFolders(this.#ids(), this.#stated, context);
    return this.#folders.filter(({ isShared }, at) => isShared && isStated[at] === true);
  }

  #ids(): readonly Uint8Array[] {
    return this.#folders.map(({ id }) => id);
  }

  #shared(): readonly LocalFolder[] {
    return this.#folders.filter(({ isShared }) => isShared);
  }

  #context(isOfDialer: boolean, generation: number): TokenContext {
    const speaker: Speaker = isOfDialer ? 'dialer' : 'listener';
    return { speaker, generation, sessionHash: this.#sessionHash };
  }
}
