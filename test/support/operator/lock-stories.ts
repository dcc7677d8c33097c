import { expect } from "vitest";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { planText } from "./plan-text.js";
import { SUBNETS } from "./small-plan.js";
import { eventually, NAMESPACE, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, ready } from "./steps.js";
import type { Story } from "./story.js";
import { deploymentOf } from "./workload.js";

/** Gives workloads their addresses as they grow. */
export const LOCK_STORIES: readonly Story[] = [
  ["lock: cluster follows a live scale, compare-and-swap before the pool", followsScale],
  ["lock: cluster: a scale-down shrinks the pool once", shrinksOnce],
  [
    "lock: cluster: a number of Pods in the plan wins over the live one, which is told before Pods wait",
    tellsWhichWins,
  ],
  ["lock: git offers the whole block from the start; beyond it CapacityOK is False, with the way out", tellsCapacity],
  ["a renaming: nothing is broken before the workload follows, and a template that names no pool is told", renames],
];

async function followsScale(stage: Stage): Promise<void> {
  const spec = `${SUBNETS}networks: {kube-system/net: {macvlan: {master: [eth1]}}}
workloads:
  default/Deployment/web:
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 1}}}
`;
  const commit = await stage.push({ "plan/a.yaml": planText(spec) });
  await stage.actor.create(deploymentOf("web", 2), KINDS.Deployment);
  await stage.planSync({ ...automated, lock: "cluster" });
  await stage.start();
  await eventually(
    async () => (await stage.status()).lastAppliedRevision,
    (now) => now === commit,
  );
  const name = "default.deployment.web.eth0.app";
  expect(await stage.pool(name)).toEqual(["10.6.0.10-10.6.0.12"]);
  const lock = async () =>
    (await stage.actor.get({ kind: KINDS.ConfigMap, namespace: NAMESPACE, name: "spiderplan-lock-dc-app" })).data?.[
      "lock.yaml"
    ];
  expect(await lock()).toContain("10.6.0.10-10.6.0.12: default/Deployment/web/eth0");
  await stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "web" }, { spec: { replicas: 4 } });
  await eventually(
    () => stage.pool(name),
    (now) => now?.[0] === "10.6.0.10-10.6.0.14",
    10,
  );
  expect(await lock()).toContain("10.6.0.10-10.6.0.14: default/Deployment/web/eth0");
}

const FOLLOWS = (more = "") => `${SUBNETS}networks: {kube-system/net: {macvlan: {master: [eth1]}}}
workloads:
  default/Deployment/web:
    ${more}interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 0}}}
`;
const WEB = "default.deployment.web.eth0.app";
const NAMES = {
  "v1.multus-cni.io/default-network": "kube-system/net",
  "ipam.spidernet.io/ippools": JSON.stringify([
    { interface: "eth0", ipv4: ["spiderplan-none-v4", "default.deployment.web.eth0.*"] },
  ]),
};

async function shrinksOnce(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": planText(FOLLOWS()) });
  await stage.add([{ apiVersion: "v1", kind: "Node", metadata: { name: "node-a" } }, deploymentOf("web", 6, NAMES)]);
  await stage.planSync({ ...automated, lock: "cluster" });
  await stage.start();
  await applied(stage, commit);
  await stage.settle();
  const written: string[] = [];
  const seen = async () => {
    const now = (await stage.pool(WEB))?.join();
    if (now !== undefined && written.at(-1) !== now) written.push(now);
    return now;
  };
  expect(await seen()).toBe("10.6.0.10-10.6.0.15");
  await stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "web" }, { spec: { replicas: 2 } });
  await eventually(seen, (now) => now !== "10.6.0.10-10.6.0.15", 60);
  const end = Date.now() + 5_000;
  await eventually(seen, () => Date.now() > end);
  // Which Pods went is Kubernetes's choice, so not which addresses stay.
  expect(written).toHaveLength(2);
  expect((await stage.events()).filter((one) => one.startsWith("Blocked"))).toEqual([]);
}

