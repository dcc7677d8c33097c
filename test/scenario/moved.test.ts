import { expect, test } from "vitest";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
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
