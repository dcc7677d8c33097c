import { describe, expect, test } from "vitest";
import type { RangeSet } from "../../src/core/ip/range-set.js";
import { effectiveSet } from "../../src/core/spiderpool/canonical.js";
import { KINDS, type KubeObject, OWN, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { told } from "../support/decide.js";
import { deployment, endpoint, liveReserved } from "../support/objects.js";
import { contentOf, Life } from "../support/quarantine.js";

/** A subnet of six addresses, so that one who wants more has to take somebody's. */
const SUBNET = "subnets:\n  app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.15]}\n";
const workload = (name: string, replicas: number) =>
  `  d/Deployment/${name}:
    replicas: ${replicas}
    pods: {labels: {app: ${name}}}
    interfaces: {eth0: {fixed: {subnets: [app], elastic: 0}}}\n`;

interface Wanted {
  readonly quarantine?: string;
  readonly pools?: string;
}

function spec(workloads: Record<string, number>, { quarantine = "24h", pools = "" }: Wanted = {}): string {
  const all = Object.entries(workloads).map(([name, replicas]) => workload(name, replicas));
  const names = all.length > 0 ? `workloads:\n${all.join("")}` : "";
  return `settings: {quarantine: ${quarantine}, pruneBudget: {count: 50, percent: 100}}\n${SUBNET}${pools}${names}`;
}

const Q = "SpiderReservedIP spiderplan-quarantine-default-v4";
const A = "d/Deployment/a/eth0";
const B = "d/Deployment/b/eth0";
const POOL = "d.deployment.a.eth0.app";
const record = (hours = 0, owner = `${A}/app`) => ({
  owner,
  since: `2026-11-2${2 + Math.floor(hours / 24)}T${String(hours % 24).padStart(2, "0")}:00:00Z`,
});

describe.each([
  ["without lock files", false],
  ["with lock files", true],
])("a released address rests, %s", (_name, files) => {
  test("it is reserved before the pool lets go of it, and the time is open until the write", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3 }));
    life.hours = 5;
    if (files) await life.relock(spec({ a: 1 }));
    const outcome = await life.plan(spec({ a: 1 }));
    expect(told(outcome)).toEqual([`5 create ${Q}`, `6 update SpiderIPPool ${POOL}`]);
    const [reserve, shrink] = outcome.steps;
    expect(contentOf(reserve!.object)).toEqual({
      ips: ["10.6.0.11-10.6.0.12"],
      records: { "10.6.0.11-10.6.0.12": { owner: `${A}/app`, since: "" } },
    });
    expect(shrink?.reason).toContain("they rest 24 h from the moment of release");
    expect(outcome.usage).toMatchObject([{ held: 1, resting: 2, reserved: 0, free: 3 }]);
    life.carryOut(outcome);
    expect(life.quarantine()?.records).toEqual({ "10.6.0.11-10.6.0.12": record(5) });
  });

  test("FIXED-4: the plan is the same whenever it is made", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3 }));
    if (files) await life.relock(spec({ a: 1 }));
    const early = await life.plan(spec({ a: 1 }));
    life.hours = 20;
    expect(await life.plan(spec({ a: 1 }))).toEqual(early);
  });

  test("FIXED-7: the next plan is empty, whatever time passes within the quarantine", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3, b: 1 }));
    await life.sync(spec({ a: 1, b: 1 }));
    for (const hours of [0, 1, 23.999]) {
      life.hours = hours;
      expect(told(await life.plan(spec({ a: 1, b: 1 })))).toEqual([]);
      if (files) await life.relock(spec({ a: 1, b: 1 }));
      expect(told(await life.plan(spec({ a: 1, b: 1 })))).toEqual([]);
    }
  });

  test.each<[string, Record<string, number>]>([
    ["shrunk and grown", { a: 1, b: 1 }],
    ["removed and reverted", { b: 1 }],
  ])("FIXED-9: %s within the time, the owner has the same addresses", async (_what, between) => {
    const life = new Life(files);
    const before = Life.held(await life.sync(spec({ a: 3, b: 1 })));
    await life.sync(spec(between));
    life.hours = 23;
    const back = await life.sync(spec({ a: 3, b: 1 }));
    expect(Life.held(back)).toEqual(before);
    // A return: the owner's pool grows, then the addresses leave the quarantine.
    expect(told(back)).toEqual([
      `2 ${between.a === undefined ? "create" : "update"} SpiderIPPool ${POOL}`,
      `8 delete ${Q}`,
    ]);
    expect(life.quarantine()).toBeUndefined();
    expect(told(await life.plan(spec({ a: 3, b: 1 })))).toEqual([]);
  });

  test("FIXED-2: no other owner gets it before the time is over, then one may", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3, b: 3 }));
    await life.sync(spec({ b: 3 }));
    life.hours = 23.9;
    const early = await life.sync(spec({ b: 4 }));
    expect(early.diagnostics.map(({ code }) => code)).toContain(files ? "SP4107" : "SP3101");
    expect(Life.held(early)[B]).toBe("10.6.0.13-10.6.0.15");
    life.hours = 24;
    // Over: the object changes once, the sync after that may give the addresses away.
    const over = await life.sync(spec({ b: 3 }));
    expect(told(over)).toEqual([files ? `8 update ${Q}` : `8 delete ${Q}`]);
    expect(told(await life.plan(spec({ b: 3 })))).toEqual([]);
    const taken = await life.sync(spec({ b: 5 }));
    expect(Life.held(taken)[B]).toBe("10.6.0.11-10.6.0.15");
    expect(life.quarantine()).toBeUndefined();
    expect(told(await life.plan(spec({ b: 5 })))).toEqual([]);
  });

  test("some come back while others go on resting: out only after their pool has grown", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3, b: 3 }));
    await life.sync(spec({ a: 1, b: 3 }));
    life.hours = 2;
    const outcome = await life.sync(spec({ a: 2, b: 2 }));
    expect(told(outcome)).toEqual([
      `2 update SpiderIPPool ${POOL}`,
      `5 update ${Q}`,
      "6 update SpiderIPPool d.deployment.b.eth0.app",
      `8 update ${Q}`,
    ]);
    expect(contentOf(outcome.steps[1]!.object).ips).toEqual(["10.6.0.11-10.6.0.12", "10.6.0.15"]);
    expect(life.quarantine()).toEqual({
      ips: ["10.6.0.12", "10.6.0.15"],
      records: { "10.6.0.12": record(0), "10.6.0.15": record(2, `${B}/app`) },
    });
    expect(told(await life.plan(spec({ a: 2, b: 2 })))).toEqual([]);
  });

  test("FIXED-5: killed after the reservation, the rest begins with the release", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3 }));
    if (files) await life.relock(spec({ a: 1 }));
    life.carryOut(await life.plan(spec({ a: 1 })), 1);
    life.hours = 20;
    const next = await life.sync(spec({ a: 1 }));
    expect(told(next)).toEqual([`5 update ${Q}`, `6 update SpiderIPPool ${POOL}`]);
    expect(life.quarantine()?.records).toEqual({ "10.6.0.11-10.6.0.12": record(20) });
    life.hours = 43;
    expect(told(await life.plan(spec({ a: 1 })))).toEqual([]);
  });

  test("FIXED-5: killed before an address that is back leaves the quarantine, the next run takes it out", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 1 }));
    if (files) await life.relock(spec({ a: 3 }));
    life.carryOut(await life.plan(spec({ a: 3 })), 1);
    const next = await life.sync(spec({ a: 3 }));
    expect(told(next)).toEqual([`8 delete ${Q}`]);
    expect(Life.held(next)[A]).toBe("10.6.0.10-10.6.0.12");
  });

  test("what is in use is taken out, and is never put in", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3 }));
    life.objects.push(endpoint("d/a-1", POOL, "10.6.0.12"));
    const leaving = await life.sync(spec({}));
    expect(told(leaving)).toEqual([]);
    life.objects.pop();
    await life.sync(spec({}));
    expect(life.quarantine()?.ips).toEqual(["10.6.0.10-10.6.0.12"]);
    life.objects.push(endpoint("d/stray", "gone", "10.6.0.11"));
    await life.sync(spec({}));
    expect(life.quarantine()?.ips).toEqual(["10.6.0.10", "10.6.0.12"]);
    expect(told(await life.plan(spec({})))).toEqual([]);
  });

  test("a declared pool may reach over it; it stays reserved, and that harms nobody", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3 }));
    const over = spec({}, { pools: "pools:\n  p: {subnet: app, addresses: [10.6.0.10-10.6.0.14], default: true}\n" });
    const outcome = await life.sync(over);
    expect(told(outcome)).toEqual([`5 create ${Q}`, `6 delete SpiderIPPool ${POOL}`, "7 create SpiderIPPool p"]);
    expect(life.quarantine()?.ips).toEqual(["10.6.0.10-10.6.0.12"]);
    expect(told(await life.plan(over))).toEqual([]);
    life.hours = 24;
    expect(told(await life.sync(over))).toEqual([files ? `8 update ${Q}` : `8 delete ${Q}`]);
    expect(told(await life.plan(over))).toEqual([]);
  });

  test("a renamed owner takes its own back, and what goes on resting is known by its new name", async () => {
    const life = new Life(files);
    const moved = "moved:\n  - {from: d/Deployment/a, to: d/Deployment/c}\n";
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 1 }));
    const outcome = await life.sync(`${spec({ c: 2 })}${moved}`);
    expect(Life.held(outcome)).toEqual({ "d/Deployment/c/eth0": "10.6.0.10-10.6.0.11" });
    expect(life.quarantine()).toEqual({
      ips: ["10.6.0.12"],
      records: { "10.6.0.12": record(0, "d/Deployment/c/eth0/app") },
    });
    expect(told(await life.plan(`${spec({ c: 2 })}${moved}`))).toEqual([]);
    await life.sync(`${spec({ c: 3 })}${moved}`);
    expect(life.quarantine()).toBeUndefined();
  });

  test("slices and the addresses of single Pods rest like any, also where a declared pool has them back", async () => {
    const mixed = (replicas: number) => `${SUBNET.replace("10.6.0.15", "10.6.0.25")}pools:
  p: {subnet: app, addresses: [10.6.0.10-10.6.0.15], namespaces: {names: [d]}}
workloads:
${workload("a", replicas).replace("subnets: [app]", "pools: [p]")}${workload("s", replicas).replace("Deployment", "StatefulSet")}`;
    const life = new Life(files);
    const before = Life.held(await life.sync(mixed(3)));
    await life.sync(mixed(1));
    expect(life.quarantine()).toEqual({
      ips: ["10.6.0.11-10.6.0.12", "10.6.0.17-10.6.0.18"],
      records: {
        "10.6.0.11-10.6.0.12": record(0, `${A}/pool:p/app`),
        "10.6.0.17": record(0, "d/StatefulSet/s/eth0/app/1"),
        "10.6.0.18": record(0, "d/StatefulSet/s/eth0/app/2"),
      },
    });
    expect(effectiveSet((life.snapshot().pools.get("p") as SpiderIPPool).spec)).toHaveLength(1);
    expect(told(await life.plan(mixed(1)))).toEqual([]);
    expect(Life.held(await life.sync(mixed(3)))).toEqual(before);
    expect(life.quarantine()).toBeUndefined();
    expect(told(await life.plan(mixed(3)))).toEqual([]);
  });

  test("0: nothing rests, and what rested is let go", async () => {
    const none = { quarantine: "0" };
    const life = new Life(files);
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 2 }));
    expect(life.quarantine()?.ips).toEqual(["10.6.0.12"]);
    expect(told(await life.sync(spec({ a: 1 }, none)))).toEqual([`6 update SpiderIPPool ${POOL}`, `8 delete ${Q}`]);
    expect(told(await life.plan(spec({ a: 1 }, none)))).toEqual([]);
  });

  test("--no-prune: the object stays, empty", async () => {
    const life = new Life(files, { prune: false });
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 1 }));
    await life.sync(spec({ a: 3 }));
    expect(life.quarantine()).toEqual({ ips: [], records: {} });
    expect(told(await life.plan(spec({ a: 3 })))).toEqual([]);
  });

  test("a release that is held back reserves nothing", async () => {
    const life = new Life(files);
    await life.sync(spec({ a: 3 }));
    if (files) await life.relock(spec({}));
    const outcome = await life.plan(spec({}).replace("{count: 50, percent: 100}", "{count: 0, percent: 0}"));
    expect(told(outcome)).toEqual([`6 delete SpiderIPPool ${POOL} [budget]`]);
  });

  test("--atomic holds it back with everything else", async () => {
    const life = new Life(files, { atomic: true });
    const pool = (addresses: string) => ({ pools: `pools:\n  p: {subnet: app, addresses: [${addresses}]}\n` });
    await life.sync(spec({ a: 3 }, pool("10.6.0.14-10.6.0.15")));
    life.objects.push(endpoint("d/x", "p", "10.6.0.15"));
    if (files) await life.relock(spec({ a: 1 }, pool("10.6.0.14")));
    expect(told(await life.plan(spec({ a: 1 }, pool("10.6.0.14"))))).toEqual([
      `5 create ${Q} [atomic]`,
      `6 update SpiderIPPool ${POOL} [atomic]`,
      "6 update SpiderIPPool p [in-use]",
    ]);
  });

  test("it counts in the verdict: a pool that moves onto it strands those who name the pool", async () => {
    const life = new Life(files);
    const pool = (addresses: string) => ({ pools: `pools:\n  p: {subnet: app, addresses: [${addresses}]}\n` });
    await life.sync(spec({ a: 3 }, pool("10.6.0.14-10.6.0.15")));
    life.objects.push(deployment("d/x", { "ipam.spidernet.io/ippool": '{"ipv4":["p"]}' }));
    const outcome = await life.sync(spec({}, pool("10.6.0.10-10.6.0.11")));
    expect(told(outcome)).toEqual([
      `5 create ${Q}`,
      `6 delete SpiderIPPool ${POOL}`,
      "6 update SpiderIPPool p [verdict]",
      "7 update SpiderIPPool p [verdict]",
    ]);
    expect(outcome.verdict.strands.map(({ owner }) => owner)).toEqual(["d/Deployment/x/eth0"]);
  });

  test("the end of a rest is no deletion of the plan's: it needs no prune budget", async () => {
    const life = new Life(files);
    const tight = (workloads: Record<string, number>) =>
      spec(workloads).replace("{count: 50, percent: 100}", "{count: 0, percent: 0}");
    await life.sync(tight({ a: 3 }));
    await life.sync(tight({ a: 1 }));
    const back = await life.sync(tight({ a: 3 }));
    expect(told(back)).toEqual([`2 update SpiderIPPool ${POOL}`, `8 delete ${Q}`]);
    expect(back.pruneBudgetExceeded).toBeUndefined();
  });

  test("others' reservations stay as they are, another install's quarantine too", async () => {
    const theirs = liveReserved("spiderplan-quarantine-two-v4", ["10.6.0.15"], "two");
    theirs.metadata.annotations![OWN.quarantine] = JSON.stringify({ "10.6.0.15": record() });
    const hand = liveReserved("printers", ["10.6.0.14"]);
    const life = new Life(files);
    life.objects = [theirs, hand];
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 1 }));
    life.hours = 100;
    await life.sync(spec({ a: 1 }));
    expect(life.objects).toEqual(expect.arrayContaining([theirs, hand]));
  });
});

