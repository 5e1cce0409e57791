/**
 * The wildcards of gitignore patterns, byte by byte as git matches them: `*` and `?` within a name,
 * `**` across names, `[…]` with ranges and POSIX classes, `\` before a byte that stands for itself.
 *
 * Text is given one character per byte. Matching walks the text once with the set of places in the
 * pattern that it can have reached, so that no pattern takes more than text × pattern.
 */

/** One step of a pattern: a byte, a set of bytes (its 256 flags), or one of these. */
type Step =
  | number
  | Uint8Array
  /** Any bytes within a name. */
  | 'star'
  /** Any bytes across names. */
  | 'tree'
  /** Before `tree` and `/`: both may be left out. */
  | 'maybe';

const SLASH = 0x2f;
const anyByte = new Uint8Array(256).fill(1);
anyByte[SLASH] = 0;

/**
 * What tells whether a text matches all of a pattern; undefined for a pattern that matches nothing: a
 * class that does not end or is not known, or a `\` at the end.
 */
export function wildcardMatcher(pattern: string): ((text: string) => boolean) | undefined {
  const steps = stepsOf(pattern);
  if (steps === undefined) return undefined;
  const least = steps.filter((step) => typeof step !== 'string').length;
  const optional = steps.filter((step) => step === 'maybe').length;
  return (text) => text.length >= least - optional && walk(steps, text);
}

function walk(steps: readonly Step[], text: string): boolean {
  let now = new Uint8Array(steps.length + 1);
  let next = new Uint8Array(steps.length + 1);
  reach(steps, now, 0);
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at);
    let isAlive = false;
    for (let place = 0; place < steps.length; place++) {
      if (now[place] !== 1) continue;
      const step = steps[place] as Step;
      if (typeof step === 'number' ? step !== byte : !takes(step, byte)) continue;
      reach(steps, next, typeof step === 'string' ? place : place + 1);
      isAlive = true;
    }
    if (!isAlive) return false;
    [now, next] = [next, now.fill(0)];
  }
  return now[steps.length] === 1;
}

function takes(step: Exclude<Step, number>, byte: number): boolean {
  if (step === 'star') return byte !== SLASH;
  if (step === 'tree') return true;
  return step !== 'maybe' && step[byte] === 1;
}

/** Marks a place, and those that follow it without a byte. */
function reach(steps: readonly Step[], places: Uint8Array, from: number): void {
  for (let place = from; places[place] === 0; place++) {
    places[place] = 1;
    const step = steps[place];
    if (step === 'maybe') reach(steps, places, place + 3);
    else if (step !== 'star' && step !== 'tree') return;
  }
}

function stepsOf(pattern: string): Step[] | undefined {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '*') {
      const start = at;
      while (pattern[at + 1] === '*') at++;
      steps.push(...starSteps(pattern, start, at + 1));
    } else if (character === '?') steps.push(anyByte);
    else if (character === '[') {
      const found = readClass(pattern, at + 1);
      if (found === undefined) return undefined;
      steps.push(found.flags);
      at = found.end;
    } else {
      if (character === '\\') at++;
      if (at === pattern.length) return undefined;
      steps.push(pattern.charCodeAt(at));
    }
  }
  return steps;
}

/** The steps of the stars from `start` to before `end`: two or more between slashes go across names. */
function starSteps(pattern: string, start: number, end: number): Step[] {
  const isFirst = start === 0 || pattern[start - 1] === '/';
  if (end - start < 2 || !isFirst) return ['star'];
  if (end === pattern.length || pattern.startsWith('\\/', end)) return ['tree'];
  return pattern[end] === '/' ? ['maybe', 'tree'] : ['star'];
}

/** The class that begins after the `[` before `start`, and where its `]` stands. */
function readClass(pattern: string, start: number): { flags: Uint8Array; end: number } | undefined {
  const flags = new Uint8Array(256);
  const isNegated = pattern[start] === '!' || pattern[start] === '^';
  let before = 0;
  const first = isNegated ? start + 1 : start;
  for (let at = first; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === ']' && at > first) {
      if (isNegated) flags.forEach((flag, byte) => (flags[byte] = 1 - flag));
      flags[SLASH] = 0;
      return { flags, end: at };
    }
    if (character === '-' && before !== 0 && at + 1 < pattern.length && pattern[at + 1] !== ']') {
      at++;
      if (pattern[at] === '\\') at++;
      if (at === pattern.length) return undefined;
      flags.fill(1, before, pattern.charCodeAt(at) + 1);
      before = 0;
      continue;
    }
    if (character === '[' && pattern[at + 1] === ':') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) return undefined;
      if (end > at + 2 && pattern[end - 1] === ':') {
        const members = namedClasses.get(pattern.slice(at + 2, end - 1));
        if (members === undefined) return undefined;
        for (let byte = 0; byte < 128; byte++) {
          if (members.test(String.fromCharCode(byte))) flags[byte] = 1;
        }
        at = end;
        before = 0;
        continue;
      }
    } else if (character === '\\') at++;
    if (at === pattern.length) return undefined;
    before = pattern.charCodeAt(at);
    flags[before] = 1;
  }
  return undefined;
}

/** POSIX classes over ASCII; `space` is git's, which has neither vertical tab nor form feed. */
const namedClasses: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[A-Za-z0-9]/],
  ['alpha', /[A-Za-z]/],
  ['blank', /[ \t]/],
  // oxlint-disable-next-line no-control-regex -- control characters are what the class is made of
  ['cntrl', /[\0-\x1f\x7f]/],
  ['digit', /[0-9]/],
  ['graph', /[!-~]/],
  ['lower', /[a-z]/],
  ['print', /[ -~]/],
  ['punct', /[!-/:-@[-`{-~]/],
  ['space', /[ \t\n\r]/],
  ['upper', /[A-Z]/],
  ['xdigit', /[A-Fa-f0-9]/],
]);
