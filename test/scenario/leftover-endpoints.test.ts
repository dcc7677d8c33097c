import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { decideOn } from "../support/decide.js";
import { endpointOf, maker } from "../support/makers.js";
import { endpoint, livePool } from "../support/objects.js";

const PLAN = `subnets:
  a: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}
`;
const pod = (name: string, status = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop", uid: `uid-shop/${name}` },
  spec: { nodeName: "n1", containers: [] },
  status: { phase: "Running", ...status },
});
const of = (controller: string, name: string, address: string): KubeObject => {
  const made = endpoint(`shop/${name}`, "p", address);
  return { ...made, status: { ...made.status, ownerControllerType: controller } } as KubeObject;
};
const hints = async (objects: readonly KubeObject[], code: string) => {
  const { diagnostics } = await decideOn(PLAN, objects);
  return diagnostics.filter((one) => one.code === code).map(({ hint }) => hint);
};
const DELETE = "kubectl delete spiderendpoint -n shop";

describe("one address of several Pods (SP4222): the advice parts them", () => {
  const pool = livePool("p", { ips: ["10.6.0.10-10.6.0.19"] }, { used: { "10.6.0.10": "shop/new" } });
  const both = (old: KubeObject, ...more: KubeObject[]) => [
    pool,
    of("Deployment", "new", "10.6.0.10"),
    pod("new"),
    old,
    ...more,
  ];

  test("an endpoint whose Pod is gone is deleted, and nobody is restarted for it", async () => {
    expect(await hints(both(of("Deployment", "old", "10.6.0.10")), "SP4222")).toEqual([
      `delete the SpiderEndpoint of Pods that are gone: ${DELETE} old`,
    ]);
  });

  test("of two live Pods the one on record keeps it", async () => {
    expect(await hints(both(of("Deployment", "old", "10.6.0.10"), pod("old")), "SP4222")).toEqual([
      "restart shop/old, a StatefulSet's Pod after deleting its SpiderEndpoint; shop/new keeps it, as the pool has it on record",
    ]);
  });

  test.each<[type: string, what: string, owner: KubeObject]>([
    ["StatefulSet", "old-0", maker("apps/v1 StatefulSet shop/old", {})],
    ["VirtualMachineInstance", "old", maker("kubevirt.io/v1 VirtualMachine shop/old", {})],
  ])("the endpoint of a %s outlives its Pod on purpose", async (type, name, owner) => {
    const kept = endpointOf(`shop/${name}`, `${type} old`, { eth0: "p 10.6.0.10" });
    expect((await hints(both(kept, owner), "SP4222")).join()).not.toContain("kubectl delete");
  });
});

describe("what holds back a pool tells how to free it", () => {
  const shrunk = `${PLAN}pools:\n  p: {subnet: a, addresses: [10.6.0.11-10.6.0.19]}\n`;
  const told = async (...objects: KubeObject[]) => {
    const { verdict } = await decideOn(shrunk, objects);
    return verdict.released.flatMap(({ reasons }) => reasons).join("\n");
  };
  const ips = { ips: ["10.6.0.10-10.6.0.19"] };
  const gone = of("Deployment", "old", "10.6.0.10");

  test("the endpoint of a Pod that is gone: delete it", async () => {
    expect(await told(livePool("p", ips), gone, pod("other"))).toContain(`${DELETE} old`);
    expect(await told(livePool("p", ips), gone, pod("old"))).not.toContain("delete the SpiderEndpoint");
  });

  test("a record of one: Spiderpool collects it", async () => {
    const recorded = livePool("p", ips, { used: { "10.6.0.10": "shop/old" } });
    expect(await told(recorded, gone, pod("other"))).toContain("shop/old is gone or has finished");
    expect(await told(recorded, gone, pod("old", { phase: "Succeeded" }))).toContain(
      "shop/old is gone or has finished",
    );
    expect(await told(recorded, gone, pod("old"))).not.toContain("gone or has finished");
  });
});

describe("an address without a record (SP4224)", () => {
  const pool = { ...livePool("p", { ips: ["10.6.0.10-10.6.0.19"] }), status: { totalIPCount: 10 } } as KubeObject;

  test("of a Pod that is gone: its endpoint is deleted, no Pod can be restarted", async () => {
    expect(await hints([pool, of("Job", "done", "10.6.0.11")], "SP4224")).toEqual([
      `delete the SpiderEndpoint of Pods that are gone: ${DELETE} done; until then spiderplan counts the addresses as in use`,
    ]);
  });

  test("of a live Pod and of one that is gone: each its own way", async () => {
    const objects = [pool, of("Job", "done", "10.6.0.11"), of("Deployment", "web", "10.6.0.12"), pod("web")];
    expect((await hints(objects, "SP4224")).join()).toMatch(/spiderendpoint -n shop done; restart the others;/);
  });

  test("a name that is a command stays a name", async () => {
    const hostile = endpoint("shop/x;reboot", "p", "10.6.0.11");
    expect((await hints([pool, hostile], "SP4224")).join()).toContain(`${DELETE} 'x;reboot'`);
  });
});

test("a pool made again omits what a gone Pod's endpoint names until that is deleted (SP4227)", async () => {
  const plan = `${PLAN}pools: {p: {subnet: a, addresses: [10.6.0.10-10.6.0.19]}}\n`;
  const { diagnostics } = await decideOn(plan, [of("Deployment", "old", "10.6.0.11")]);
  expect(diagnostics.find((one) => one.code === "SP4227")?.hint).toBe(
    `delete the SpiderEndpoint of Pods that are gone: ${DELETE} old; each address joins the pool when it is given back`,
  );
});
