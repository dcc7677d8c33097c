import { changeText, type FieldChange, fieldChanges } from "../../change/field-changes.js";
import type { Step } from "../../change/step.js";
import { isFinished, isHostNetwork } from "../../cluster/lifecycle.js";
import { podFacts, templateFacts } from "../../cluster/pod-facts.js";
import { workloadOfPod } from "../../cluster/workload-of.js";
import type { Diagnostic } from "../../diagnostics.js";
import { podTemplate, type Snapshot } from "../../snapshot.js";
import { attachmentName } from "../../spiderpool/admission/network.js";
import { canonicalMultus } from "../../spiderpool/canonical.js";
import type { SpiderpoolFacts } from "../../spiderpool/facts.js";
import { additionalNics, FIRST_NIC, networkOfNic } from "../../spiderpool/ipam/networks.js";
import type { PodFacts } from "../../spiderpool/ipam/pod-facts.js";
import { isFields, parseJson } from "../../spiderpool/json.js";
import { CNI_BLOCKS } from "../../spiderpool/multus-defaults.js";
import { KINDS, type SpiderMultusConfig } from "../../spiderpool/objects.js";
import type { Watch } from "./watch.js";
import { pods, some } from "./words.js";

/** Fields of a CNI block that decide no link: default pools are judged as pools, rates only slow a Pod down. */
const NO_LINK = new Set(["ippools", "minTxRateMbps", "maxTxRateMbps"]);

/**
 * Networks in use whose link changes: VLAN, master, bond, type, MTU, resource, mode of the coordinator (DESIGN 6). The Pods keep their addresses, and
 * have them on another network after their next start, each at another time.
 */
export function networkEditWarnings({ steps, snapshot, facts }: Watch): Diagnostic[] {
  const edits = steps.flatMap((step) => {
    const changes = step.kind === KINDS.SpiderMultusConfig && step.action !== "create" ? linkChanges(step) : [];
    return changes.length === 0 ? [] : [{ step, changes }];
  });
  if (edits.length === 0) return [];
  const users = usersByNetwork(snapshot, facts);
  return edits.flatMap(({ step, changes }): Diagnostic[] => {
    const network = `${step.namespace}/${attachmentName(step.live ?? step.object)}`;
    const using = users.get(network);
    if (using === undefined) return [];
    const workloads = [...using.keys()].sort();
    const running = [...using.values()].reduce((sum, count) => sum + count, 0);
    const texts = changes.map(changeText);
    const who = `${workloads.length} ${workloads.length === 1 ? "workload uses" : "workloads use"} it (${pods(running)} running)`;
    return [
      {
        code: "SP4231",
        severity: "warning",
        message: `network ${network} changes (${some(texts)}), and ${who}: ${some(workloads)}; each Pod keeps its address, and has it on the changed network from its next start on`,
        hint: "change it when these Pods can restart together, or make a second network and move the workloads one by one",
        source: step.source,
        about: `network:${step.namespace}/${step.name}`,
      },
    ];
  });
}

/** What of a config its Pods' links are made of, before and after. */
function linkChanges(step: Step): FieldChange[] {
  if (step.live === undefined || step.action === "delete") return [];
  const before = canonicalMultus(step.live as SpiderMultusConfig).spec;
  return fieldChanges(linkOf(before), linkOf((step.object as SpiderMultusConfig).spec));
}

function linkOf(spec: SpiderMultusConfig["spec"]): Record<string, unknown> {
  const cniType = spec.cniType ?? "custom";
  const name = CNI_BLOCKS[cniType] ?? "";
  const block = spec[name];
  if (cniType === "custom") {
    // Its IPAM is the verdict's business.
    const config = parseJson(String(block ?? ""));
    return { cniType, customCNI: isFields(config) ? withoutIpam(config) : block };
  }
  const base = { cniType, ...coordinatorOf(spec) };
  if (!isFields(block)) return base;
  return { ...base, [name]: Object.fromEntries(Object.entries(block).filter(([field]) => !NO_LINK.has(field))) };
}

/** Underlay or overlay decides by which NIC and which host routes a Pod is reached; other fields of it only tune that. */
function coordinatorOf({ enableCoordinator, coordinator }: SpiderMultusConfig["spec"]): Record<string, unknown> {
  if (enableCoordinator === false) return { enableCoordinator };
  return { enableCoordinator: true, coordinator: { mode: (isFields(coordinator) && coordinator.mode) || "auto" } };
}

function withoutIpam({ ipam: _, plugins, ...rest }: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(plugins)) return rest;
  return { ...rest, plugins: plugins.map((plugin: unknown) => (isFields(plugin) ? withoutIpam(plugin) : plugin)) };
}

/**
 * Who is on a network or starts on it next, by network: workloads, and Pods of none, with how many Pods run. A workload may
 * have none; a template that leaves a network does so Pod by Pod.
 */
function usersByNetwork(snapshot: Snapshot, facts: SpiderpoolFacts): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const users = new Map<string, Map<string, number>>();
  const add = (pod: PodFacts, of: { readonly spec?: unknown } | undefined, user: string, running: number) => {
    if (isHostNetwork(of)) return;
    for (const network of networksOf(pod, facts)) {
      const known = users.get(network) ?? new Map<string, number>();
      users.set(network, known.set(user, (known.get(user) ?? 0) + running));
    }
  };
  for (const [name, pod] of snapshot.pods) {
    if (!isFinished(pod)) add(podFacts(pod, snapshot), pod, workloadOfPod(snapshot, name) ?? name, 1);
  }
  for (const [key, workload] of snapshot.workloads) {
    add(templateFacts(workload, snapshot), podTemplate(workload), key, 0);
  }
  return users;
}

function networksOf(pod: PodFacts, facts: SpiderpoolFacts): ReadonlySet<string> {
  const others = (additionalNics(pod) ?? []).map(({ network }) => network);
  return new Set([networkOfNic(pod, FIRST_NIC, facts) ?? "", ...others]);
}
