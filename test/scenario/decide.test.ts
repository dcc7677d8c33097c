import { describe, expect, test } from "vitest";
import { lastLine, leavingText } from "../../src/app/report/plan-text.js";
import { formatRangeSet } from "../../src/core/ip/range-set.js";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, told } from "../support/decide.js";
import { deployment, endpoint, livePool, liveReserved, liveSubnet } from "../support/objects.js";

const SUBNET = `subnets:
  app:
    cidr: 10.6.0.0/24
    gateway: 10.6.0.1
    ranges: [10.6.0.10-10.6.0.99]
`;
const FIXED = (replicas: number) => `${SUBNET}workloads:
  default/Deployment/app:
    replicas: ${replicas}
    pods: {labels: {app: app}}
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 1}}}
`;
const POOL = "default.deployment.app.eth0.app";

describe("a first sync", () => {
  test("makes subnet, fixed pool and anchor; the next plan is empty (FIXED-7)", async () => {
    const first = await decideOn(FIXED(2), []);
    expect(told(first)).toEqual([
      "1 create SpiderSubnet app",
      `2 create SpiderIPPool ${POOL}`,
      "2 create SpiderIPPool spiderplan-none-v4",
    ]);
    expect(first.verdict).toMatchObject({ stable: true, released: [], leaving: [] });
    const second = await decideOn(FIXED(2), applied(first, []));
    expect(told(second)).toEqual([]);
    expect(second.summary).toMatchObject({ create: 0, update: 0, delete: 0, unchanged: 3 });
  });

  test("scaling grows the pool in place and moves nobody", async () => {
    const live = applied(await decideOn(FIXED(2), []), []);
    const scaled = await decideOn(FIXED(4), live);
    expect(told(scaled)).toEqual([`2 update SpiderIPPool ${POOL}`]);
    expect(formatRangeSet(scaled.steps[0]!.added)).toEqual(["10.6.0.13-10.6.0.14"]);
    expect(scaled.steps[0]!.removed).toEqual([]);
  });

  test("a pool is bound by pattern with the anchor in one family", async () => {
    const outcome = await decideOn(`${FIXED(2)}    annotate: true\n`, [deployment("default/app")]);
    const step = outcome.steps.find((one) => one.kind.kind === "Deployment");
    expect(step?.patch).toMatchObject({
      spec: {
        template: {
          metadata: {
            annotations: {
              "ipam.spidernet.io/ippools": JSON.stringify([
                {
                  interface: "eth0",
                  ipv4: ["spiderplan-none-v4", "default.deployment.app.eth0.*"],
                  ipv6: ["default.deployment.app.eth0.*"],
                },
              ]),
              "v1.multus-cni.io/default-network": "kube-system/net",
            },
          },
        },
      },
    });
  });
});

