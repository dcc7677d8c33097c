import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "../support/cli.js";

test("docs/threat-model.md: each row names a test that is there", () => {
  const rows = readFileSync(join(PROJECT, "docs/threat-model.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(1);
  expect(rows.length).toBeGreaterThan(8);
  for (const row of rows) {
    const [, named] = /`(test\/[\w/-]+\.test\.ts)` \|$/.exec(row) ?? [];
    expect(named, row).toBeDefined();
    expect(existsSync(join(PROJECT, named!)), named).toBe(true);
  }
});
