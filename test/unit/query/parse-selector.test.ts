import { expect, test } from "vitest";
import { parseSelector } from "../../../src/core/query/parse-selector.js";

test.each<[text: string, requirements: string[]]>([
  ["zone=a,disk!=ssd", ["zone In a", "disk NotIn ssd"]],
  ["role in (a,b),!old , gpu", ["role In a,b", "old DoesNotExist ", "gpu Exists "]],
  ["a notin (b, c),d in (e),f=g", ["a NotIn b,c", "d In e", "f In g"]],
])("%s", (text, requirements) => {
  const read = parseSelector(text);
  if (typeof read === "string") throw new Error(read);
  const told = read.matchExpressions!.map(({ key, operator, values = [] }) => `${key} ${operator} ${values.join()}`);
  expect(told).toEqual(requirements);
});

test.each(["a=b,", "a in b", "a in (b,c", "a in (b)),c", "(a,b)", ",", "="])("%j is none", (text) => {
  expect(typeof parseSelector(text)).toBe("string");
});

test.each(["a,", "a=b,", "(", ")", "a in (b,", ",(", " "])("a text of 100,000 %j is read at once", (unit) => {
  const started = performance.now();
  parseSelector(unit.repeat(100_000));
  expect(performance.now() - started).toBeLessThan(1_000);
});
