import path from "node:path";
import { describe, expect, it } from "vitest";
import { readLockFolder } from "../../src/adapters/plan-files/lock-files.js";
import { loadPlanFolder } from "../../src/adapters/plan-files/plan-loader.js";
import { planRun } from "../../src/app/plan-run.js";
import { project } from "../../src/app/watch/projection.js";
import type { Options } from "../../src/core/outcome.js";
import { status } from "../../src/core/query/status.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { factsFromConfigMap } from "../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { OPTIONS } from "../support/decide.js";
import { clusterObjects, type Example, examples } from "../support/examples.js";
import { noisy } from "../support/noisy.js";

const facts = (objects: readonly KubeObject[]) => {
  const found = objects.find(({ kind }) => kind === KINDS.ConfigMap.kind);
  return found === undefined ? {} : factsFromConfigMap(found);
};

/** Everything a plan of an example says and what `status` tells, as text, with what is kept of each object. */
async function told(example: Example, objects: readonly KubeObject[], options: Partial<Options>) {
  const loaded = await loadPlanFolder(example.plan);
  const snapshot = buildSnapshot(objects, Object.keys(KINDS), facts(objects));
  const run = planRun({
    documents: loaded.documents,
    diagnostics: loaded.diagnostics,
    cluster: example.cluster,
    lock: await readLockFolder(example.plan, example.cluster),
    snapshot,
    options: { ...OPTIONS, ...options },
  });
  expect(run.decided, path.basename(example.plan)).toBeDefined();
  const kept = (_key: string, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
    const object = value as KubeObject | null;
    return typeof object === "object" && object?.metadata?.name && object.apiVersion ? project(object) : value;
  };
  return JSON.stringify([run.decided?.outcome, run.diagnostics, status(snapshot)], kept, 1);
}

describe("a projection", () => {
  it.each(examples().map((example) => [example.name, example] as const))(
    "gives the decision of the whole objects: %s",
    async (_name, example) => {
      const plain = clusterObjects(example.snapshots);
      const whole = plain.map(noisy);
      for (const options of [{}, { purpose: "sync", atomic: true }, { install: "other" }] as const) {
        const expected = await told(example, whole, options);
        expect(await told(example, whole.map(project), options)).toBe(expected);
        expect(await told(example, plain.map(project), options)).toBe(await told(example, plain, options));
      }
    },
  );

  it("is its own projection", () => {
    for (const example of examples()) {
      const kept = clusterObjects(example.snapshots).map(noisy).map(project);
      expect(kept.map(project)).toEqual(kept);
    }
  });

  it("is the same whatever agents write beside what counts", () => {
    for (const example of examples()) {
      const objects = clusterObjects(example.snapshots);
      expect(objects.map(noisy).map(project)).toEqual(objects.map(project));
    }
  });

  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } };
  const template = {
    metadata: { labels: { app: "a" }, annotations: { "ipam.spidernet.io/ippool": "{}" } },
    spec: { affinity: { nodeAffinity }, containers: [] },
  };
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "d", uid: "u", controller: true };
  it.each<[string, Partial<KubeObject>]>([
    ["Deployment", { spec: { replicas: 2, strategy: { type: "Recreate" }, selector: { matchLabels: { app: "a" } } } }],
    ["Deployment", { spec: { template } }],
    [
      "StatefulSet",
      { spec: { ordinals: { start: 3 }, template: { ...template, spec: { nodeName: "n", containers: [] } } } },
    ],
    ["DaemonSet", { spec: { template }, status: { desiredNumberScheduled: 3 } }],
    ["CronJob", { spec: { jobTemplate: { spec: { parallelism: 2, template } } } }],
    ["Shop", { spec: { replicas: 2, template: { spec: { tolerations: [{ operator: "Exists" }], containers: [] } } } }],
    ["Node", { spec: { unschedulable: true, taints: [{ key: "a", effect: "NoSchedule" }] } }],
    ["Node", { status: { conditions: [{ type: "Ready", status: "False" }] } }],
    ["HorizontalPodAutoscaler", { spec: { scaleTargetRef: { kind: "Deployment", name: "a" }, maxReplicas: 9 } }],
    ["ReplicaSet", { metadata: { name: "o", namespace: "default", ownerReferences: [owner] } }],
    ["Namespace", { metadata: { name: "o", annotations: { "ipam.spidernet.io/default-ipv4-ippool": "[]" } } }],
    ["Namespace", { metadata: { name: "o", deletionTimestamp: "2026-11-22T00:00:00Z" } }],
    ["Namespace", { status: { phase: "Terminating" } }],
    ["Pod", { metadata: { name: "o", annotations: { "k8s.v1.cni.cncf.io/networks": "n" } }, spec: { nodeName: "n" } }],
    ["Pod", { spec: { nodeName: "n", hostNetwork: true }, status: { podIPs: [{ ip: "10.233.0.7" }] } }],
    ["Pod", { metadata: { name: "o", deletionTimestamp: "2026-11-22T00:00:00Z" }, status: { phase: "Failed" } }],
    ["StatefulSet", { spec: { updateStrategy: { type: "OnDelete" } }, status: { updateRevision: "o-2" } }],
    ["Deployment", { spec: { paused: true, template } }],
    ["VirtualMachineInstance", { metadata: { name: "o", ownerReferences: [owner] } }],
  ])("keeps what is read of a %s: %j", (kind, parts) => {
    const object: KubeObject = { apiVersion: "v1", kind, metadata: { name: "o", namespace: "default" }, ...parts };
    expect(project(noisy(object))).toEqual(object);
  });

  it("keeps a small part of a Pod", () => {
    const pod = noisy({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace: "default", labels: { app: "p" } },
      spec: { nodeName: "node-a" },
    });
    expect(JSON.stringify(project(pod)).length).toBeLessThan(JSON.stringify(pod).length / 10);
  });
});