async function tellsWhichWins(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": planText(FOLLOWS("replicas: 2\n    ")) });
  await stage.add([{ apiVersion: "v1", kind: "Node", metadata: { name: "node-a" } }, deploymentOf("web", 2, NAMES)]);
  await stage.planSync({ ...automated, lock: "cluster" });
  await stage.start();
  await applied(stage, commit);
  const capacity = (await stage.status()).conditions?.find(({ type }) => type === "CapacityOK");
  expect(capacity?.status).toBe("True");
  expect(capacity?.message).toMatch(
    /SP3108 the plan gives default\/Deployment\/web addresses for 2 Pods; that wins over .*; leave replicas, .* out/,
  );
  await stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "web" }, { spec: { replicas: 3 } });
  await eventually(
    () => stage.condition("CapacityOK"),
    (now) => now === "False PoolExhausted",
  );
  expect(await stage.pool(WEB)).toEqual(["10.6.0.10-10.6.0.11"]);
}

async function tellsCapacity(stage: Stage): Promise<void> {
  const spec = `${SUBNETS}networks: {kube-system/net: {macvlan: {master: [eth1]}}}
workloads:
  default/Deployment/web:
    replicas: 2
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 1}}}
`;
  const commit = await stage.push({ "plan/a.yaml": planText(spec) });
  await stage.add([deploymentOf("web", 1)]);
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  const name = "default.deployment.web.eth0.app";
  expect(await stage.pool(name)).toEqual(["10.6.0.10-10.6.0.12"]);
  const scale = (replicas: number) =>
    stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "web" }, { spec: { replicas } });
  await scale(2);
  await scale(3);
  const told = await eventually(
    async () => (await stage.status()).conditions?.find(({ type }) => type === "CapacityOK"),
    (now) => now?.status === "False",
  );
  expect(told?.reason).toBe("PoolExhausted");
  expect(told?.message).toMatch(/asks for 3 Pods, the plan for 2.*spiderplan lock --path plan, and commit both$/);
  expect(await stage.pool(name)).toEqual(["10.6.0.10-10.6.0.12"]);
  await scale(2);
  await eventually(
    () => stage.condition("CapacityOK"),
    (now) => now === IN_SYNC,
  );
}

async function renames(stage: Stage): Promise<void> {
  const spec = (name: string, more = "") => `${SUBNETS}networks: {kube-system/net: {macvlan: {master: [eth1]}}}
workloads:
  default/Deployment/${name}:
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 1}}}
${more}`;
  const names = (name: string) => ({
    "v1.multus-cni.io/default-network": "kube-system/net",
    "ipam.spidernet.io/ippools": JSON.stringify([
      { interface: "eth0", ipv4: ["spiderplan-none-v4", `default.deployment.${name}.eth0.*`] },
    ]),
  });
  const commit = await stage.push({ "plan/a.yaml": planText(spec("web")) });
  await stage.actor.create(deploymentOf("web", 2), KINDS.Deployment);
  await stage.planSync({ ...automated, lock: "cluster" });
  await stage.start();
  await applied(stage, commit);
  const moved = "moved: [{from: default/Deployment/web, to: default/Deployment/site}]\n";
  await applied(stage, await stage.push({ "plan/a.yaml": planText(spec("site", moved)) }));
  expect(await stage.pool("default.deployment.web.eth0.app")).toEqual(["10.6.0.10-10.6.0.12"]);
  await stage.actor.create(deploymentOf("site", 2, names("site")), KINDS.Deployment);
  const told = await ready(stage, "False WouldLoseIP");
  expect(told).toContain("names default.deployment.site.eth0.*, and there is no such pool");
  const template = { spec: { template: { metadata: { annotations: names("web") } } } };
  await stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "site" }, template);
  await ready(stage, IN_SYNC);
}
