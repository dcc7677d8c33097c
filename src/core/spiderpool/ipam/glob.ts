/** Whether a pool name in an annotation is a pattern rather than a literal name (A5). */
export function isPattern(name: string): boolean {
  return /[*?[\\]/.test(name);
}

/** What stands before the first special character of a pattern. */
export function literalPrefix(pattern: string): string {
  return /^[^*?[\\]*/.exec(pattern)![0];
}

/**
 * Go's filepath.Match: `*` and `?` stand for anything but a slash, `[a-z]` and `[^a-z]` for one character, a backslash
 * takes the next character literally.
 * @returns the test for names, or `undefined` where Go says the pattern is bad
 */
export function compileGlob(pattern: string): ((name: string) => boolean) | undefined {
  const prefix = literalPrefix(pattern);
  // The usual form, `prefix.*`: 10,000 templates must not cost 10,000 regular expressions.
  if (pattern === `${prefix}*`) return (name) => name.startsWith(prefix) && !name.includes("/", prefix.length);
  const regExp = toRegExp(pattern);
  return regExp && ((name) => regExp.test(name));
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

/** Whether the pattern matches the name; a bad pattern matches nothing. */
export function globMatch(pattern: string, name: string): boolean {
  return compileGlob(pattern)?.(name) ?? false;
}

function toRegExp(pattern: string): RegExp | undefined {
  let source = "";
  for (let i = 0; i < pattern.length; ) {
    const char = pattern[i]!;
    if (char === "[") {
      const set = readSet(pattern, i + 1);
      if (set === undefined) return undefined;
      source += set.source;
      i = set.end;
      continue;
    }
    if (char === "\\" && i + 1 === pattern.length) return undefined;
    if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "\\") source += quote(pattern[++i]!);
    else source += quote(char);
    i++;
  }
  return new RegExp(`^${source}$`, "u");
}

/** Reads `a-c]` or `^a-c]`; `undefined` where Go says the pattern is bad. */
function readSet(pattern: string, start: number): { source: string; end: number } | undefined {
  let i = start;
  const negated = pattern[i] === "^";
  if (negated) i++;
  const ranges: string[] = [];
  for (;;) {
    if (pattern[i] === "]" && ranges.length > 0) break;
    const low = readMember(pattern, i);
    if (low === undefined) return undefined;
    i = low.end;
    let high = low;
    if (pattern[i] === "-") {
      const member = readMember(pattern, i + 1);
      if (member === undefined) return undefined;
      high = member;
      i = member.end;
    }
    // A descending range matches nothing in Go, and would be a syntax error here.
    ranges.push(low.char <= high.char ? `${quote(low.char)}-${quote(high.char)}` : "");
  }
  return { source: `[${negated ? "^" : ""}${ranges.join("")}]`, end: i + 1 };
}

function readMember(pattern: string, at: number): { char: string; end: number } | undefined {
  const char = pattern[at];
  if (char === undefined || char === "-" || char === "]") return undefined;
  if (char !== "\\") return { char, end: at + 1 };
  const next = pattern[at + 1];
  return next === undefined ? undefined : { char: next, end: at + 2 };
}

function quote(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}
