import { describe, expect, test } from "vitest";
import { project } from "../../src/app/watch/projection.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { decideOn, told } from "../support/decide.js";
import { endpointOf, goesWith, maker, ownedBy, podOf } from "../support/makers.js";
import { livePool } from "../support/objects.js";
import { namespaceWith, node } from "../support/running.js";

/*
 * Whose `spec.template` is a Pod's (S31). A default pool closes: each template of a Pod loses it, and so holds the change
 * back; a template of anything else stops nobody. What a watch keeps of an object gives the same answer.
 */

const PLAN = `subnets:
  net: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  a: {subnet: net, addresses: [10.6.0.10-10.6.0.19], default: true, disabled: true}
`;
const BASE: KubeObject[] = [
  node("node-a"),
  namespaceWith("shop"),
  namespaceWith("kube-system"),
  livePool("a", { gateway: "10.6.0.1", ips: ["10.6.0.10-10.6.0.19"], default: true }),
];

/** Who would be left without an address, by whole objects and by what a watch keeps of them. */
async function lost(...objects: KubeObject[]): Promise<string[]> {
  const [whole, kept] = await Promise.all(
    [objects, objects.map(project)].map(async (live) => {
      const { verdict } = await decideOn(PLAN, [...BASE, ...live]);
      return [...new Set(verdict.strands.map(({ owner }) => owner))];
    }),
  );
  expect(kept).toEqual(whole);
  return whole!;
}

const object = (text: string, spec: object): KubeObject => {
  const [apiVersion, kind, path] = text.split(" ") as [string, string, string];
  const [namespace, name] = path.split("/");
  return { ...{ apiVersion, kind }, metadata: { namespace, name: name! }, spec };
};
const METADATA = { labels: { app: "x" }, annotations: { team: "x" } };
/** Of a Pod whose containers a controller adds. */
const NAMING = { ...METADATA, annotations: { "ipam.spidernet.io/ippool": '{"ipv4":["a"]}' } };
const PODS = { metadata: METADATA, spec: { containers: [{ name: "main", image: "nginx" }] } };

describe("a template of something else stops nobody", () => {
  test.each<[string, object]>([
    ["argoproj.io/v1alpha1 ApplicationSet", { template: { metadata: METADATA, spec: { project: "default" } } }],
    ["bitnami.com/v1alpha1 SealedSecret", { encryptedData: {}, template: { metadata: METADATA, type: "Opaque" } }],
    ["external-secrets.io/v1alpha1 PushSecret", { template: { metadata: METADATA, data: { key: "{{ .x }}" } } }],
    [
      "cluster.x-k8s.io/v1beta1 MachineDeployment",
      { replicas: 3, template: { metadata: METADATA, spec: { clusterName: "c", bootstrap: {} } } },
    ],
    ["karpenter.sh/v1 NodePool", { template: { metadata: METADATA, spec: { requirements: [] } } }],
    ["types.kubefed.io/v1beta1 FederatedDeployment", { template: { metadata: METADATA, spec: { template: PODS } } }],
    ["apps.kruise.io/v1alpha1 UnitedDeployment", { template: { deploymentTemplate: { spec: { template: PODS } } } }],
    ["apps.kruise.io/v1alpha1 SidecarSet", { containers: [{ name: "log" }] }],
    ["batch.volcano.sh/v1alpha1 Job", { tasks: [{ replicas: 2, template: PODS }] }],
    ["example.io/v1 Odd", { template: "text", jobTemplate: { spec: { template: null } } }],
  ])("%s", async (kind, spec) => {
    expect(await lost(object(`${kind} shop/x`, spec))).toEqual([]);
  });
});

