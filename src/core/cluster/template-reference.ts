import { isFields } from "../spiderpool/json.js";
import { unreadableReason } from "../spiderpool/limits.js";
import { type KubeObject, kindText, OWN } from "../spiderpool/objects.js";
import { podTemplate } from "./snapshot.js";
import { referencedKey, workloadKey } from "./workload-of.js";

/*
 * A Rollout of Argo may have no Pod template of its own: its `workloadRef` names the Deployment whose template it makes Pods
 * from, and which runs none itself. Here the Rollout has that template, so that everybody judges it as any other workload.
 */

/** The kind as owners spell it. */
export const ROLLOUT = "Rollout.argoproj.io";

type Workloads = ReadonlyMap<string, KubeObject>;

/** `namespace/Kind/name` of the workload whose Pod template this one uses; Kruise's Rollouts lead one that makes its own Pods. */
export function templateKeeper(workload: KubeObject): string | undefined {
  if (!isFields(workload.spec) || kindText(workload) !== ROLLOUT) return undefined;
  const { workloadRef } = workload.spec;
  if (!isFields(workloadRef)) return undefined;
  const { apiVersion, kind, name } = workloadRef;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") return undefined;
  return referencedKey(workload.metadata.namespace ?? "", { apiVersion, kind, name });
}

/** The workload with the Pod template it uses, and the selector where it has none; undefined where nobody knows them. */
export function withTemplateOf(workload: KubeObject, workloads: Workloads): KubeObject | undefined {
  const keeper = workloads.get(templateKeeper(workload) ?? "");
  const template = keeper && podTemplate(keeper);
  if (keeper === undefined || template === undefined) return undefined;
  const { selector } = keeper.spec as { selector?: unknown };
  const reason = unreadableReason(workload) ?? unreadableReason(keeper);
  const annotations = { ...workload.metadata.annotations, ...(reason !== undefined && { [OWN.unreadable]: reason }) };
  return {
    ...workload,
    metadata: reason === undefined ? workload.metadata : { ...workload.metadata, annotations },
    // A file may have left the containers of a Deployment out; that they are Pods is known.
    spec: {
      selector,
      ...(workload.spec as object),
      template: { ...template, spec: { containers: [], ...template.spec } },
    },
  };
}

const remembered = new WeakMap<Workloads, ReadonlyMap<string, readonly string[]>>();

/** Who uses whose Pod template: keys of the users by that of the workload that has it. */
export function templateUsers(workloads: Workloads): ReadonlyMap<string, readonly string[]> {
  const known = remembered.get(workloads);
  if (known !== undefined) return known;
  const users = new Map<string, string[]>();
  for (const workload of workloads.values()) {
    const keeper = templateKeeper(workload);
    if (keeper === undefined) continue;
    const same = users.get(keeper);
    if (same === undefined) users.set(keeper, [workloadKey(workload)]);
    else same.push(workloadKey(workload));
  }
  remembered.set(workloads, users);
  return users;
}
