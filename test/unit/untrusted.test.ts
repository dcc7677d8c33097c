import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const REFUSED: readonly [line: string, told: string][] = [
  ["new RegExp(text)", "a text becomes a regular expression"],
  ['RegExp("^" + text)', "a text becomes a regular expression"],
  ["text.match(other)", "match() makes"],
  ['text.search("a.b")', "search() makes"],
  ["text.matchAll(other)", "matchAll() makes"],
  ["/(a+)+$/.test(text)", "a quantifier inside a quantified group"],
  ["/^(?:[a-z]*-?)*$/.test(text)", "a quantifier inside a quantified group"],
  ["/(\\s*,?\\s*\\w+){2,}/.test(text)", "a quantifier inside a quantified group"],
  ["/(.*\\.)*x/.test(text)", "a quantifier inside a quantified group"],
  ["found.push(...more)", "a list becomes the arguments of push()"],
  ["Math.max(...waves)", "a list becomes the arguments of max()"],
  ["union(...sets)", "a list becomes the arguments of union()"],
];
const FINE = [
  "text.match(/a+b/)",
  "const WORD = /a+/g; text.matchAll(WORD)",
  "/^[a-z]+(?:\\.[a-z0-9]*)*$/.test(text)",
  "/^(?:\\d+(?:ms|s))+$/.test(text)",
  "/[(+)]+/.test(text)",
  "const all = [...one, ...other]; print(...all)",
  "// few: at most two\nfound.push(...two)",
];

test("npm run check:untrusted refuses what a hostile text or list could stop the process with", () => {
  const folder = mkdtempSync(join(tmpdir(), "spiderplan-untrusted-"));
  for (const [index, line] of [...REFUSED.map(([one]) => one), ...FINE].entries())
    writeFileSync(join(folder, `${index}.ts`), `${line}\n`);
  const { stderr, status } = spawnSync(process.execPath, ["scripts/untrusted.mjs", folder], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  const told = (index: number) => stderr.split("\n").filter((line) => line.includes(join(folder, `${index}.ts:`)));
  expect(status).toBe(1);
  for (const [index, [, message]] of REFUSED.entries()) expect(told(index)).toEqual([expect.stringContaining(message)]);
  for (const index of FINE.keys()) expect(told(REFUSED.length + index)).toEqual([]);
});