describe("the quarantine's record and the lock files", () => {
  test("over, the address leaves the reservation, the record stays until the lock lists it no more", async () => {
    const life = new Life(true);
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 1 }));
    life.hours = 24;
    life.carryOut(await life.plan(spec({ a: 1 })));
    expect(life.quarantine()).toEqual({ ips: [], records: { "10.6.0.11-10.6.0.12": record() } });
    expect(told(await life.plan(spec({ a: 1 })))).toEqual([]);
    await life.relock(spec({ a: 1 }));
    expect(life.lock.subnets.get("app")?.released).toEqual(new Map());
    const dropped = await life.plan(spec({ a: 1 }));
    expect(told(dropped)).toEqual([`8 delete ${Q}`]);
  });

  test("deleted by hand it is made anew, and the clock starts then", async () => {
    const life = new Life(true);
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 1 }));
    life.objects = life.objects.filter(({ kind }) => kind !== KINDS.SpiderReservedIP.kind);
    life.hours = 10;
    expect(told(await life.sync(spec({ a: 1 })))).toEqual([`5 create ${Q}`]);
    expect(life.quarantine()?.records).toEqual({ "10.6.0.11-10.6.0.12": record(10) });
  });

  test("a record of another's that ends does not keep a release from resting", async () => {
    const life = new Life(true);
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ b: 3 }));
    life.hours = 24;
    life.carryOut(await life.plan(spec({ b: 3 })));
    // b has it by now, and gives it back before any sync took a's record away.
    const rests = { first: 0x0a06000a, last: 0x0a06000a };
    const held = new Map([[B, [{ first: 0x0a06000d, last: 0x0a06000f }]]]);
    const released = new Map([[B, [rests]]]);
    life.lock = { files: true, subnets: new Map([["app", { held, pools: new Map(), released }]]) };
    life.carryOut(await life.plan(spec({ b: 3 })));
    expect(life.quarantine()).toEqual({ ips: ["10.6.0.10"], records: { "10.6.0.10": record(24, `${B}/app`) } });
    expect(told(await life.plan(spec({ b: 3 })))).toEqual([]);
  });

  test("a hand edit that gives a resting address away is refused with both owners, until the time is over", async () => {
    const life = new Life(true);
    await life.sync(spec({ a: 1, b: 1 }));
    await life.sync(spec({ b: 1 }));
    const address = 0x0a06000a;
    const held = new Map([[B, [{ first: address, last: address + 1 }]]]);
    life.lock = { files: true, subnets: new Map([["app", { held, pools: new Map(), released: new Map() }]]) };
    for (const hours of [0, 23]) {
      life.hours = hours;
      const refused = await life.plan(spec({ b: 2 }));
      expect(told(refused)).toEqual([]);
      const errors = refused.diagnostics.filter(({ severity }) => severity === "error");
      expect(errors.map(({ code, about }) => [code, about])).toEqual([
        ["SP4110", B],
        ["SP4110", A],
      ]);
      expect(errors[0]!.message).toBe(
        `10.6.0.10 is locked to ${B}/app but rests for ${A}/app since 2026-11-22T00:00:00Z`,
      );
    }
    life.hours = 24;
    const over = await life.plan(spec({ b: 2 }));
    const kept = "SpiderReservedIP spiderplan-promised-default-v4";
    expect(told(over)).toEqual([`1 create ${kept}`, `8 delete ${Q}`]);
    life.carryOut(over);
    const taken = ["2 update SpiderIPPool d.deployment.b.eth0.app", `3 delete ${kept}`];
    expect(told(await life.plan(spec({ b: 2 })))).toEqual(taken);
  });

  test.each([
    ["of an owner gone from the plan too", { b: 1 }, []],
    ["of an owner that holds less", { a: 1, b: 1 }, [[A, [{ first: 0x0a06000a, last: 0x0a06000a }]]]],
  ] as const)("a line deleted by hand %s: what its pool offered rests all the same", async (_, workloads, mine) => {
    const life = new Life(true);
    await life.sync(spec({ a: 3, b: 1 }));
    const held = new Map([...mine, [B, [{ first: 0x0a06000d, last: 0x0a06000d }]]] as [string, RangeSet][]);
    life.lock = { files: true, subnets: new Map([["app", { held, pools: new Map(), released: new Map() }]]) };
    life.carryOut(await life.plan(spec(workloads)));
    expect(life.quarantine()?.records).toEqual({
      [mine.length > 0 ? "10.6.0.11-10.6.0.12" : "10.6.0.10-10.6.0.12"]: record(0),
    });
    expect(told(await life.plan(spec(workloads)))).toEqual([]);
  });

  test("what somebody's live pool offers is not taken from its users, though the lock says it rests", async () => {
    const life = new Life(true);
    const declared = spec({}, { pools: "pools:\n  p: {subnet: app, addresses: [10.6.0.10-10.6.0.11]}\n" });
    await life.sync(declared);
    life.lock = {
      files: true,
      subnets: new Map([
        [
          "app",
          { held: new Map(), pools: new Map(), released: new Map([[A, [{ first: 168165386, last: 168165386 }]]]) },
        ],
      ]),
    };
    expect((life.snapshot().pools.get("p") as SpiderIPPool).spec.ips).toEqual(["10.6.0.10-10.6.0.11"]);
    expect(told(await life.plan(declared))).toEqual([]);
  });
});

