import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadPlanFolder } from "../../src/adapters/plan-files/plan-loader.js";
import { decide } from "../../src/core/engine.js";
import { mergePlan } from "../../src/core/plan/merge.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { NO_LOCK, OPTIONS } from "../support/decide.js";

/** What the real Spiderpool did to real Pods after one edit (SPIDERPOOL.md D4). */
const folder = join(dirname(fileURLToPath(import.meta.url)), "../../../shared/cases/truth");
const cases = existsSync(folder) ? readdirSync(folder).sort() : [];

describe.skipIf(cases.length === 0)(
  "the verdict says what the real Spiderpool did (skipped where ../shared/cases is absent)",
  () => {
    test.each(cases)("%s", async (name) => {
      const read = (file: string) => JSON.parse(readFileSync(join(folder, name, file), "utf8"));
      const truth = read("truth.json") as { real: string; before: Record<string, unknown[]> };
      const { items } = read("snapshot.json") as { items: KubeObject[] };
      const merged = mergePlan((await loadPlanFolder(join(folder, name, "plan"))).documents, undefined);
      const snapshot = buildSnapshot(items, new Set(items.map((item) => item.kind)));
      const { verdict } = decide(merged.value!, NO_LOCK, snapshot, OPTIONS);
      const pods = Object.keys(truth.before).sort();
      const told = (entries: readonly { pod: string }[]) => entries.map((entry) => entry.pod.split("/")[1]).sort();
      expect({ moves: told(verdict.moves), strands: told(verdict.strands), released: told(verdict.released) }).toEqual({
        moves: truth.real === "moves" ? pods : [],
        strands: truth.real === "strands" ? pods : [],
        released: truth.real === "refused" ? pods : [],
      });
      expect(verdict.stable).toBe(truth.real === "stays");
    });
  },
);
