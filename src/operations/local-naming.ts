/** Gives the entries of a directory the names they are to have on this disk, and keeps the table of aliases. */

import { lastName } from '../folder-path.ts';
import {
  aliasOf,
  formHere,
  looseForm,
  ownerOf,
  type NameAbilities,
} from '../folder/local-names.ts';
import type { SeenNames } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { foldName } from '../log/derived-name.ts';
import type { TreeEntry } from '../log/folder-tree.ts';

export class LocalNaming {
  readonly #folder: OpenFolder;
  readonly #probe: () => NameAbilities;
  #abilities: NameAbilities | undefined;
  /** Paths here that the disk refused: their true names. */
  readonly #refused = new Set<string>();

  /** `probe` tries what the file system takes for one name: asked only where some may be. */
  constructor(folder: OpenFolder, probe: () => NameAbilities) {
    this.#folder = folder;
    this.#probe = probe;
  }

  /** Says that the disk refused a name: it gets an alias the next time. */
  refuse(directory: string, name: string): void {
    this.#refused.add(`${directory}/${name}`);
  }

  /**
   * The entries of a directory by the names they have here; aliases are durable on return. `rows`: what is
   * recorded as being there.
   */
  async names(
    directory: string,
    entries: readonly TreeEntry[],
    rows: SeenNames,
  ): Promise<Map<string, TreeEntry>> {
    const { aliases } = this.#folder;
    const known = aliases.in(directory);
    const byName = new Map(entries.map((entry) => [lastName(entry.path), entry]));
    const isRefused = (name: string): boolean =>
      this.#refused.has(`${directory}/${name}`) ||
      [...known.values()].some((alias) => alias.name === name && alias.isRefused);
    const losers = this.#losers([...byName.keys()], (name) => rows.has(name) && !known.has(name));
    const named = new Map<string, TreeEntry>();
    const taken = new Set([...byName.keys(), ...Array.from(rows, ([name]) => name)].map(foldName));
    for (const [name, entry] of byName) {
      const before = entry.kind === 'directory' ? this.#heldAs(name, rows, byName) : undefined;
      if (before !== undefined) {
        if (known.get(before)?.name !== name) {
          await aliases.set(directory, before, { name, isRefused: false });
        }
        named.set(before, entry);
        continue;
      }
      const refused = isRefused(name);
      if (!refused && !losers.has(name)) {
        named.set(name, entry);
        continue;
      }
      let local = [...known].find(([, alias]) => alias.name === name)?.[0];
      if (local === undefined) {
        local = aliasOf(name, (alias) => taken.has(alias));
        await aliases.set(directory, local, { name, isRefused: refused });
      }
      named.set(local, entry);
    }
    for (const local of known.keys()) {
      if (!named.has(local) && !rows.has(local)) await aliases.remove(directory, local);
    }
    return named;
  }

  /**
   * The name under which a directory is here already, one with its own: all that is in it stays where it
   * is. Undefined where there is none.
   */
  #heldAs(
    name: string,
    rows: SeenNames,
    shown: ReadonlyMap<string, TreeEntry>,
  ): string | undefined {
    if (rows.has(name)) return undefined;
    const loose = looseForm(name);
    const others = Array.from(rows, ([other, { kind }]) => (kind === 'directory' ? other : ''));
    const near = others.filter((other) => !shown.has(other) && looseForm(other) === loose);
    if (near.length === 0) return undefined;
    const abilities = (this.#abilities ??= this.#probe());
    return near.find((other) => formHere(other, abilities) === formHere(name, abilities));
  }

  /** Recorded names that are one with a name that is to come here: they have to go first. */
  inTheWay(named: ReadonlyMap<string, TreeEntry>, rows: SeenNames): string[] {
    const coming = [...named.keys()].filter((name) => !rows.has(name));
    const going = Array.from(rows, ([name]) => name).filter((name) => !named.has(name));
    const loose = new Set(coming.map(looseForm));
    if (!going.some((name) => loose.has(looseForm(name)))) return [];
    const abilities = (this.#abilities ??= this.#probe());
    const forms = new Set(coming.map((name) => formHere(name, abilities)));
    return going.filter((name) => forms.has(formHere(name, abilities)));
  }

  /** Names that are one with others here, and do not keep their own. */
  #losers(names: readonly string[], isHere: (name: string) => boolean): Set<string> {
    const losers = new Set<string>();
    const loose = new Set(names.map(looseForm));
    if (loose.size === names.length) return losers;
    const abilities = (this.#abilities ??= this.#probe());
    const groups = new Map<string, string[]>();
    for (const name of names) {
      const form = formHere(name, abilities);
      const group = groups.get(form);
      if (group === undefined) groups.set(form, [name]);
      else group.push(name);
    }
    for (const group of groups.values()) {
      const owner = ownerOf(group, isHere);
      for (const name of group) if (name !== owner) losers.add(name);
    }
    return losers;
  }
}
