import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadPlanFolder } from "../../src/adapters/plan-files/plan-loader.js";
import { mergePlan } from "../../src/core/plan/merge.js";
import { podTemplate } from "../../src/core/snapshot.js";
import { matches } from "../../src/core/spiderpool/selector.js";
import { clusterObjects, EXAMPLES, examples } from "../support/examples.js";

describe.each(examples().map((example) => [example.name, example] as const))("example %s", (_name, example) => {
  test("its plan loads and says nothing doubtful", async () => {
    const loaded = await loadPlanFolder(example.plan);
    const merged = mergePlan(loaded.documents, example.cluster);
    expect(loaded.fileCount).toBeGreaterThan(0);
    expect([...loaded.diagnostics, ...merged.diagnostics]).toEqual([]);
    expect(merged.value?.subnets.size).toBeGreaterThan(0);
  });

  test("its cluster holds every workload and namespace of the plan, with templates their selectors match", async () => {
    const loaded = await loadPlanFolder(example.plan);
    const plan = mergePlan(loaded.documents, example.cluster).value!;
    const objects = clusterObjects(example.snapshots);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const workload of plan.workloads.values()) {
      const kind = workload.kind.split(".")[0];
      expect(names).toContain(`${kind} ${workload.namespace}/${workload.workload}`);
      expect(names).toContain(`Namespace /${workload.namespace}`);
    }
    for (const object of objects) {
      const template = podTemplate(object);
      if (template === undefined) continue;
      const labels = template.metadata?.labels ?? {};
      const { selector } = object.spec as { selector?: { matchLabels: Record<string, string> } };
      if (selector !== undefined) expect(matches(selector, labels), object.metadata.name).toBe(true);
      const planned = [...plan.workloads.values()].find(
        (one) => one.namespace === object.metadata.namespace && one.workload === object.metadata.name,
      );
      if (planned?.pods !== undefined) expect(matches(planned.pods, labels), object.metadata.name).toBe(true);
    }
  });

  test("it is explained and listed", () => {
    expect(existsSync(`${EXAMPLES}${example.name}/README.md`)).toBe(true);
    expect(readFileSync(`${EXAMPLES}README.md`, "utf8")).toContain(`(${example.name})`);
  });
});

test("there is an example for every flow of the vendor's UI", () => {
  expect(examples().length).toBeGreaterThanOrEqual(17);
});
