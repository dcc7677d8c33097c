import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "../support/cli.js";

/** Those that write only below a folder which they made themselves under a name that nobody could know, or the operator's cache. */
const OWN_FOLDER = [
  "adapters/git/connection.ts",
  "adapters/git/local-copy.ts",
  "adapters/git/trusted-keys.ts",
  "cli/demo-stage.ts",
  "cli/diff.ts",
];

const WRITES = /\b(writeFile|appendFile|createWriteStream|copyFile|cp|rename|symlink|link|truncate)(Sync)?\b/;

test("files in folders that others may have prepared are written in one place", () => {
  const src = join(PROJECT, "src");
  const writers = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const imports = readFileSync(path, "utf8").match(/^import \{[^}]*\} from "node:fs(\/promises)?";$/gm) ?? [];
      return WRITES.test(imports.join("\n"));
    })
    .map((path) => relative(src, path).replaceAll("\\", "/"));
  expect(writers.sort()).toEqual(["adapters/files/safe-files.ts", ...OWN_FOLDER].sort());
});
