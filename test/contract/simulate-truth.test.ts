import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadPlanFolder } from "../../src/adapters/plan-files/plan-loader.js";
import { decide } from "../../src/core/engine.js";
import { mergePlan } from "../../src/core/plan/merge.js";
import { simulate } from "../../src/core/query/simulate/simulate.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { resolveFacts } from "../../src/core/spiderpool/facts.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { snapshotAfter } from "../../src/core/verdict/after.js";
import { NO_LOCK, OPTIONS } from "../support/decide.js";

interface Truth {
  readonly real: "stays" | "moves" | "strands" | "refused";
  /** Pod -> [address, pool] of each NIC. */
  readonly before: Record<string, [string, string][]>;
  readonly after: Record<string, [string, string][] | { error: string }>;
}

/** What the real Spiderpool did when every Pod of a workload was restarted after one edit (SPIDERPOOL.md D4). */
const folder = join(dirname(fileURLToPath(import.meta.url)), "../../../shared/cases/truth");
const read = (name: string, file: string) => JSON.parse(readFileSync(join(folder, name, file), "utf8"));
/** Of an edit that was refused there is nothing to foresee. */
const cases = (existsSync(folder) ? readdirSync(folder).sort() : []).filter(
  (name) => (read(name, "truth.json") as Truth).real !== "refused",
);

describe.skipIf(cases.length === 0)(
  "simulate --restart all foresees what the real Spiderpool gave (skipped where ../shared/cases is absent)",
  () => {
    test.each(cases)("%s", async (name) => {
      const truth = read(name, "truth.json") as Truth;
      const { items } = read(name, "snapshot.json") as { items: KubeObject[] };
      const { value: plan } = mergePlan((await loadPlanFolder(join(folder, name, "plan"))).documents, undefined);
      const snapshot = buildSnapshot(items, new Set(items.map((item) => item.kind)));
      // The edit was made by hand there, whatever a verdict would have said.
      const steps = decide(plan!, NO_LOCK, snapshot, OPTIONS).steps.map(({ blocked: _, ...step }) => step);
      const edited = snapshotAfter(snapshot, steps);
      const request = { failed: [], drained: [], scale: new Map(), rollout: [], restart: true };
      const facts = resolveFacts(snapshot.facts, plan!.settings.spiderpool);
      const pods = new Set(Object.keys(truth.before));
      const foreseen = simulate(edited, facts, request).addresses.filter((one) => pods.has(one.pod.split("/")[1]!));
      const real = Object.values(truth.after).flatMap((nics) => (Array.isArray(nics) ? nics : [["none", "none"]]));
      const told = foreseen.map(({ after: [first] }) => (first ? [first.address, first.pool] : ["none", "none"]));
      const text = (list: string[][]) => list.map((one) => one.join(" ")).sort();
      expect(text(told)).toEqual(text(real));
    });
  },
);
