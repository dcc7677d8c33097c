import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../", import.meta.url);

function sources(folder: string): string[] {
  return readdirSync(new URL(folder, ROOT), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, "utf8"));
}

const used = new Set(sources("src").flatMap((text) => [...text.matchAll(/"(SP\d{4})"/g)].map((match) => match[1]!)));
const rows = readFileSync(new URL("docs/errors.md", ROOT), "utf8")
  .split("\n")
  .flatMap((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return /^SP\d{4}$/.test(cells[1] ?? "") ? [{ code: cells[1]!, meaning: cells[2], what: cells[3] }] : [];
  });

test("every code in the sources is explained in docs/errors.md", () => {
  const explained = new Set(rows.map(({ code }) => code));
  expect([...used].filter((code) => !explained.has(code)).sort()).toEqual([]);
});

test("docs/errors.md explains no code that nothing reports", () => {
  expect(rows.map(({ code }) => code).filter((code) => !used.has(code))).toEqual([]);
});

test("each code is explained once, in order, with what to do", () => {
  const codes = rows.map(({ code }) => code);
  expect(codes).toEqual([...new Set(codes)].sort());
  for (const { meaning, what } of rows) {
    expect(meaning).toMatch(/\.$/);
    expect(what).toMatch(/\.$/);
  }
});
