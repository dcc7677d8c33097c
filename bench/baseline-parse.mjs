// The baseline of the plan row: read the same files and parse them, nothing else. Usage: baseline-parse.mjs PLAN SNAPSHOT
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";

const [plan, snapshot] = process.argv.slice(2);
let kept = 0;
for (const file of readdirSync(plan)) {
  const value = parseDocument(readFileSync(join(plan, file), "utf8"), { uniqueKeys: false }).toJS({ maxAliasCount: 0 });
  kept += Object.keys(value.spec).length;
}
kept += JSON.parse(readFileSync(snapshot, "utf8")).items.length;
process.exit(kept > 0 ? 0 : 1);
