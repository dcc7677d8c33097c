import { describe, expect, test } from "vitest";
import { project } from "../../src/app/watch/projection.js";
import type { Outcome } from "../../src/core/outcome.js";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { decideOn, told } from "../support/decide.js";
import { endpointOf, goesWith, maker, naming, network, ownedBy, podOf } from "../support/makers.js";
import { livePool } from "../support/objects.js";
import { namespaceWith, node } from "../support/running.js";

/*
 * A Rollout of Argo with a `workloadRef` makes its Pods from the template of a Deployment, which Argo scales to nothing.
 */

const SUBNET = "subnets:\n  net: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}\n";
const disables = (name: string) => `${SUBNET}pools:
${["a", "b"].map((pool, at) => `  ${pool}: {subnet: net, addresses: [10.6.0.${at + 1}0-10.6.0.${at + 1}9]${pool === name ? ", disabled: true" : ""}}`).join("\n")}
`;
const pool = (name: "a" | "b", used: Record<string, string> = {}) => {
  const at = name === "a" ? 1 : 2;
  return livePool(name, { gateway: "10.6.0.1", ips: [`10.6.0.${at}0-10.6.0.${at}9`] }, { used });
};
const BASE: KubeObject[] = [node("node-a"), namespaceWith("shop"), namespaceWith("kube-system"), network("net")];

/** Kept out of the way: its template is another's. */
const deployment = (annotations: Record<string, string>, replicas = 0) =>
  maker(
    "apps/v1 Deployment shop/web",
    { annotations },
    { spec: { replicas, selector: { matchLabels: { app: "web" } } } },
  );
const rollout = (spec: object = {}, text = "argoproj.io/v1alpha1 Rollout"): KubeObject => {
  const [apiVersion, kind] = text.split(" ") as [string, string];
  return {
    ...{ apiVersion, kind, metadata: { namespace: "shop", name: "shop", uid: "uid-shop", resourceVersion: "7" } },
    spec: { replicas: 3, workloadRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, ...spec },
  };
};

/** A Pod of the Rollout with an address of pool a. */
const running = (annotations: Record<string, string>): KubeObject[] => {
  const template = { annotations, labels: { app: "web", "rollouts-pod-template-hash": "1" } };
  const set = maker("apps/v1 ReplicaSet shop/shop-1", template, { metadata: ownedBy(rollout()) });
  return [
    ...[pool("a", { "10.6.0.10": "shop/shop-1-x" }), pool("b"), set, podOf(set, "shop/shop-1-x")],
    endpointOf("shop/shop-1-x", "ReplicaSet shop-1", { eth0: "a 10.6.0.10" }, goesWith("shop/shop-1-x")),
  ];
};

async function decided(plan: string, live: readonly KubeObject[]): Promise<Outcome> {
  const whole = await decideOn(plan, [...BASE, ...live]);
  const kept = await decideOn(plan, [...BASE, ...live].map(project));
  expect(kept.verdict).toEqual(whole.verdict);
  expect(told(kept)).toEqual(told(whole));
  return whole;
}
const lost = ({ verdict }: Outcome) => verdict.strands.map(({ pod, owner }) => `${pod} ${owner}`);

test("its selector and its replicas make its pool", async () => {
  const plan = `${SUBNET}workloads:
  shop/Rollout.argoproj.io/shop: {interfaces: {eth0: {fixed: {subnets: [net], elastic: 1}}}}
`;
  const { steps } = await decided(plan, [deployment({}), rollout()]);
  const made = steps.find(({ name }) => name === "shop.rollout.argoproj.io.shop.eth0.net")?.object as SpiderIPPool;
  expect(made.spec).toMatchObject({ ips: ["10.6.0.10-10.6.0.13"], podAffinity: { matchLabels: { app: "web" } } });
  const own = { selector: { matchLabels: { app: "other" } } };
  const again = await decided(plan, [deployment({}), rollout(own)]);
  expect(again.steps.find(({ name }) => name === made.metadata.name)?.object.spec).toMatchObject({
    podAffinity: own.selector,
  });
});

describe("its Pods are judged by the Deployment's template", () => {
  test("they follow it: the pool it names closes", async () => {
    expect(lost(await decided(disables("b"), [deployment(naming("b")), rollout(), ...running(naming("a"))]))).toEqual([
      "shop/shop-1-x shop/ReplicaSet/shop-1/eth0",
    ]);
  });
  test("a pool that neither template names may close", async () => {
    expect(lost(await decided(disables("b"), [deployment(naming("a")), rollout(), ...running(naming("a"))]))).toEqual(
      [],
    );
  });
  test("what the plan writes on the Deployment reaches them", async () => {
    const plan = `${disables("")}workloads:
  shop/Deployment/web: {annotate: true, replicas: 1, interfaces: {eth0: {network: kube-system/net, pools: [b]}}}
networks: {kube-system/net: {macvlan: {master: [ens1]}}}
`;
    const { verdict } = await decided(plan, [deployment(naming("a")), rollout(), ...running(naming("a"))]);
    expect(verdict.moves.map(({ pod }) => pod)).toEqual(["shop/shop-1-x"]);
  });
});

describe("without a Pod", () => {
  const closes = disables("a");
  const owners = async (...live: KubeObject[]) =>
    (await decided(closes, [pool("a"), pool("b"), ...live])).verdict.strands.map(({ owner }) => owner);

  test("the Rollout is judged, not the Deployment that makes none", async () => {
    expect(await owners(deployment(naming("a")), rollout())).toEqual(["shop/Rollout.argoproj.io/shop/eth0"]);
  });
  test("a Deployment that still makes Pods is judged as well", async () => {
    expect(await owners(deployment(naming("a"), 2), rollout())).toEqual([
      "shop/Deployment/web/eth0",
      "shop/Rollout.argoproj.io/shop/eth0",
    ]);
  });
  test("a Rollout of Kruise makes no Pods: the Deployment does", async () => {
    const other = rollout({}, "rollouts.kruise.io/v1beta1 Rollout");
    expect(await owners(deployment(naming("a")), other)).toEqual(["shop/Deployment/web/eth0"]);
  });
  test("one whose Deployment is not there is no workload, and neither is one that names nothing", async () => {
    expect(await owners(rollout(), rollout({ workloadRef: "web" }))).toEqual([]);
  });
});

test("annotate: true writes no template that is another's, and says where the lines belong", async () => {
  const plan = `${disables("")}workloads:
  shop/Rollout.argoproj.io/shop: {annotate: true, interfaces: {eth0: {pools: [b]}}}
`;
  const live = [pool("a"), pool("b"), rollout()];
  const outcome = await decided(plan, [deployment(naming("a")), ...live]);
  expect(told(outcome).filter((step) => /Rollout|Deployment/.test(step))).toEqual([]);
  const [found] = outcome.diagnostics.filter(({ code }) => code === "SP2604");
  expect(found).toMatchObject({ severity: "warning", about: "shop/Rollout.argoproj.io/shop" });
  expect(found?.hint).toContain("into the Pod template of shop/Deployment/web, which it uses (workloadRef)");
  const right = await decided(plan, [deployment(naming({ eth0: "b" })), ...live]);
  expect(right.diagnostics.filter(({ code }) => code === "SP2604")).toEqual([]);
});