describe("a template of Pods counts, whoever has it", () => {
  test.each<[string, object, string?]>([
    ["apps/v1 Deployment", { template: { metadata: METADATA } }],
    ["v1 ReplicationController", { template: { metadata: METADATA } }],
    ["batch/v1 CronJob", { jobTemplate: { spec: { template: { metadata: METADATA } } } }],
    ["apps.kruise.io/v1alpha1 CloneSet", { template: PODS }, ".apps.kruise.io"],
    ["apps.kruise.io/v1beta1 StatefulSet", { template: { metadata: METADATA } }, ".apps.kruise.io"],
    ["db.example.io/v1 Redis", { template: { metadata: NAMING } }, ".db.example.io"],
    ["apps.kruise.io/v1alpha1 BroadcastJob", { template: PODS }, ".apps.kruise.io"],
    [
      "apps.kruise.io/v1alpha1 AdvancedCronJob",
      { template: { jobTemplate: { spec: { template: PODS } } } },
      ".apps.kruise.io",
    ],
    [
      "apps.kruise.io/v1alpha1 AdvancedCronJob",
      { template: { broadcastJobTemplate: { spec: { template: PODS } } } },
      ".apps.kruise.io",
    ],
    ["argoproj.io/v1alpha1 Rollout", { template: PODS }, ".argoproj.io"],
    ["serving.knative.dev/v1 Service", { template: PODS }, ".serving.knative.dev"],
    ["kubevirt.io/v1 VirtualMachine", { template: { metadata: METADATA, spec: { domain: {} } } }, ".kubevirt.io"],
  ])("%s", async (text, spec, group = "") => {
    const kind = text.split(" ")[1];
    expect(await lost(object(`${text} shop/x`, spec))).toEqual([`shop/${kind}${group}/x/eth0`]);
  });
});

const ADVANCED = object("apps.kruise.io/v1alpha1 AdvancedCronJob shop/x", {
  template: { jobTemplate: { spec: { template: PODS } } },
});

test("a template whose last Job is done is judged, one whose Job runs is judged by the Job's Pod", async () => {
  const owned = { metadata: { ...ownedBy(ADVANCED) } };
  const done = { ...owned, status: { conditions: [{ type: "Complete", status: "True" }] } };
  expect(await lost(ADVANCED, maker("batch/v1 Job shop/x-1", {}, done))).toEqual([
    "shop/AdvancedCronJob.apps.kruise.io/x/eth0",
  ]);
  const job = maker("batch/v1 Job shop/x-2", {}, owned);
  const live = [
    job,
    podOf(job, "shop/x-2-a"),
    endpointOf("shop/x-2-a", "Job x-2", { eth0: "a 10.6.0.10" }, goesWith("shop/x-2-a")),
  ];
  expect(await lost(ADVANCED, ...live)).toEqual(["shop/Job/x-2/eth0"]);
});

test("annotate: true writes where the Pod template of an AdvancedCronJob lies", async () => {
  const plan = `subnets:
  net: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
workloads:
  shop/AdvancedCronJob.apps.kruise.io/x:
    replicas: 2
    annotate: true
    pods: {labels: {app: x}}
    interfaces: {eth0: {fixed: {subnets: [net]}}}
`;
  const outcome = await decideOn(plan, [...BASE.slice(0, 3), ADVANCED]);
  expect(told(outcome)).toContain("4 update AdvancedCronJob shop/x");
  const { patch } = outcome.steps.find(({ kind }) => kind.kind === "AdvancedCronJob")!;
  expect(patch).toMatchObject({
    spec: {
      template: {
        jobTemplate: {
          spec: { template: { metadata: { annotations: { "ipam.spidernet.io/ippools": expect.any(String) } } } },
        },
      },
    },
  });
});

test("an annotation too long to be read is found wherever the template lies (SP4250)", async () => {
  const annotations = { "ipam.spidernet.io/ippools": `[${" ".repeat(300_000)}]` };
  const long = { ...PODS, metadata: { ...METADATA, annotations } };
  const live = object("apps.kruise.io/v1alpha1 AdvancedCronJob shop/x", {
    template: { jobTemplate: { spec: { template: long } } },
  });
  const codes = async (one: KubeObject) =>
    (await decideOn(PLAN, [...BASE, one])).diagnostics.filter(({ code }) => code === "SP4250").length;
  expect(await codes(live)).toBe(1);
  expect(JSON.stringify(project(live)).length).toBeLessThan(2_000);
  expect(await codes(ADVANCED)).toBe(0);
});
