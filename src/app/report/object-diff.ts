import { applyMergePatch } from "../../core/change/merge-patch.js";
import type { Step } from "../../core/change/step.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { withoutServerFields } from "./canonical-object.js";
import { fileName } from "./media.js";

/** One object before and after, as YAML; empty where it does not exist. */
export interface ObjectDiff {
  /** `<group>.<version>.<Kind>.<namespace>.<name>`, as kubectl diff names its files. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/**
 * What each step changes. Both sides come from the live object, so nothing the server or others filled in can show up
 * as a difference; steps that only wait are left out.
 */
export function objectDiffs(steps: readonly Step[], yaml: (value: unknown) => string): ObjectDiff[] {
  return steps
    .filter((step) => step.blocked?.type !== "waiting")
    .map((step) => ({ name: nameOf(step), before: before(step, yaml), after: after(step, yaml) }))
    .filter((diff) => diff.before !== diff.after);
}

function before(step: Step, yaml: (value: unknown) => string): string {
  return step.action === "create" ? "" : yaml(withoutServerFields(step.live ?? step.object));
}

function after(step: Step, yaml: (value: unknown) => string): string {
  if (step.action === "delete") return "";
  if (step.live === undefined || step.patch === undefined) return yaml(withoutServerFields(step.object));
  return yaml(withoutServerFields(applyMergePatch(step.live, step.patch) as KubeObject));
}

function nameOf(step: Step): string {
  const version = step.kind.apiVersion.replace("/", ".");
  return fileName([version, step.kind.kind, step.namespace ?? "", step.name].join("."));
}
