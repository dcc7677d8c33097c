import { expect, test } from "vitest";
import { strangersIn } from "../../src/core/query/strangers.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, told } from "../support/decide.js";
import { namespaceWith, node, running } from "../support/running.js";

const plan = (name: string, label: string, more = "") => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
workloads:
  shop/Deployment/${name}: {replicas: 2, pods: {labels: {app: ${label}}}, interfaces: {eth0: {fixed: {subnets: [app], elastic: 1}}}}
${more}`;
const MOVED = "moved: [{from: shop/Deployment/old, to: shop/Deployment/new}]\n";
const NAME = "shop.deployment.old.eth0.app";
const ANNOTATIONS = {
  "ipam.spidernet.io/ippools":
    '[{"interface":"eth0","ipv4":["spiderplan-none-v4","shop.deployment.old.eth0.*"],"ipv6":["shop.deployment.old.eth0.*"]}]',
};
const BARE: KubeObject[] = [node("node-a"), namespaceWith("shop")];

/** A cluster in sync with the old name; a workload of this name and label holds its addresses. */
async function live(name: string, label: string): Promise<KubeObject[]> {
  const synced = applied(await decideOn(plan("old", "web"), BARE), BARE);
  return running(synced, {
    name: `shop/${name}`,
    pool: NAME,
    addresses: ["10.6.0.10", "10.6.0.11"],
    labels: { app: label },
    annotations: ANNOTATIONS,
  });
}

test("a renamed workload keeps its pool under its name; nobody moves, and then nothing is left to do", async () => {
  const before = await live("new", "web");
  const outcome = await decideOn(plan("new", "web", MOVED), before);
  expect(told(outcome).map((step) => step.replace(/^\d+ /, ""))).toEqual([`update SpiderIPPool ${NAME}`]);
  expect(outcome.verdict).toMatchObject({ stable: true, stays: 2, moves: [], strands: [], released: [] });
  const after = applied(outcome, before);
  const pool = after.find(({ metadata }) => metadata.name === NAME) as SpiderIPPool;
  expect(pool.metadata.annotations?.["spiderplan.io/owner"]).toBe("shop/Deployment/new/eth0/app");
  expect(pool.spec.ips).toEqual(["10.6.0.10-10.6.0.12"]);
  for (const more of [MOVED, ""]) {
    const again = await decideOn(plan("new", "web", more), after);
    expect(again.steps, more).toEqual([]);
    expect(again.diagnostics.map(({ code }) => code)).not.toContain("SP2604");
  }
});

test("Pods that still run under the old labels are not cut off by it", async () => {
  const outcome = await decideOn(plan("new", "other", MOVED), await live("old", "web"));
  expect(outcome.verdict.strands).toHaveLength(2);
  expect(told(outcome)).toEqual([expect.stringContaining(`update SpiderIPPool ${NAME} [verdict]`)]);
});

test("taken back while Pods of the new name run, it moves nobody and leaves nothing to do", async () => {
  const renamed = await live("new", "web");
  const after = applied(await decideOn(plan("new", "web", MOVED), renamed), renamed);
  const outcome = await decideOn(plan("old", "web"), after);
  expect(told(outcome).map((step) => step.replace(/^\d+ /, ""))).toEqual([`update SpiderIPPool ${NAME}`]);
  expect(outcome.verdict).toMatchObject({ stable: true, stays: 2, moves: [], strands: [], released: [] });
  expect((await decideOn(plan("old", "web"), applied(outcome, after))).steps).toEqual([]);
});

const followed = (name: string, more = "") =>
  `${plan(name, "web", more).replace("replicas: 2, pods: {labels: {app: web}}, ", "")}`;
const pattern = (name: string) => ({
  "ipam.spidernet.io/ippools": ANNOTATIONS["ipam.spidernet.io/ippools"].replaceAll(".old.", `.${name}.`),
});

/** The cluster with the old name's pool; a Deployment of this name runs, its template naming pools of that one. */
async function runningAs(name: string, names: string): Promise<KubeObject[]> {
  const before = await live("old", "web");
  const pools = applied(await decideOn(followed("old"), before), before).filter(
    ({ kind }) => !["Deployment", "ReplicaSet", "Pod", "SpiderEndpoint"].includes(kind),
  );
  const addresses = ["10.6.0.10", "10.6.0.11"];
  return running(pools, {
    name: `shop/${name}`,
    pool: NAME,
    addresses,
    labels: { app: "web" },
    annotations: pattern(names),
  });
}

test("between the commit and the renaming the old name says how many Pods there are and which", async () => {
  const outcome = await decideOn(followed("new", MOVED), await runningAs("old", "old"));
  expect(outcome.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(outcome.verdict).toMatchObject({ stable: true, strands: [], moves: [], released: [] });
  expect(outcome.allocations).toMatchObject([{ owner: "shop/Deployment/new/eth0", pool: NAME }]);
  const without = await decideOn(followed("new"), await runningAs("old", "old"));
  expect(without.diagnostics.map(({ code }) => code)).toContain("SP3103");
});

test("while it is there under neither name, what it holds stays, and that is no error of the plan", async () => {
  const gone = (await runningAs("old", "old")).filter(
    ({ kind }) => !["Deployment", "ReplicaSet", "Pod", "SpiderEndpoint"].includes(kind),
  );
  const idle = gone.map((object) => (object.kind === "SpiderIPPool" ? { ...object, status: undefined } : object));
  const { diagnostics, steps, allocations } = await decideOn(followed("new", MOVED), idle as KubeObject[]);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(diagnostics.find(({ code }) => code === "SP3103")?.message).toContain("neither its old name nor its new one");
  expect(steps.filter(({ kind }) => kind.kind === "SpiderIPPool")).toEqual([]);
  expect(allocations).toMatchObject([{ owner: "shop/Deployment/new/eth0", pool: NAME }]);
});

test("a template that names the new name's pools finds none, and that is told; with those in force it is not", async () => {
  const told = async (names: string) =>
    (await decideOn(followed("new", MOVED), await runningAs("new", names))).diagnostics.map(({ code }) => code);
  expect(await told("new")).toContain("SP2607");
  expect(await told("old")).not.toContain("SP2607");
  expect(await told("old")).not.toContain("SP2604");
});

test.each<[what: string, told: boolean, v4: readonly string[], v6?: readonly string[]]>([
  ["a pattern that hits nothing, without the anchor: no address and no error (A5)", true, ["x.*"]],
  ["a pool that is not there fails the Pod", true, ["gone"]],
  ["also beside one that is", true, [NAME, "gone"]],
  ["patterns of which one hits", false, [NAME, "x.*"]],
  ["patterns of which one family's hits", false, [NAME], ["x.*"]],
  ["a pool of the other family that is not there", true, [NAME], ["gone"]],
  ["the anchor alone beside a pattern that hits nothing", true, ["spiderplan-none-v4", "x.*"]],
])("a template names %s: told %s", async (_what, told, ipv4, ipv6 = []) => {
  const text = JSON.stringify([{ interface: "eth0", ipv4, ipv6 }]);
  const live = (await runningAs("old", "old")).map((one) =>
    one.kind === "Deployment" ? named(one, { "ipam.spidernet.io/ippools": text }) : one,
  );
  const { diagnostics } = await decideOn(followed("old"), live);
  expect(diagnostics.some(({ code }) => code === "SP2607")).toBe(told);
  const paused = live.map((one) =>
    one.kind === "Deployment" ? { ...one, spec: { ...(one.spec as object), paused: true } } : one,
  );
  const codes = (await decideOn(followed("old"), paused)).diagnostics.map(({ code }) => code);
  expect(codes).not.toContain("SP2607");
  expect(codes).toContain("SP2604");
});

/** A workload whose template has these annotations. */
function named(workload: KubeObject, annotations: Record<string, string>): KubeObject {
  const { template, ...spec } = workload.spec as { template: { metadata: object } };
  return { ...workload, spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } } };
}

test("Pods of the old name are no strangers in the pool that bears it; others are", async () => {
  const before = await runningAs("old", "old");
  const after = applied(await decideOn(followed("new", MOVED), before), before);
  expect(strangersIn(buildSnapshot(after, Object.keys(KINDS)))).toEqual([]);
  const taken = after.map(
    (one) =>
      JSON.parse(
        JSON.stringify(one)
          .replaceAll("shop/Deployment/new/", "shop/Deployment/third/")
          .replaceAll(`"${NAME}"`, '"shop.deployment.third.eth0.app"')
          .replaceAll(`\\"${NAME}\\"`, '\\"shop.deployment.third.eth0.app\\"'),
      ) as KubeObject,
  );
  expect(strangersIn(buildSnapshot(taken, Object.keys(KINDS)))).toHaveLength(2);
});