describe("FIXED-1: addresses in use stay in their pool", () => {
  const declared = (addresses: string) => `${SUBNET}pools:
  p: {subnet: app, addresses: [${addresses}], pods: {labels: {app: x}}, default: true}
`;

  test.each<[string, (live: SpiderIPPool) => object[]]>([
    [
      "recorded in the pool's status",
      (pool) => [{ ...pool, status: { allocatedIPs: '{"10.6.0.12":{"pod":"default/x-1","podUid":"u"}}' } }],
    ],
    ["known from a SpiderEndpoint only", (pool) => [pool, endpoint("default/x-1", "p", "10.6.0.12")]],
  ])("a shrink that would take one is refused, naming the Pod: %s", async (_how, live) => {
    const before = applied(await decideOn(declared("10.6.0.10-10.6.0.12"), []), []);
    const pool = before.find((one) => one.metadata.name === "p") as SpiderIPPool;
    const others = before.filter((one) => one !== pool);
    const outcome = await decideOn(declared("10.6.0.10-10.6.0.11"), [...others, ...live(pool)] as never);
    expect(told(outcome)).toEqual(["6 update SpiderIPPool p [in-use]"]);
    expect(outcome.verdict.stable).toBe(false);
    expect(outcome.verdict.released).toMatchObject([{ pod: "default/x-1", address: "10.6.0.12", pool: "p" }]);
  });

  test("an unreadable record takes nothing away", async () => {
    const before = applied(await decideOn(declared("10.6.0.10-10.6.0.12"), []), []);
    const live = before.map((one) =>
      one.metadata.name === "p" ? { ...one, status: { allocatedIPs: "{broken" } } : one,
    );
    expect(told(await decideOn(declared("10.6.0.10-10.6.0.11"), live))).toEqual(["6 update SpiderIPPool p [in-use]"]);
  });

  test.each<[what: string, object: (pool: SpiderIPPool) => KubeObject[]]>([
    ["an endpoint's address", (pool) => [pool, endpoint("default/x-1", "p", "10.6.0.300")]],
    [
      "one key of the record",
      (pool) => [{ ...pool, status: { allocatedIPs: '{"10.6.0.x": {"pod": "default/x-1", "podUid": "u"}}' } }],
    ],
  ])("%s that cannot be read holds a shrink and a delete back", async (_what, live) => {
    const before = applied(await decideOn(declared("10.6.0.10-10.6.0.12"), []), []);
    const world = before.flatMap((one) => (one.metadata.name === "p" ? live(one as SpiderIPPool) : [one]));
    const shrunk = await decideOn(declared("10.6.0.10-10.6.0.11"), world);
    expect(told(shrunk)).toEqual(["6 update SpiderIPPool p [in-use]"]);
    expect(shrunk.steps[0]?.blocked?.message).toContain("cannot be read, so nothing may be taken from p");
    expect(told(await decideOn(SUBNET, world))).toEqual(["6 delete SpiderIPPool p [in-use]"]);
  });

  test("whose address it is comes from the endpoint where the pool has no owner; two Pods are one workload", async () => {
    const before = [
      ...applied(await decideOn(declared("10.6.0.10-10.6.0.12"), []), []),
      endpoint("default/x-1", "p", "10.6.0.12"),
      endpoint("default/x-2", "p", "10.6.0.11"),
    ];
    const outcome = await decideOn(declared("10.6.0.10"), before);
    expect(outcome.verdict.released.map((one) => one.owner)).toEqual([
      "default/Deployment/app/eth0",
      "default/Deployment/app/eth0",
    ]);
    expect(lastLine(outcome)).toContain("Workloads leaving their addresses: 1.");
  });

  test("a record without a Pod's name is somebody all the same", async () => {
    const live = applied(await decideOn(declared("10.6.0.10-10.6.0.12"), []), []).map((one) =>
      one.metadata.name === "p" ? { ...one, status: { allocatedIPs: '{"10.6.0.12": {"podUid": "u"}}' } } : one,
    );
    const outcome = await decideOn(declared("10.6.0.10-10.6.0.11"), live);
    expect(outcome.steps[0]?.blocked?.message).toBe("in use by a Pod without a name (10.6.0.12)");
    expect(outcome.verdict.released).toMatchObject([
      { owner: "a Pod without a name", reasons: [expect.anything(), "a Pod without a name has 10.6.0.12 of it now"] },
    ]);
    expect(lastLine(outcome)).toContain("Workloads leaving their addresses: 1.");
  });

  test("a declared pool in use is not deleted; what wants its addresses is held back with it", async () => {
    const before = [
      ...applied(await decideOn(declared("10.6.0.10-10.6.0.12"), []), []),
      endpoint("default/x-1", "p", "10.6.0.12"),
    ];
    const other = `${SUBNET}pools:\n  q: {subnet: app, addresses: [10.6.0.12], default: true}\n`;
    expect(told(await decideOn(other, before))).toEqual([
      "6 delete SpiderIPPool p [in-use]",
      "7 create SpiderIPPool q [depends]",
    ]);
  });

  test("a pool a live template names is not deleted though nobody holds an address", async () => {
    const before = applied(await decideOn(declared("10.6.0.10-10.6.0.12"), []), []);
    const named = deployment("default/x", { "ipam.spidernet.io/ippool": '{"ipv4":["p"]}' });
    expect(told(await decideOn(SUBNET, [...before, named]))).toEqual(["6 delete SpiderIPPool p [in-use]"]);
  });

  test("unused and unnamed, it goes", async () => {
    const before = applied(await decideOn(declared("10.6.0.10-10.6.0.12"), []), []);
    expect(told(await decideOn(SUBNET, before))).toEqual(["6 delete SpiderIPPool p"]);
  });
});

