import { namesakes, shortKey, workloadOfPod } from "../cluster/workload-of.js";
import type { Snapshot } from "../snapshot.js";

/** The workload that is meant, or why it cannot be told. */
export type FoundWorkload = { readonly key: string } | { readonly error: string };

/**
 * Finds a workload by `namespace/Kind/name`, with or without the group of its kind, by `namespace/name` where one has that
 * name, or by an owner of it. A workload that only its Pods' endpoints tell of is found as `status` prints it.
 */
export function findWorkload(snapshot: Snapshot, name: string): FoundWorkload {
  const parts = name.split("/");
  const whole = parts.slice(0, 3).join("/");
  if (snapshot.workloads.has(whole)) return { key: whole };
  const keys = matching([...(namesakes(snapshot.workloads).get(shortOf(parts)) ?? [])], parts);
  const found = keys.length > 0 ? keys : matching(seenOnly(snapshot), parts);
  if (found.length > 1) return { error: `${name} may be any of ${found.join(", ")}; write it in full` };
  return found[0] === undefined ? { error: `the cluster has no workload ${name}` } : { key: found[0] };
}

function shortOf(parts: readonly string[]): string {
  return parts.length === 2 ? parts.join("/") : `${parts[0]}/${parts[2]}`;
}

function matching(keys: readonly string[], parts: readonly string[]): string[] {
  const [, kind] = parts;
  const fits = (key: string) =>
    shortKey(key) === shortOf(parts) &&
    (parts.length === 2 || kindOf(key) === kind || kindOf(key).split(".")[0] === kind);
  return [...new Set(keys)].filter(fits).sort();
}

function kindOf(key: string): string {
  return key.split("/")[1] ?? "";
}

/** Workloads of which only Pods or endpoints are in the snapshot. */
function seenOnly(snapshot: Snapshot): string[] {
  const pods = [...snapshot.endpoints.keys(), ...snapshot.pods.keys()];
  return pods.flatMap((pod) => {
    const key = workloadOfPod(snapshot, pod);
    return key === undefined || snapshot.workloads.has(key) ? [] : [key];
  });
}
