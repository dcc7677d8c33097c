import type { DesiredObject } from "../change/desired-object.js";
import { identity, sortedJson } from "../change/ownership.js";
import type { SharedAnnotations } from "../change/shared-annotations.js";
import { templateKeeper } from "../cluster/template-reference.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { canonicalMultus } from "../spiderpool/canonical.js";
import { KEYS, KINDS, type KubeObject, OWN, type SpiderMultusConfig } from "../spiderpool/objects.js";
import { templateAnnotations } from "./annotations.js";
import type { Binding } from "./binding.js";

/** Fields Spiderpool or people fill in beside us: nulled only if we wrote them (DESIGN 4). */
const KEPT_UNLESS_OURS = ["chainCNIJsonData", "coordinator", "enableCoordinator"] as const;

/** The SpiderMultusConfigs of a plan, in canonical form. */
export function desiredNetworks(plan: Plan, snapshot: Snapshot, install: string): DesiredObject[] {
  const kind = KINDS.SpiderMultusConfig;
  return [...plan.networks.values()].map((network) => {
    const written = KEPT_UNLESS_OURS.filter((field) => network.spec[field] !== undefined);
    const annotations =
      written.length > 0 ? { ...network.annotations, [OWN.applied]: written.join(",") } : network.annotations;
    const base = identity(install, kind, network.objectName, {
      namespace: network.namespace,
      meta: network.meta,
      annotations,
    });
    const live = snapshot.multusConfigs.get(network.name);
    const object = { ...base, spec: { ...keptFields(network.spec, live), ...network.spec } } as SpiderMultusConfig;
    return {
      kind,
      object: canonicalMultus(object),
      reason: `${String(network.spec.cniType ?? "custom")} network`,
      source: network.source,
      scope: "whole",
    };
  });
}

function keptFields(
  spec: Readonly<Record<string, unknown>>,
  live: SpiderMultusConfig | undefined,
): Record<string, unknown> {
  const ours = live?.metadata.annotations?.[OWN.applied]?.split(",") ?? [];
  const kept = KEPT_UNLESS_OURS.filter(
    (field) => spec[field] === undefined && live?.spec[field] !== undefined && !ours.includes(field),
  );
  return Object.fromEntries(kept.map((field) => [field, live?.spec[field]]));
}

/** Default pools of Namespaces, and of Namespaces that still carry ours, so that they can be taken back. */
export function namespaceAnnotations(plan: Plan, snapshot: Snapshot, { familyOfPool }: Binding): SharedAnnotations[] {
  const names = new Set(plan.namespaces.keys());
  for (const [name, live] of snapshot.namespaces) if (live.metadata.annotations?.[OWN.applied]) names.add(name);
  return [...names].sort().map((name) => {
    const wanted = plan.namespaces.get(name);
    const v4 = (wanted?.defaultPools ?? []).filter((pool) => familyOfPool(pool) !== 6);
    const v6 = (wanted?.defaultPools ?? []).filter((pool) => familyOfPool(pool) === 6);
    return {
      kind: KINDS.Namespace,
      name,
      live: snapshot.namespaces.get(name),
      on: "object",
      annotations: {
        ...(v4.length > 0 && { [KEYS.namespaceDefaultV4]: JSON.stringify(v4) }),
        ...(v6.length > 0 && { [KEYS.namespaceDefaultV6]: JSON.stringify(v6) }),
      },
      yielding: [],
      source: wanted?.source,
      reason:
        wanted === undefined
          ? "no default pools in the plan any more"
          : `default pools ${wanted.defaultPools.join(", ")}`,
    };
  });
}

/** The Pod templates of workloads with `annotate: true`; writing them is a rollout and is shown as one. */
export function workloadAnnotations(plan: Plan, snapshot: Snapshot, binding: Binding): SharedAnnotations[] {
  const wanted: SharedAnnotations[] = [];
  for (const workload of plan.workloads.values()) {
    const live = snapshot.workloads.get(workload.name);
    // What uses another's template has none to be written on; whoever uses it is told (template-warnings.ts).
    if (!workload.annotate || live === undefined || templateKeeper(live) !== undefined) continue;
    wanted.push({
      kind: kindOf(live),
      namespace: workload.namespace,
      name: workload.workload,
      live,
      on: "template",
      annotations: templateAnnotations(plan, workload, binding),
      yielding: [KEYS.networks, KEYS.defaultNetwork],
      source: workload.source,
      reason: "a rollout: the Pod template changes",
    });
  }
  return wanted;
}

/** The texts of one annotation key that mean the same give the same text: JSON in any order of keys and names. */
export function annotationText(_key: string, text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((part) => typeof part === "string")
      ? sortedJson([...value].sort())
      : sortedJson(value);
  } catch {
    return text;
  }
}

/** The API kind of a workload: one we know, or one made from the live object (third-party controllers). */
function kindOf(live: KubeObject) {
  const known = Object.values(KINDS).find((kind) => kind.kind === live.kind && kind.apiVersion === live.apiVersion);
  return (
    known ?? { apiVersion: live.apiVersion, kind: live.kind, plural: `${live.kind.toLowerCase()}s`, namespaced: true }
  );
}