describe("leaving (DESIGN 6)", () => {
  test("a fixed pool whose owner left the plan waits for its last user, blocking nothing", async () => {
    const before = [...applied(await decideOn(FIXED(2), []), []), endpoint("default/app-1", POOL, "10.6.0.10")];
    const outcome = await decideOn(SUBNET, before);
    expect(told(outcome)).toEqual([]);
    expect(outcome.verdict.leaving).toMatchObject([{ owner: "default/Deployment/app/eth0/app", pool: POOL, inUse: 1 }]);
    expect(leavingText(outcome.verdict.leaving).join(" ")).toMatch(
      /leaving: 1 address in use; keeps \S+-\S+ until\s+they are free$/,
    );
    const single = outcome.verdict.leaving.map((one) => ({ ...one, addresses: ["10.6.0.10"] }));
    expect(leavingText(single).join(" ")).toMatch(/keeps 10\.6\.0\.10 until\s+it is free$/);
    expect(outcome.verdict.stable).toBe(true);
  });

  test("a live template that names it by pattern keeps it too", async () => {
    const before = applied(await decideOn(FIXED(2), []), []);
    const template = { "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["default.deployment.app.eth0.*"]}]' };
    const outcome = await decideOn(SUBNET, [...before, deployment("default/app", template)]);
    expect(told(outcome)).toEqual([]);
    expect(outcome.verdict.leaving).toMatchObject([{ pool: POOL, inUse: 0 }]);
    expect(leavingText(outcome.verdict.leaving).join(" ")).toContain("leaving: its Pod template still names it; keeps");
  });

  test("steps that need its addresses wait", async () => {
    const before = [...applied(await decideOn(FIXED(2), []), []), endpoint("default/app-1", POOL, "10.6.0.10")];
    const taker = `${SUBNET}pools:\n  q: {subnet: app, addresses: [10.6.0.10], default: true}\n`;
    const outcome = await decideOn(taker, before);
    expect(told(outcome)).toContain("7 create SpiderIPPool q [waiting]");
    expect(outcome.verdict.leaving).toMatchObject([{ pool: POOL, waiting: ["SpiderIPPool q"] }]);
  });

  test("with nobody left it is deleted", async () => {
    const before = applied(await decideOn(FIXED(2), []), []);
    expect(told(await decideOn(SUBNET, before))).toEqual([
      "5 create SpiderReservedIP spiderplan-quarantine-default-v4",
      `6 delete SpiderIPPool ${POOL}`,
    ]);
  });
});

describe("ownership", () => {
  test("another install's object of the same name is an error naming both", async () => {
    const theirs = livePool(POOL, { ips: ["10.6.0.10"] }, { install: "net-team" });
    const outcome = await decideOn(FIXED(2), [theirs]);
    expect(outcome.diagnostics.map((one) => `${one.code} ${one.message}`)).toContain(
      `SP4111 SpiderIPPool ${POOL} belongs to install net-team, not to default`,
    );
  });

  test("a declared pool that exists unmarked is adopted without a change of its spec", async () => {
    const handMade = livePool("p", { ips: ["10.6.0.10-10.6.0.12"], gateway: "10.6.0.1" });
    const subnet = liveSubnet("app", { subnet: "10.6.0.0/24", gateway: "10.6.0.1", ips: ["10.6.0.10-10.6.0.99"] });
    const outcome = await decideOn(
      `${SUBNET}pools:\n  p: {subnet: app, addresses: [10.6.0.10-10.6.0.12]}\nnamespaces:\n  default: {defaultPools: [p]}\n`,
      [handMade, subnet],
    );
    expect(told(outcome)).toEqual(["1 adopt SpiderSubnet app", "2 adopt SpiderIPPool p"]);
    for (const step of outcome.steps) expect(step.patch).not.toHaveProperty("spec");
  });

  test("objects without our id, or of another install, are never pruned", async () => {
    const outcome = await decideOn(SUBNET, [
      livePool("hand-made", { ips: ["10.6.0.50"] }),
      livePool("theirs", { ips: ["10.6.0.51"] }, { install: "net-team" }),
      liveReserved("printers", ["10.6.0.60"]),
    ]);
    expect(told(outcome)).toEqual(["1 create SpiderSubnet app"]);
  });
});

describe("prune budget", () => {
  const pools = (count: number) =>
    Array.from({ length: count }, (_, i) => livePool(`p${i}`, { ips: [`10.6.0.${10 + i}`] }, { install: "default" }));
  const keep = (count: number) =>
    `${SUBNET}pools:\n${Array.from({ length: count }, (_, i) => `  p${i}: {subnet: app, addresses: [10.6.0.${10 + i}], gateway: 10.6.0.1, default: false}`).join("\n")}\nnamespaces:\n  default: {defaultPools: [${Array.from({ length: count }, (_, i) => `p${i}`).join(", ")}]}\n`;

  test.each<[deleted: number, of: number, exceeded: boolean]>([
    [5, 6, false], // not more than the count
    [6, 40, false], // more than the count, not more than the percentage
    [9, 40, true],
  ])("%i of %i deleted: exceeded %s", async (deleted, of, exceeded) => {
    const outcome = await decideOn(keep(of - deleted), pools(of));
    expect(outcome.pruneBudgetExceeded !== undefined).toBe(exceeded);
    const held = outcome.steps.filter((step) => step.action === "delete" && step.blocked?.type === "budget");
    expect(held).toHaveLength(exceeded ? deleted : 0);
    expect(outcome.steps.filter((step) => step.action !== "delete").every((step) => !step.blocked)).toBe(true);
  });

  test("--prune-budget allows it", async () => {
    const outcome = await decideOn(keep(20), pools(30), { pruneBudget: 10 });
    expect(outcome.steps.filter((step) => step.action === "delete" && !step.blocked)).toHaveLength(10);
  });
});

describe("Spiderpool's admission, judged before any write", () => {
  test("P9: a foreign pool in the way is told with the rule; the rest goes on", async () => {
    const foreign = livePool("theirs", { ips: ["10.6.0.20"] });
    const outcome = await decideOn(
      `${SUBNET}pools:\n  p: {subnet: app, addresses: [10.6.0.20], default: true}\n  q: {subnet: app, addresses: [10.6.0.30], default: true}\n`,
      [foreign],
    );
    const blocked = outcome.steps.filter((step) => step.blocked);
    expect(blocked.map((step) => [step.name, step.blocked!.type])).toEqual([["p", "conflict"]]);
    expect(blocked[0]!.blocked!.message).toMatch(/P9.*theirs/);
  });

  test("U9: a subnet is not deleted over pools that would go with it", async () => {
    const outcome = await decideOn(SUBNET.replace("app:", "other:").replace(/10\.6\./g, "10.7."), [
      liveSubnet("app", { subnet: "10.6.0.0/24", ips: ["10.6.0.10-10.6.0.99"] }, "default"),
      livePool("theirs", { ips: ["10.6.0.20"] }),
    ]);
    const step = outcome.steps.find((one) => one.action === "delete");
    expect(step?.blocked).toMatchObject({ type: "conflict", message: expect.stringContaining("U9") });
  });

  test("--atomic: one refusal holds back all", async () => {
    const foreign = livePool("theirs", { ips: ["10.6.0.20"] });
    const plan = `${SUBNET}pools:\n  p: {subnet: app, addresses: [10.6.0.20], default: true}\n  q: {subnet: app, addresses: [10.6.0.30], default: true}\n`;
    const outcome = await decideOn(plan, [foreign], { atomic: true });
    expect(outcome.steps.every((step) => step.blocked)).toBe(true);
  });
});
