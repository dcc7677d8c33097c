import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPlanFolder } from "../../src/adapters/plan-files/plan-loader.js";
import { startRest } from "../../src/app/apply/start-rest.js";
import type { Lock } from "../../src/core/allocate/allocation.js";
import { applyMergePatch } from "../../src/core/change/merge-patch.js";
import { hasErrors } from "../../src/core/diagnostics.js";
import { decide } from "../../src/core/engine.js";
import type { Options, Outcome } from "../../src/core/outcome.js";
import { mergePlan } from "../../src/core/plan/merge.js";
import type { Plan } from "../../src/core/plan/plan.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";

/** What most tests run with; single fields are overridden. */
export const OPTIONS: Options = {
  install: "default",
  prune: true,
  atomic: false,
  now: Date.parse("2026-11-22T00:00:00Z"),
  purpose: "plan",
};

export const NO_LOCK: Lock = { files: false, subnets: new Map() };

/** The checked plan of a `spec:` in YAML, read through the real loader; throws when it has an error. */
export async function planOf(spec: string, cluster?: string): Promise<Plan> {
  const folder = mkdtempSync(join(tmpdir(), "spiderplan-test-"));
  try {
    const indented = spec.replace(/^/gm, "  ");
    writeFileSync(
      join(folder, "plan.yaml"),
      `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${indented}\n`,
    );
    const loaded = await loadPlanFolder(folder);
    const merged = mergePlan(loaded.documents, cluster);
    const found = [...loaded.diagnostics, ...merged.diagnostics];
    if (merged.value === undefined || hasErrors(found))
      throw new Error(found.map((one) => `${one.code} ${one.message}`).join("\n"));
    return merged.value;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Decides on a cluster of which everything is known. */
export async function decideOn(
  spec: string,
  live: readonly KubeObject[],
  options: Partial<Options> = {},
): Promise<Outcome> {
  const snapshot = buildSnapshot(live, Object.keys(KINDS));
  return decide(await planOf(spec), NO_LOCK, snapshot, { ...OPTIONS, ...options });
}

/** One line a step: `wave action Kind name [blocked type]`. */
export function told(outcome: Outcome): string[] {
  return outcome.steps.map((step) => {
    const name = step.namespace ? `${step.namespace}/${step.name}` : step.name;
    return [step.wave, step.action, step.kind.kind, name, ...(step.blocked ? [`[${step.blocked.type}]`] : [])].join(
      " ",
    );
  });
}

/**
 * The cluster after all steps that are not held back: what a perfect apply leaves, webhooks included.
 * @param now when it runs, in milliseconds since 1970: rests begin then
 */
export function applied(outcome: Outcome, live: readonly KubeObject[], now = OPTIONS.now): KubeObject[] {
  const key = (object: KubeObject) => `${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`;
  const objects = new Map(live.map((object) => [key(object), object]));
  for (const decided of outcome.steps) {
    if (decided.blocked) continue;
    const step = startRest(decided, undefined, now);
    const at = key(step.object);
    if (step.action === "delete") objects.delete(at);
    else if (step.action === "create")
      objects.set(at, {
        ...step.object,
        metadata: { ...step.object.metadata, uid: `uid-${at}`, resourceVersion: "1" },
      });
    else objects.set(at, applyMergePatch(objects.get(at), step.patch ?? {}) as KubeObject);
  }
  return [...objects.values()];
}
