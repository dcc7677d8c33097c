import { describe, expect, test } from "vitest";
import {
  compileGlob,
  GlobIndex,
  globMatch,
  isPattern,
  namesWithPrefix,
} from "../../../src/core/spiderpool/ipam/glob.js";

/** As Go's filepath.Match has it. */
describe("a pattern", () => {
  test.each<[pattern: string, hits: string[], misses: string[]]>([
    ["a.*", ["a.", "a.b", "a.b.c"], ["a", "b.a.b"]],
    ["*", ["", "a"], ["a/b"]],
    ["a?c", ["abc"], ["ac", "abbc"]],
    ["a.c", ["a.c"], ["abc"]],
    ["[a-c]x", ["ax", "cx"], ["dx", "-x", "x"]],
    ["[ac]x", ["ax", "cx"], ["bx"]],
    ["[^a-c]x", ["dx", "-x"], ["ax", "x"]],
    ["[\\]]", ["]"], ["\\", ""]],
    ["[a\\-c]", ["a", "-", "c"], ["b"]],
    ["[c-a]", [], ["a", "b", "c", ""]],
    ["[^c-a]", ["a", "b"], [""]],
    ["[c-ax]", ["x"], ["a", "b", "c"]],
    ["a\\*", ["a*"], ["ab", "a\\*"]],
    ["(a|b)+", ["(a|b)+"], ["a"]],
  ])("%s", (pattern, hits, misses) => {
    expect([...hits, ...misses].filter((name) => globMatch(pattern, name))).toEqual(hits);
  });

  test.each(["a\\", "[", "[]", "[]a]", "[^]", "[a", "[a-", "[a-]", "[-a]", "[\\"])(
    "%s is a bad one and matches nothing",
    (pattern) => {
      expect(compileGlob(pattern)).toBeUndefined();
      expect(globMatch(pattern, pattern)).toBe(false);
    },
  );

  test("is told from a name", () => {
    expect(["a.b-1", "a*", "a?", "[a]", "a\\b"].map(isPattern)).toEqual([false, true, true, true, true]);
  });
});

test("names with a prefix are found in a sorted list, the prefix itself among them", () => {
  const names = ["a", "ab", "abc", "b", "ba"];
  expect(["", "a", "ab", "b", "bb", "c"].map((prefix) => namesWithPrefix(names, prefix))).toEqual([
    names,
    ["a", "ab", "abc"],
    ["ab", "abc"],
    ["b", "ba"],
    [],
    [],
  ]);
});

/** The table of Go's own test of filepath.Match: `undefined` where Match returns ErrBadPattern. */
test.each<[pattern: string, name: string, matched: boolean | undefined]>([
  ["abc", "abc", true],
  ["*", "abc", true],
  ["*c", "abc", true],
  ["a*", "a", true],
  ["a*", "abc", true],
  ["a*", "ab/c", false],
  ["a*/b", "abc/b", true],
  ["a*/b", "a/c/b", false],
  ["a*b*c*d*e*/f", "axbxcxdxe/f", true],
  ["a*b*c*d*e*/f", "axbxcxdxexxx/f", true],
  ["a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false],
  ["a*b*c*d*e*/f", "axbxcxdxexxx/fff", false],
  ["a*b?c*x", "abxbbxdbxebxczzx", true],
  ["a*b?c*x", "abxbbxdbxebxczzy", false],
  ["ab[c]", "abc", true],
  ["ab[b-d]", "abc", true],
  ["ab[e-g]", "abc", false],
  ["ab[^c]", "abc", false],
  ["ab[^b-d]", "abc", false],
  ["ab[^e-g]", "abc", true],
  ["a\\*b", "a*b", true],
  ["a\\*b", "ab", false],
  ["a?b", "a\u263ab", true],
  ["a[^a]b", "a\u263ab", true],
  ["a???b", "a\u263ab", false],
  ["a[^a][^a][^a]b", "a\u263ab", false],
  ["[a-\u03b6]*", "\u03b1", true],
  ["*[a-\u03b6]", "A", false],
  ["a?b", "a/b", false],
  ["a*b", "a/b", false],
  ["[\\]a]", "]", true],
  ["[\\-]", "-", true],
  ["[x\\-]", "x", true],
  ["[x\\-]", "-", true],
  ["[x\\-]", "z", false],
  ["[\\-x]", "x", true],
  ["[\\-x]", "-", true],
  ["[\\-x]", "a", false],
  ["[]a]", "]", undefined],
  ["[-]", "-", undefined],
  ["[x-]", "x", undefined],
  ["[x-]", "-", undefined],
  ["[x-]", "z", undefined],
  ["[-x]", "x", undefined],
  ["[-x]", "-", undefined],
  ["[-x]", "a", undefined],
  ["\\", "a", undefined],
  ["[a-b-c]", "a", undefined],
  ["[", "a", undefined],
  ["[^", "a", undefined],
  ["[^bc", "a", undefined],
  ["a[", "a", undefined],
  ["a[", "ab", undefined],
  ["a[", "x", undefined],
  ["a/b[", "x", undefined],
  ["*x", "xxx", true],
  // A class may match a slash, and Go does not go back to let an earlier star stop before another one.
  ["a[^b]c", "a/c", true],
  ["*[^x]*b", "a/b", false],
])("Go matches %s against %s: %s", (pattern, name, matched) => {
  expect(compileGlob(pattern)?.(name)).toBe(matched);
});

describe("a hostile pattern", () => {
  const name = `${"a".repeat(252)}b`;
  const ranges = Array.from({ length: 30_000 }, (_, i) => `${String.fromCodePoint(0x1000 + 2 * i)}`).join("");
  test.each<[what: string, pattern: string, matched: boolean]>([
    ["alternating stars", `${"*?".repeat(120)}!`, false],
    ["alternating stars and letters", `${"*a".repeat(120)}!`, false],
    ["a star per letter", `${"*a".repeat(252)}*b`, true],
    ["a long chunk that nearly fits everywhere", `*${"a".repeat(126)}!*`, false],
    ["100,000 stars", `${"*".repeat(100_000)}b`, true],
    ["100,000 letters", "?".repeat(100_000), false],
    ["classes of 30,000 characters", `*[${ranges}]*[a]`, false],
  ])("is answered at once: %s", (_what, pattern, matched) => {
    const glob = compileGlob(pattern)!;
    const started = performance.now();
    for (let i = 0; i < 100; i++) expect(glob(name)).toBe(matched);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

test("an index of patterns finds those that match, the shortest beginning first, and passes over bad ones", () => {
  const index = new GlobIndex<number>();
  for (const [value, pattern] of ["a.b.*", "*", "a.*", "[", "b.*", "a.?.c"].entries()) index.add(pattern, value);
  expect([...index.matching("a.b.c")]).toEqual([1, 2, 5, 0]);
  expect([...index.matching("b.")]).toEqual([1, 4]);
});
