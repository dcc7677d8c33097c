import type { Snapshot } from "../snapshot.js";

/** The workload that is meant, or why it cannot be told. */
export type FoundWorkload = { readonly key: string } | { readonly error: string };

/** Finds a live workload by `namespace/Kind/name`, `namespace/name` where one has that name, or an owner of it. */
export function findWorkload(snapshot: Snapshot, name: string): FoundWorkload {
  const parts = name.split("/");
  const whole = parts.slice(0, 3).join("/");
  if (snapshot.workloads.has(whole)) return { key: whole };
  const keys = [...snapshot.workloads.keys()].filter((key) => parts.length === 2 && shortKey(key) === name).sort();
  if (keys.length > 1) return { error: `${name} may be any of ${keys.join(", ")}; write it in full` };
  return keys[0] === undefined ? { error: `the cluster has no workload ${name}` } : { key: keys[0] };
}

/** `default/Deployment/app` -> `default/app`. */
export function shortKey(key: string): string {
  const [namespace, , ...name] = key.split("/");
  return `${namespace}/${name.join("/")}`;
}
