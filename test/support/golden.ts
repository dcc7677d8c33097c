import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { PROJECT } from "./cli.js";

/**
 * Compares a text with the one recorded in test/cli/golden. `UPDATE_GOLDEN=1 npx vitest run --project offline test/cli`
 * records anew; the difference is then for review in Git.
 */
export function expectGolden(name: string, actual: string): void {
  const file = join(PROJECT, "test/cli/golden", name);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  expect(existsSync(file), `${name} is not recorded; run with UPDATE_GOLDEN=1`).toBe(true);
  expect(actual).toBe(readFileSync(file, "utf8"));
}
