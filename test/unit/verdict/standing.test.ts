import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/core/outcome.js";
import type { KubeObject, SpiderEndpoint } from "../../../src/core/spiderpool/objects.js";
import { applied, decideOn } from "../../support/decide.js";
import { endpoint, livePool } from "../../support/objects.js";
import { namespaceWith, running } from "../../support/running.js";

const plan = (p = "", six = "", more = "") => `subnets:
  app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}
  app6: {cidr: "fd00::/64", ranges: ["fd00::10-fd00::99"]}
pools:
  p: {subnet: app, addresses: [10.6.0.10-10.6.0.19]${p}}
  six: {subnet: app6, addresses: ["fd00::10-fd00::19"]${six}}
namespaces:
  shop: {defaultPools: [p, six]}
${more}`;
const CLOSED = ", pods: {labels: {app: other}}";
const WEB = { name: "shop/web", pool: "p", addresses: ["10.6.0.10", "10.6.0.11"] };

async function synced(): Promise<KubeObject[]> {
  const bare = [namespaceWith("shop")];
  return applied(await decideOn(plan(), bare), bare);
}

/** The endpoints' NIC with an IPv6 address of pool `six` besides. */
function dualStack(objects: readonly KubeObject[]): KubeObject[] {
  const records: Record<string, object> = {};
  const both = objects.map((object) => {
    if (object.kind !== "SpiderEndpoint") return object;
    const { metadata, status, ...rest } = object as SpiderEndpoint;
    const ipv6 = `fd00::${10 + Object.keys(records).length}`;
    records[ipv6] = { pod: `${metadata.namespace}/${metadata.name}`, podUid: status!.current!.uid };
    const ips = status!.current!.ips.map((ip) => ({ ...ip, ipv6: `${ipv6}/64`, ipv6Pool: "six" }));
    return { ...rest, metadata, status: { ...status, current: { ...status!.current!, ips } } } as KubeObject;
  });
  const status = { allocatedIPs: JSON.stringify(records) };
  return both.map((object) => (object.metadata.name === "six" ? { ...object, status } : object));
}

const stranded = ({ verdict }: Outcome) => verdict.strands.map(({ pod, address }) => `${pod} ${address}`);
const inDanger = ({ diagnostics }: Outcome) =>
  diagnostics.filter(({ code }) => code === "SP4202").map(({ message }) => message);

