import { describe, expect, test } from "vitest";
import { allocate } from "../../src/core/allocate/allocate.js";
import type { Lock, SubnetLock } from "../../src/core/allocate/allocation.js";
import { decide } from "../../src/core/engine.js";
import { contains, formatRangeSet, parseRangeSet, type RangeSet } from "../../src/core/ip/range-set.js";
import type { Options, Outcome } from "../../src/core/outcome.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { effectiveSet } from "../../src/core/spiderpool/canonical.js";
import {
  KINDS,
  type KubeObject,
  OWN,
  type SpiderIPPool,
  type SpiderReservedIP,
} from "../../src/core/spiderpool/objects.js";
import { applied, NO_LOCK, OPTIONS, planOf, told } from "../support/decide.js";
import { namespaceWith, node } from "../support/running.js";

const plan = (more = "", replicas = 4) => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
  other: {cidr: 10.7.0.0/24, gateway: 10.7.0.1, ranges: [10.7.0.10-10.7.0.99]}
workloads:
  shop/Deployment/web: {replicas: ${replicas}, pods: {labels: {app: web}}, interfaces: {eth0: {fixed: {subnets: [app], elastic: 0}${more}}}}
`;
const WEB = "shop/Deployment/web/eth0";
const NAME = "spiderplan-promised-default-v4";
const POOL = "shop.deployment.web.eth0.app";
const set = (...texts: string[]) => parseRangeSet(texts)!;
const lockOf = (held: Record<string, RangeSet>, more: Partial<SubnetLock> = {}): Lock => ({
  files: true,
  subnets: new Map([["app", { held: new Map(Object.entries(held)), pools: new Map(), released: new Map(), ...more }]]),
});
const FOUR = set("10.6.0.10-10.6.0.13");
const LOCK = lockOf({ [WEB]: FOUR });
const PENDING = lockOf({ [WEB]: FOUR }, { pending: new Map([["CHG1", set("10.6.0.12-10.6.0.13")]]) });
const BARE: KubeObject[] = [node("node-a"), namespaceWith("shop")];
const run = async (spec: string, lock: Lock, live: readonly KubeObject[], options: Partial<Options> = {}) =>
  decide(await planOf(spec), lock, buildSnapshot(live, Object.keys(KINDS)), { ...OPTIONS, ...options });
const kept = (objects: readonly KubeObject[]) =>
  (objects.find(({ metadata }) => metadata.name === NAME) as SpiderReservedIP | undefined)?.spec.ips;

/** Addresses of a set that an automatic pool could take: in no pool, in no reservation (B8, Z9). */
function open(objects: readonly KubeObject[], promised: RangeSet): string[] {
  const holding = objects.flatMap((one) =>
    one.kind === "SpiderIPPool" || one.kind === "SpiderReservedIP"
      ? [effectiveSet((one as SpiderIPPool).spec)].filter((ips) => typeof ips[0]?.first === "number")
      : [],
  );
  const all = promised.flatMap(({ first, last }) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i),
  );
  const free = all.filter((address) => !holding.some((ips) => contains(ips, address)));
  return free.flatMap((address) => formatRangeSet([{ first: address, last: address }]));
}

/** The cluster after each of the first steps; what was kept before stays so all the way. */
function prefixes(outcome: Outcome, live: readonly KubeObject[]): KubeObject[][] {
  return outcome.steps.map((_, index) => applied({ ...outcome, steps: outcome.steps.slice(0, index + 1) }, live));
}

describe("what the lock promises and no pool offers yet is kept by a reservation of ours", () => {
  test("pending addresses are kept while they wait, and nothing is left to do then", async () => {
    const outcome = await run(plan(", pending: CHG1"), PENDING, BARE);
    expect(told(outcome)).toContain(`1 create SpiderReservedIP ${NAME}`);
    const live = applied(outcome, BARE);
    expect(kept(live)).toEqual(["10.6.0.12-10.6.0.13"]);
    expect((live.find(({ metadata }) => metadata.name === POOL) as SpiderIPPool).spec.ips).toEqual([
      "10.6.0.10-10.6.0.11",
    ]);
    const again = await run(plan(", pending: CHG1"), PENDING, live);
    expect(again.steps).toEqual([]);
    expect(again.usage[0]).toMatchObject({ held: 4, reserved: 0 });
  });

  test("once the mark is gone the pool grows first, then they are let go; after no step could anybody else take them", async () => {
    const live = applied(await run(plan(", pending: CHG1"), PENDING, BARE), BARE);
    const outcome = await run(plan(), LOCK, live);
    expect(told(outcome)).toEqual([`2 update SpiderIPPool ${POOL}`, `3 delete SpiderReservedIP ${NAME}`]);
    for (const objects of prefixes(outcome, live)) expect(open(objects, FOUR)).toEqual([]);
    expect((await run(plan(), LOCK, applied(outcome, live))).steps).toEqual([]);
  });

  test("without prune the object stays, empty, and that is no change", async () => {
    const live = applied(await run(plan(", pending: CHG1"), PENDING, BARE), BARE);
    const after = applied(await run(plan(), LOCK, live, { prune: false }), live);
    expect(kept(after)).toBeUndefined();
    expect((await run(plan(), LOCK, after, { prune: false })).steps).toEqual([]);
  });

  test("a crash between the two is mended by the next run", async () => {
    const live = applied(await run(plan(", pending: CHG1"), PENDING, BARE), BARE);
    const [between] = prefixes(await run(plan(), LOCK, live), live);
    const outcome = await run(plan(), LOCK, between!);
    expect(told(outcome)).toEqual([`3 delete SpiderReservedIP ${NAME}`]);
  });

  test("an owner that is stopped: its addresses are kept until its pool can be made", async () => {
    const short = plan("", 6);
    const outcome = await run(short, LOCK, BARE);
    expect(outcome.diagnostics.map(({ code }) => code)).toContain("SP4107");
    const live = applied(outcome, BARE);
    expect(kept(live)).toEqual(["10.6.0.10-10.6.0.13"]);
    const then = await run(plan(), LOCK, live);
    for (const objects of prefixes(then, live)) expect(open(objects, FOUR)).toEqual([]);
    expect(kept(applied(then, live))).toBeUndefined();
  });

  test("what is released while it waits rests at once: the quarantine has it before it is let go", async () => {
    const live = applied(await run(plan(", pending: CHG1"), PENDING, BARE), BARE);
    const lock = lockOf(
      { [WEB]: set("10.6.0.10-10.6.0.11") },
      { released: new Map([[WEB, set("10.6.0.12-10.6.0.13")]]) },
    );
    const outcome = await run(plan("", 2), lock, live);
    for (const objects of prefixes(outcome, live)) expect(open(objects, FOUR)).toEqual([]);
    expect(kept(applied(outcome, live))).toBeUndefined();
  });

  test("what rests in quarantine or is in a pool, whoever's, is not kept twice", async () => {
    const auto: KubeObject = {
      ...{ apiVersion: KINDS.SpiderIPPool.apiVersion, kind: "SpiderIPPool" },
      metadata: { name: "auto4-x", labels: { "ipam.spidernet.io/owner-application-name": "x" } },
      spec: { subnet: "10.6.0.0/24", ipVersion: 4, ips: ["10.6.0.13"] },
    };
    const live = applied(await run(plan(", pending: CHG1"), PENDING, [...BARE, auto]), [...BARE, auto]);
    expect(kept(live)).toEqual(["10.6.0.10-10.6.0.12"]);
  });

  test("a sync of one part keeps that part's alone", async () => {
    const outcome = await run(plan(", pending: CHG1"), PENDING, BARE, { holding: { only: ["subnet:other"] } });
    expect(outcome.steps.filter(({ name }) => name === NAME)).toEqual([]);
    const chosen = await run(plan(", pending: CHG1"), PENDING, BARE, { holding: { only: [WEB] } });
    expect(kept(applied(chosen, BARE))).toEqual(["10.6.0.12-10.6.0.13"]);
  });

  test("without lock files nothing promises, so nothing is kept", async () => {
    const outcome = await run(plan(), NO_LOCK, BARE);
    expect(outcome.steps.filter(({ name }) => name === NAME)).toEqual([]);
  });

  test("one that lost its marks is adopted; another install's is an error", async () => {
    const live = applied(await run(plan(", pending: CHG1"), PENDING, BARE), BARE);
    const strip = (annotations: Record<string, string>) =>
      live.map((one) =>
        one.metadata.name === NAME ? { ...one, metadata: { ...one.metadata, labels: {}, annotations } } : one,
      );
    const outcome = await run(plan(", pending: CHG1"), PENDING, strip({}));
    expect(told(outcome)).toEqual([`8 adopt SpiderReservedIP ${NAME}`]);
    expect((await run(plan(", pending: CHG1"), PENDING, applied(outcome, strip({})))).steps).toEqual([]);
    const id = `elsewhere:spiderpool.spidernet.io/SpiderReservedIP:/${NAME}`;
    const refused = await run(plan(", pending: CHG1"), PENDING, strip({ [OWN.trackingId]: id }));
    expect(refused.diagnostics.map(({ code }) => code)).toContain("SP4111");
  });
});

test("an address that an automatic pool has got hold of: following the advice of SP4101 cures it", async () => {
  const auto: KubeObject = {
    ...{ apiVersion: KINDS.SpiderIPPool.apiVersion, kind: "SpiderIPPool" },
    metadata: { name: "auto4-x", labels: { "ipam.spidernet.io/owner-application-name": "x" } },
    spec: { subnet: "10.6.0.0/24", ipVersion: 4, ips: ["10.6.0.13"] },
    status: { allocatedIPs: JSON.stringify({ "10.6.0.13": { pod: "shop/x-1", podUid: "u" } }) },
  };
  const live = [...BARE, auto];
  const told = (await run(plan(), LOCK, live)).diagnostics.filter(({ code }) => code === "SP4101");
  expect(told.map(({ hint }) => hint)).toEqual([
    "Spiderpool sizes that pool: take the address out of the lock file and run spiderplan lock with --snapshot or --kubeconfig, which sees that pool and chooses another",
  ]);
  const snapshot = buildSnapshot(live, Object.keys(KINDS));
  const edited = lockOf({ [WEB]: set("10.6.0.10-10.6.0.12") });
  const relocked = allocate({ plan: await planOf(plan()), lock: edited, snapshot, install: "default", mode: "lock" });
  const outcome = await run(plan(), { ...relocked.lock, files: true }, live);
  expect(outcome.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const pool = applied(outcome, live).find(({ metadata }) => metadata.name === POOL) as SpiderIPPool;
  expect(pool.spec.ips).toEqual(["10.6.0.10-10.6.0.12", "10.6.0.14"]);
});
