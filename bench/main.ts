import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { diffRow } from "./diff-row.js";
import { growthRow } from "./growth-row.js";
import type { Row } from "./measure.js";
import { operatorRows } from "./operator-row.js";
import { planRow } from "./plan-row.js";
import { setsRow } from "./sets-row.js";
import { syncRow } from "./sync-row.js";

/** Usage: npm run bench [-- ROW...]; rows: plan, growth, sets, diff, sync, operator. Ratios against baselines measured in the same run. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "spiderplan-bench-"));
const file = join(root, "bench/results.json");
const asked = process.argv.slice(2);
const ROUNDS = 3;

const rows: Record<string, () => Promise<Row[]>> = {
  sets: async () => [setsRow(ROUNDS)],
  diff: async () => [await diffRow(folder, ROUNDS, root)],
  sync: async () => [await syncRow(folder, ROUNDS, root)],
  operator: () => operatorRows(folder),
  plan: async () => [await planRow(folder, ROUNDS, root)],
  growth: async () => [await growthRow(folder, ROUNDS, root)],
};

const unknown = asked.filter((name) => rows[name] === undefined);
if (unknown.length > 0) {
  console.error(`unknown row ${unknown.join(", ")}; there are ${Object.keys(rows).join(", ")}`);
  process.exit(2);
}

const results: Row[] = [];
try {
  for (const name of asked.length > 0 ? asked : Object.keys(rows)) {
    for (const row of await rows[name]!()) {
      results.push(row);
      print(row);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
write(asked.length === 0 ? results : [...earlier(results), ...results]);

/** Rows of earlier runs that this one, of some rows only, did not measure again. */
function earlier(now: readonly Row[]): Row[] {
  const { rows: before } = JSON.parse(readFileSync(file, "utf8")) as { rows: Row[] };
  return before.filter(({ name }) => !now.some((row) => row.name === name));
}

function write(all: readonly Row[]): void {
  const machine = { node: process.version, cores: cpus().length };
  writeFileSync(file, `${JSON.stringify({ generated: "by npm run bench", machine, rows: all }, null, 2)}\n`);
}

function print(row: Row): void {
  console.log(`\n${row.name}\n  target: ${row.target}`);
  if (row.skipped) console.log(`  skipped: ${row.skipped}`);
  for (const [name, value] of Object.entries(row.figures)) console.log(`  ${String(value).padStart(10)}  ${name}`);
}