describe("a NIC with both families (A10)", () => {
  test("loses both when one finds no pool", async () => {
    const live = dualStack(running(await synced(), WEB));
    const all = [
      "shop/web-rs-0 10.6.0.10",
      "shop/web-rs-1 10.6.0.11",
      "shop/web-rs-0 fd00::10",
      "shop/web-rs-1 fd00::11",
    ];
    expect(stranded(await decideOn(plan("", CLOSED), live))).toEqual(all);
    const closed = await decideOn(plan(CLOSED), live);
    expect(stranded(closed)).toEqual(all);
    expect(closed.verdict.strands[2]?.reasons.at(-1)).toMatch(/^no pool is left for eth0: p \(podAffinity/);
    expect(stranded(await decideOn(plan(", gateway: 10.6.0.1", ", gateway: fd00::1"), live))).toEqual([]);
  });

  test("also when it only asks for the one it lacks", async () => {
    const outcome = await decideOn(plan("", CLOSED), running(await synced(), WEB));
    expect(stranded(outcome)).toEqual(["shop/web-rs-0 10.6.0.10", "shop/web-rs-1 10.6.0.11"]);
  });

  test("an address a reservation takes is made up for by another of its pool", async () => {
    const live = dualStack(running(await synced(), WEB));
    const reserved = (...addresses: string[]) => `reserved: {r: {addresses: ${JSON.stringify(addresses)}}}`;
    expect(stranded(await decideOn(plan("", "", reserved("fd00::10")), live))).toEqual([]);
    expect(stranded(await decideOn(plan("", "", reserved("fd00::10-fd00::19")), live))).toHaveLength(4);
  });
});

describe("a virtual machine (A21)", () => {
  const machine = async (spiderpool = ""): Promise<Outcome> => {
    const vm = endpoint("shop/win", "p", "10.6.0.10");
    const status = { ...vm.status!, ownerControllerType: "VirtualMachineInstance", ownerControllerName: "win" };
    const pods = running(await synced(), { name: "shop/win", pool: "p", addresses: ["10.6.0.10"] });
    const object: KubeObject = {
      ...{ apiVersion: "kubevirt.io/v1", kind: "VirtualMachine" },
      metadata: { namespace: "shop", name: "win", uid: "uid-vm", resourceVersion: "7" },
    };
    const own = pods.filter(({ kind }) => kind !== "Deployment" && kind !== "ReplicaSet");
    const live = [...own.map((one) => (one.kind === "SpiderEndpoint" ? { ...one, status } : one)), object];
    return decideOn(plan(", disabled: true", "", spiderpool), live);
  };

  test("takes its own address back, whatever its pool says", async () => {
    expect((await machine()).verdict).toMatchObject({ strands: [], moves: [], stays: 1 });
  });

  test("but not where Spiderpool was told not to", async () => {
    const outcome = await machine("settings: {spiderpool: {enableKubevirtStaticIP: false}}\n");
    expect(outcome.verdict.strands).toHaveLength(1);
  });
});

describe("a Pod nobody knows is judged on the pool it holds", () => {
  const unknown = async (count: number) => {
    const addresses = Array.from({ length: count }, (_, i) => `10.6.0.${10 + i}`);
    const live = running(await synced(), { ...WEB, addresses });
    return live.filter(({ kind }) => kind !== "Pod" && kind !== "Deployment" && kind !== "ReplicaSet");
  };

  test.each<[what: string, p: string, more: string, reason: string | undefined]>([
    ["closed to everybody", ", disabled: true", "", "p is disabled"],
    ["closed to some", CLOSED, "", undefined],
    ["all of it reserved", "", "reserved: {r: {addresses: [10.6.0.10-10.6.0.19]}}", "p is full"],
    ["one address left for one", "", "reserved: {r: {addresses: [10.6.0.10-10.6.0.18]}}", undefined],
  ])("%s", async (_what, p, more, reason) => {
    const { verdict } = await decideOn(plan(p, "", more), await unknown(1));
    expect(verdict.strands.map(({ reasons }) => reasons.at(-1))).toEqual(reason === undefined ? [] : [reason]);
    expect(verdict.stays).toBe(reason === undefined ? 1 : 0);
  });

  test("in danger already where its pool is going, whatever the plan does to another of its NIC", async () => {
    const going = livePool("old", { ips: ["10.6.0.90"] }, { terminating: true, used: { "10.6.0.90": "shop/x" } });
    const live = [...(await synced()), going, endpoint("shop/x", "old", "10.6.0.90")];
    const outcome = await decideOn(plan("", "", "reserved: {r: {addresses: [10.6.0.90]}}"), live);
    expect(outcome.verdict).toMatchObject({ strands: [], moves: [] });
    expect(inDanger(outcome)).toEqual([
      "shop/x would get no address on eth0 at its next restart, with or without this plan: old is being deleted",
    ]);
  });
});

describe("whose an address is", () => {
  const shrink = plan().replace("10.6.0.10-10.6.0.19", "10.6.0.15-10.6.0.19");

  test.each<[what: string, change: (objects: KubeObject[]) => KubeObject[], owner: string]>([
    ["a workload's", (objects) => objects, "shop/Deployment/web/eth0"],
    [
      "a Pod's, where Spiderpool wrote down no workload",
      (objects) =>
        objects.map((object) => {
          if (object.kind !== "SpiderEndpoint") return object;
          const { current } = (object as SpiderEndpoint).status!;
          return { ...object, status: { current } };
        }),
      "shop/Pod/web-rs-0/eth0",
    ],
    [
      "a Pod's, where only the pool knows of it",
      (objects) => objects.filter(({ kind }) => kind !== "SpiderEndpoint"),
      "shop/Pod/web-rs-0",
    ],
  ])("%s", async (_what, change, owner) => {
    const live = change(running(await synced(), { ...WEB, addresses: ["10.6.0.10"] }));
    const { verdict } = await decideOn(shrink, live);
    expect(verdict.released.map((entry) => entry.owner)).toEqual([owner]);
    expect(verdict).toMatchObject({ stable: false, stays: 0 });
  });
});
