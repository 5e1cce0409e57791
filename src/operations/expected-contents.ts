/**
 * Which contents should be here, and what to say of those that are not: of a version that others wrote, it may
 * not have come yet, or this node may not keep it.
 */

import { readManifest } from '../chunking/manifest-reader.ts';
import { isLoss, VaultError } from '../errors.ts';
import type { ValueSource } from '../folder/value-source.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { KeptContents } from '../log/kept-contents.ts';
import type { LogId, NamedLink } from '../log/types.ts';
import { contentsThrough } from './exchange-side.ts';

export class ExpectedContents {
  readonly #folder: OpenFolder;
  readonly #kept: KeptContents;
  /** By line: of how many entries all that is wanted was here. */
  readonly #through: ReadonlyMap<LogId, number>;

  private constructor(folder: OpenFolder, kept: KeptContents, through: ReadonlyMap<LogId, number>) {
    this.#folder = folder;
    this.#kept = kept;
    this.#through = through;
  }

  static async open(folder: OpenFolder): Promise<ExpectedContents> {
    const kept = await KeptContents.open(folder.log, folder.state.history ?? 'all');
    return new ExpectedContents(folder, kept, await contentsThrough(folder));
  }

  /** Whether the content of a version, where it is not here, is lost: it was here, and was to stay. */
  async isExpected(link: NamedLink): Promise<boolean> {
    const { log } = this.#folder;
    const line = await log.lineOf({ ...link.dot, hash8: link.hash8 });
    const holder = log.lines.holder(line, link.dot.seq);
    const through = this.#through.get(holder);
    // What was written here is here.
    if (through === undefined) return link.dot.log === log.own;
    return link.dot.seq < through && (await this.#kept.keeps(link));
  }

  /** Whether the index has all of the content of a version; nothing but manifest nodes is read. */
  async isHere(link: NamedLink, values: ValueSource): Promise<boolean> {
    const { log, store } = this.#folder;
    try {
      const { manifest } = await log.body(link);
      if (manifest?.root === undefined) return true;
      if (!(await store.has([manifest.root]))[0]) return false;
      if (manifest.depth === 0) return true;
      for await (const { id } of readManifest(manifest, (_level, node) => values.node(node))) {
        if (!(await store.has([id]))[0]) return false;
      }
      return true;
    } catch (error) {
      if (!isLoss(error)) throw error;
      return false;
    }
  }

  /** What is said of a content that is elsewhere. */
  elsewhere(link: NamedLink): VaultError {
    const owner = this.#folder.log.members.ownerOf(link.dot.log);
    const writer = owner === undefined ? '' : `; it was written by ${owner.name}`;
    return new VaultError('VAULT_CHUNK_MISSING', `its content is not here${writer}`, {
      hint: 'other nodes that can be reached are asked for it with --fetch',
    });
  }
}
