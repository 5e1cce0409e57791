/** What a command was given, by the types its definitions promise. */

export type OptionValue = boolean | number | string | undefined | readonly string[];

/** Asking for an option the command does not define, or by the wrong type, is a `TypeError`. */
export class ParsedArguments {
  readonly words: readonly string[];
  readonly #values: ReadonlyMap<string, OptionValue>;
  readonly #known: ReadonlySet<string>;

  /** `values` holds the options that were given, `known` the names of all that could be. */
  constructor(
    words: readonly string[],
    values: ReadonlyMap<string, OptionValue>,
    known: ReadonlySet<string>,
  ) {
    this.words = words;
    this.#values = values;
    this.#known = known;
  }

  /** Whether the option was given at all. */
  has(name: string): boolean {
    if (!this.#known.has(name)) throw new TypeError(`expected a defined option, got ${name}`);
    return this.#values.has(name);
  }

  flag(name: string): boolean {
    if (!this.has(name)) return false;
    const value = this.#values.get(name);
    if (typeof value !== 'boolean') throw new TypeError(`expected a flag, got ${name}`);
    return value;
  }

  /** Undefined where not given, or given without its optional value. */
  text(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#values.get(name);
    if (value !== undefined && typeof value !== 'string') {
      throw new TypeError(`expected a text option, got ${name}`);
    }
    return value;
  }

  number(name: string): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#values.get(name);
    if (typeof value !== 'number') throw new TypeError(`expected a number option, got ${name}`);
    return value;
  }

  list(name: string): readonly string[] {
    if (!this.has(name)) return [];
    const value = this.#values.get(name);
    if (!Array.isArray(value)) throw new TypeError(`expected a list option, got ${name}`);
    return value as readonly string[];
  }
}
