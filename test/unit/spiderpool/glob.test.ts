import { describe, expect, test } from "vitest";
import { compileGlob, globMatch, isPattern, namesWithPrefix } from "../../../src/core/spiderpool/ipam/glob.js";

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
