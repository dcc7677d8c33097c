import { templateFacts } from "../../cluster/pod-facts.js";
import type { Diagnostic } from "../../diagnostics.js";
import { podTemplate, type Snapshot } from "../../snapshot.js";
import { ownChoiceText } from "../../spiderpool/ipam/annotations.js";
import type { Candidates } from "../../spiderpool/ipam/candidates.js";
import { askedNics } from "../../spiderpool/ipam/nics.js";
import type { KubeObject, SpiderIPPool } from "../../spiderpool/objects.js";
import { candidatesIn } from "../replay.js";
import type { Watch } from "./watch.js";
import { some } from "./words.js";

const WORDS = {
  "namespace annotation": "a Namespace's default pools",
  "network configuration": "a network's default pools",
  "default pools": "the cluster's default pools",
} as const;

/** Workloads without a choice of their own whose candidates a changed default replaces (A1); first defaults are no news. */
export function defaultWarnings(watch: Watch): Diagnostic[] {
  const changed = changedDefaults(watch);
  if (changed.size === 0) return [];
  const found = new Map<keyof typeof WORDS, string[]>();
  for (const [key, workload] of inOrder(watch.snapshot)) {
    const now = watch.after.workloads.get(key);
    if (now === undefined || hasOwnChoice(now) || hasOwnChoice(workload)) continue;
    for (const nic of askedNics(templateFacts(workload, watch.snapshot))) {
      const was = candidatesIn(watch.before, templateFacts(workload, watch.snapshot), nic);
      const will = candidatesIn(watch.last, templateFacts(now, watch.after), nic);
      const source = [will.source, was.source].find((one) => changed.has(one)) as keyof typeof WORDS | undefined;
      if (source === undefined || names(was) === "" || names(was) === names(will)) continue;
      const told = `${nic} of ${key}: ${names(was)} -> ${names(will) || "none"}`;
      found.set(source, [...(found.get(source) ?? []), told]);
    }
  }
  return [...found].map(([source, told]) => ({
    code: "SP4214",
    severity: "warning",
    message: `${WORDS[source]} change, and with them the candidates of workloads that name no pools: ${some(told)}`,
    hint: "name the pools in the workloads that are to keep theirs",
  }));
}

/** Which sources of candidates the steps write. */
function changedDefaults({ steps }: Watch): ReadonlySet<Candidates["source"]> {
  const changed = new Set<Candidates["source"]>();
  for (const step of steps) {
    if (step.kind.kind === "Namespace") changed.add("namespace annotation");
    if (step.kind.kind === "SpiderMultusConfig") changed.add("network configuration");
    if (step.kind.kind !== "SpiderIPPool") continue;
    const isDefault = (object: KubeObject | undefined) => (object as SpiderIPPool | undefined)?.spec.default === true;
    if (isDefault(step.object) || isDefault(step.live)) changed.add("default pools");
  }
  return changed;
}

/** Most workloads have one; subnet annotations are a choice only where the feature is on (A1). */
function hasOwnChoice(workload: KubeObject): boolean {
  return ownChoiceText(podTemplate(workload)?.metadata?.annotations ?? {}) !== undefined;
}

function names({ v4, v6 }: Candidates): string {
  return [...v4, ...v6].join("+");
}

function inOrder({ workloads }: Snapshot): [string, KubeObject][] {
  return [...workloads].sort(([a], [b]) => (a < b ? -1 : 1));
}
