/** Whether a pool name in an annotation is a pattern rather than a literal name (A5). */
export function isPattern(name: string): boolean {
  return /[*?[\\]/.test(name);
}

/** What stands before the first special character of a pattern. */
export function literalPrefix(pattern: string): string {
  return /^[^*?[\\]*/.exec(pattern)![0];
}

/** One character of a name: this one, anything but a slash, or one of a class. */
type Token = string | typeof ANY | CharacterClass;

const ANY = Symbol("?");

interface CharacterClass {
  readonly negated: boolean;
  /** Code points, ascending, not touching: a class of 10,000 ranges must cost no more than one of ten. */
  readonly ranges: readonly (readonly [low: number, high: number])[];
}

/** What stands between two stars: it matches as many characters as it has tokens. */
interface Chunk {
  /** Whether a star stands before it. */
  readonly star: boolean;
  readonly tokens: readonly Token[];
}

/**
 * Go's filepath.Match: `*` and `?` stand for anything but a slash, `[a-z]` and `[^a-z]` for one character, a backslash
 * takes the next character literally. Anybody who may create a Pod writes patterns, so they never become a RegExp: each
 * chunk is looked for once, from left to right, as Go does it; the cost is at most pattern times name.
 * @returns the test for names, or `undefined` where Go says the pattern is bad
 */
export function compileGlob(pattern: string): ((name: string) => boolean) | undefined {
  const prefix = literalPrefix(pattern);
  // The usual form, `prefix.*`: 10,000 templates must not cost 10,000 parsed patterns.
  if (pattern === `${prefix}*`) return (name) => name.startsWith(prefix) && !name.includes("/", prefix.length);
  const chunks = readChunks(pattern);
  if (chunks === undefined) return undefined;
  const shortest = chunks.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return (name) => shortest <= name.length && name.startsWith(prefix) && matches(chunks, inCharacters(name));
}

/** Of names in code-unit order, those that begin with the prefix: costs the hits and not all names. */
export function namesWithPrefix(sorted: readonly string[], prefix: string): string[] {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < prefix) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < sorted.length && sorted[end]!.startsWith(prefix)) end++;
  return sorted.slice(low, end);
}

/** Of names in code-unit order, those that a pattern matches, or the name itself; a bad pattern matches nothing. */
export function namesHit(sorted: readonly string[], pattern: string): string[] {
  const within = namesWithPrefix(sorted, literalPrefix(pattern));
  const hits = within.length === 0 ? undefined : compileGlob(pattern);
  return hits === undefined ? [] : within.filter(hits);
}

/** Whether the pattern matches the name; a bad pattern matches nothing. */
export function globMatch(pattern: string, name: string): boolean {
  return compileGlob(pattern)?.(name) ?? false;
}

/** Many patterns, each with what stands for it: a name costs only the patterns whose literal beginning it shares. */
export class GlobIndex<T> {
  readonly #byPrefix = new Map<string, { readonly hits: (name: string) => boolean; readonly value: T }[]>();

  /** A bad pattern matches nothing. */
  add(pattern: string, value: T): void {
    const hits = compileGlob(pattern);
    if (hits === undefined) return;
    const prefix = literalPrefix(pattern);
    const same = this.#byPrefix.get(prefix);
    if (same === undefined) this.#byPrefix.set(prefix, [{ hits, value }]);
    else same.push({ hits, value });
  }

  /** What stands for the patterns that match, those with the shortest literal beginning first, else as added. */
  *matching(name: string): Generator<T> {
    for (let end = 0; end <= name.length; end++) {
      for (const { hits, value } of this.#byPrefix.get(name.slice(0, end)) ?? []) if (hits(name)) yield value;
    }
  }
}

type Characters = string | readonly string[];

/** A name by its characters, which in all but strange ones are its code units. */
function inCharacters(name: string): Characters {
  return /[\ud800-\udfff]/.test(name) ? [...name] : name;
}

function matches(chunks: readonly Chunk[], name: Characters): boolean {
  let at = 0;
  for (const [index, { star, tokens }] of chunks.entries()) {
    const last = index === chunks.length - 1;
    // The last chunk has to end the name, any other takes the first place it fits: Go never goes back.
    const latest = name.length - tokens.length;
    let place = star && last ? Math.max(at, latest) : at;
    if (star && last && name.slice(at, place).includes("/")) return false;
    while (!fits(tokens, name, place)) {
      if (!star || place >= latest || name[place] === "/") return false;
      place++;
    }
    at = place + tokens.length;
  }
  return at === name.length;
}

function fits(tokens: readonly Token[], name: Characters, at: number): boolean {
  if (at + tokens.length > name.length) return false;
  return tokens.every((token, index) => {
    const char = name[at + index]!;
    if (typeof token === "string") return token === char;
    return token === ANY ? char !== "/" : inClass(token, char.codePointAt(0)!);
  });
}

function inClass({ negated, ranges }: CharacterClass, code: number): boolean {
  let low = 0;
  for (let high = ranges.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]![1] < code) low = middle + 1;
    else high = middle;
  }
  const found = low < ranges.length && ranges[low]![0] <= code;
  return found !== negated;
}

/** `undefined` where Go says the pattern is bad. */
function readChunks(pattern: string): Chunk[] | undefined {
  const chars = [...pattern];
  const chunks: Chunk[] = [];
  let tokens: Token[] = [];
  let star = false;
  for (let i = 0; i < chars.length; ) {
    const char = chars[i]!;
    if (char === "*") {
      if (star ? tokens.length > 0 : i > 0) {
        chunks.push({ star, tokens });
        tokens = [];
      }
      star = true;
      i++;
    } else if (char === "[") {
      const read = readClass(chars, i + 1);
      if (read === undefined) return undefined;
      tokens.push(read.found);
      i = read.end;
    } else if (char === "\\") {
      if (i + 1 === chars.length) return undefined;
      tokens.push(chars[i + 1]!);
      i += 2;
    } else {
      tokens.push(char === "?" ? ANY : char);
      i++;
    }
  }
  return [...chunks, { star, tokens }];
}

/** Reads `a-c]` or `^a-c]`; `undefined` where Go says the pattern is bad. */
function readClass(chars: readonly string[], start: number): { found: CharacterClass; end: number } | undefined {
  let i = start;
  const negated = chars[i] === "^";
  if (negated) i++;
  const ranges: [number, number][] = [];
  for (let first = true; first || chars[i] !== "]"; first = false) {
    const low = readMember(chars, i);
    if (low === undefined) return undefined;
    i = low.end;
    let high = low;
    if (chars[i] === "-") {
      const member = readMember(chars, i + 1);
      if (member === undefined) return undefined;
      high = member;
      i = member.end;
    }
    // A descending range matches nothing in Go.
    if (low.code <= high.code) ranges.push([low.code, high.code]);
  }
  return { found: { negated, ranges: joined(ranges) }, end: i + 1 };
}

function joined(ranges: [number, number][]): [number, number][] {
  const apart: [number, number][] = [];
  for (const [low, high] of ranges.sort((a, b) => a[0] - b[0])) {
    const previous = apart.at(-1);
    if (previous !== undefined && low <= previous[1] + 1) previous[1] = Math.max(previous[1], high);
    else apart.push([low, high]);
  }
  return apart;
}

function readMember(chars: readonly string[], at: number): { code: number; end: number } | undefined {
  const char = chars[at];
  if (char === undefined || char === "-" || char === "]") return undefined;
  if (char !== "\\") return { code: char.codePointAt(0)!, end: at + 1 };
  const next = chars[at + 1];
  return next === undefined ? undefined : { code: next.codePointAt(0)!, end: at + 2 };
}