describe("the quarantine's objects", () => {
  test.each([
    ["default", "spiderplan-quarantine-default-v4"],
    ["net-team", "spiderplan-quarantine-net-team-v4"],
    ["ops/net.plan", /^spiderplan-quarantine-ops-net-plan-[0-9a-f]{8}-v4$/],
    ["x".repeat(260), /^spiderplan-quarantine-x{190}-[0-9a-f]{8}-v4$/],
  ])("of install %.20s have a legal name", async (install, name) => {
    const life = new Life(false, { install });
    await life.sync(spec({ a: 2 }));
    await life.sync(spec({ a: 1 }));
    const [reserved] = [...life.snapshot().reserved.keys()];
    expect(reserved).toMatch(name instanceof RegExp ? name : new RegExp(`^${name}$`));
    expect(told(await life.plan(spec({ a: 1 })))).toEqual([]);
  });

  test("made by somebody else is adopted with what it reserves; another install's is an error", async () => {
    const life = new Life(false);
    await life.sync(spec({ a: 3 }));
    life.objects.push(liveReserved("spiderplan-quarantine-default-v4", ["10.6.0.15"]));
    const adopting = await life.plan(spec({ a: 1 }));
    expect(told(adopting)).toEqual([`5 adopt ${Q}`, `6 update SpiderIPPool ${POOL}`]);
    life.carryOut(adopting);
    expect(life.quarantine()?.ips).toEqual(["10.6.0.11-10.6.0.12", "10.6.0.15"]);
    life.objects = [
      ...life.objects.filter(({ kind }) => kind !== KINDS.SpiderReservedIP.kind),
      liveReserved("spiderplan-quarantine-default-v4", ["10.6.0.15"], "two"),
    ];
    expect((await life.plan(spec({ a: 1 }))).diagnostics.map(({ code }) => code)).toContain("SP4111");
  });

  test("under another name give their records to the one of that name", async () => {
    const life = new Life(false);
    const stray = liveReserved("old", ["10.6.0.11-10.6.0.12"], "default");
    stray.metadata.annotations![OWN.quarantine] = JSON.stringify({ "10.6.0.11-10.6.0.12": record() });
    life.objects = [stray];
    expect(told(await life.sync(spec({ b: 1 })))).toEqual([
      "1 create SpiderSubnet app",
      "2 create SpiderIPPool d.deployment.b.eth0.app",
      "2 create SpiderIPPool spiderplan-none-v4",
      `5 create ${Q}`,
      "8 delete SpiderReservedIP old",
    ]);
    expect(life.quarantine()).toEqual({ ips: ["10.6.0.11-10.6.0.12"], records: { "10.6.0.11-10.6.0.12": record() } });
    expect(told(await life.plan(spec({ b: 1 })))).toEqual([]);
  });

  test("are one a family", async () => {
    const dual = (replicas: number) => `${SUBNET}  six: {cidr: "fd00:6::/64", ranges: ["fd00:6::10-fd00:6::1f"]}
workloads:
${workload("a", replicas).replace("[app]", "[app, six]")}`;
    const life = new Life(false);
    await life.sync(dual(3));
    expect(told(await life.sync(dual(2)))).toEqual([
      "5 create SpiderReservedIP spiderplan-quarantine-default-v4",
      "5 create SpiderReservedIP spiderplan-quarantine-default-v6",
      "6 update SpiderIPPool d.deployment.a.eth0.app",
      "6 update SpiderIPPool d.deployment.a.eth0.six",
    ]);
    expect(life.quarantine("spiderplan-quarantine-default-v6")).toEqual({
      ips: ["fd00:6::12"],
      records: { "fd00:6::12": record(0, `${A}/six`) },
    });
    expect(told(await life.plan(dual(2)))).toEqual([]);
    expect(Life.held(await life.sync(dual(3)))).toEqual(Life.held(await life.plan(dual(3))));
    expect(life.quarantine("spiderplan-quarantine-default-v6")).toBeUndefined();
  });

  test.each<[string, (object: KubeObject) => void]>([
    [
      "without a time, as kubectl writes a plan's manifest",
      (o) => set(o, { "10.6.0.11-10.6.0.12": { owner: `${A}/app`, since: "" } }),
    ],
    ["with a time nobody can read", (o) => set(o, { "10.6.0.11-10.6.0.12": { owner: `${A}/app`, since: "soon" } })],
  ])("%s: the clock starts with the next sync", async (_what, edit) => {
    const life = new Life(false);
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 1 }));
    edit(life.objects.find(({ kind }) => kind === KINDS.SpiderReservedIP.kind)!);
    life.hours = 7;
    expect(told(await life.sync(spec({ a: 1 })))).toEqual([`5 update ${Q}`]);
    expect(life.quarantine()?.records).toEqual({ "10.6.0.11-10.6.0.12": record(7) });
    expect(told(await life.plan(spec({ a: 1 })))).toEqual([]);
  });

  test("with a text nobody can read keep what they reserve, and nobody else gets it", async () => {
    const life = new Life(false);
    await life.sync(spec({ a: 3 }));
    await life.sync(spec({ a: 1 }));
    life.objects.find(({ kind }) => kind === KINDS.SpiderReservedIP.kind)!.metadata.annotations![OWN.quarantine] = "{";
    const next = await life.sync(spec({ a: 1, b: 3 }));
    expect(Life.held(next)).toEqual({ [A]: "10.6.0.10", [B]: "10.6.0.13-10.6.0.15" });
    expect(told(next)).toEqual(["2 create SpiderIPPool d.deployment.b.eth0.app"]);
    expect(next.diagnostics.filter(({ code }) => code === "SP4122").map(({ message }) => message)).toEqual([
      "spiderplan-quarantine-default-v4 reserves 10.6.0.11-10.6.0.12, but its record does not say who released them",
    ]);
  });
});

function set(object: KubeObject, records: object): void {
  object.metadata.annotations![OWN.quarantine] = JSON.stringify(records);
}

describe("addresses chosen without a lock file", () => {
  test("are told of once, and not any more once they are held", async () => {
    const life = new Life(false);
    const said = ({ diagnostics }: Awaited<ReturnType<Life["plan"]>>) =>
      diagnostics.filter(({ code }) => code === "SP4121").map(({ message, severity }) => `${severity}: ${message}`);
    expect(said(await life.sync(spec({ a: 2, b: 1 })))).toEqual([
      "info: no lock file: 3 addresses of 2 owners chosen now, held by nothing until the sync",
    ]);
    expect(said(await life.plan(spec({ a: 2, b: 1 })))).toEqual([]);
    expect(said(await new Life(true).sync(spec({ a: 2 })))).toEqual([]);
  });
});
