import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { type FixedOptions, fixed, type run, subnet } from "./allocate-world.js";

/** What allocation tests of several owners have in common. */

export const [A, B] = ["d/Deployment/a/net1", "d/Deployment/b/net1"] as const;

export const B_NET = subnet("b", "10.1.0.0/24", ["10.1.0.10-10.1.0.25"]);

/** A Deployment with fixed addresses. */
export function one(name: string, replicas = 1, more: FixedOptions = {}) {
  return fixed(`d/Deployment/${name}`, { replicas, ...more });
}

/** What was told, and about whom. */
export function codes(result: ReturnType<typeof run>) {
  return result.diagnostics.map(({ code, about }) => [code, about]);
}

/** A live workload. */
export function workload(kind: string, name: string, spec: object, annotations = {}): KubeObject {
  return {
    apiVersion: kind === "VirtualMachine" ? "kubevirt.io/v1" : "apps/v1",
    kind,
    metadata: { namespace: "d", name },
    spec: { template: { metadata: { annotations } }, ...spec },
  };
}
