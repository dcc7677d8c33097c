import { describe, expect, test } from "vitest";
import type { Allocation } from "../../../src/core/allocate/allocation.js";
import type { OrderedStep } from "../../../src/core/change/order.js";
import type { Tenant } from "../../../src/core/cluster/tenants.js";
import { addressSet } from "../../../src/core/ip/range-set.js";
import type { Migration, Plan } from "../../../src/core/plan/plan.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import type { Effect, Judgement } from "../../../src/core/verdict/impact.js";
import type { Judged } from "../../../src/core/verdict/judge.js";
import { drainingPools, permitMigrations, tellMigrations } from "../../../src/core/verdict/migrate.js";
import { planOf } from "../../support/decide.js";
import { livePool, liveReserved } from "../../support/objects.js";
import { creating, deleting } from "../../support/steps.js";

const NIC = "shop/Deployment/web/eth0";
const ours = (owner: string) => ({ install: "default", owner });
/** Pools of the workload in `old` and in `new`, a slice of a declared pool, and pools of others. */
const [OLD, NEW, SLICE] = [
  livePool("web.old", { ips: ["10.6.0.1"] }, { ...ours(`${NIC}/old`), used: { "10.6.0.1": "shop/web-0" } }),
  livePool("web.new", { ips: ["10.6.0.2"] }, ours(`${NIC}/new`)),
  livePool("web.slice", { ips: ["10.6.0.3"] }, ours(`${NIC}/pool:shared/new`)),
];
const OTHERS: KubeObject[] = [
  livePool("api.new", { ips: ["10.6.0.4"] }, ours("shop/Deployment/api/eth0/new")),
  livePool("declared", { ips: ["10.6.0.5"] }, ours("pool:declared/new")),
  livePool("plain", { ips: ["10.6.0.6"] }),
];
const LIVE = [OLD, NEW, SLICE, ...OTHERS];

const migration = (more: Partial<Migration> = {}): Migration => ({
  owner: NIC,
  workload: "shop/Deployment/web",
  nic: "eth0",
  from: "old",
  to: "new",
  phase: "drain",
  source: { file: "plan.yaml", document: 0, pointer: "/spec/migrations/0" },
  ...more,
});

function judgement(next: string[] | undefined, more: { effect?: Effect; pod?: string; pool?: string } = {}): Judgement {
  const { effect = "moves", pod = "shop/web-0", pool = "web.old" } = more;
  const tenant: Tenant = {
    pod,
    nic: "eth0",
    family: 4,
    address: 1,
    pool,
    recorded: [],
    keeps: "nothing",
    followsTemplate: true,
    alternative: false,
    facts: undefined,
    workload: "shop/Deployment/web",
    owner: `${NIC}/old`,
  };
  return { tenant, effect, reasons: [], ...(next && { next }) };
}
const judgedOf = (...judgements: Judgement[]): Judged => ({
  judgements,
  idle: [],
  stays: 0,
  classes: [{ steps: [0], harmed: judgements }],
});

const ordered = (step: ReturnType<typeof creating>): OrderedStep => ({ steering: [], ...step });
const snapshot = (objects: readonly KubeObject[] = LIVE) => buildSnapshot(objects, Object.keys(KINDS));

async function permitted(one: Judgement, by: Migration | undefined, live = LIVE, steps: OrderedStep[] = []) {
  const plan: Plan = { ...(await planOf("subnets: {}")), ...(by && { migrations: new Map([[by.owner, by]]) }) };
  const found = permitMigrations(judgedOf(one), plan, steps, snapshot(live));
  const allowed = found.judgements[0]?.migration;
  expect(found.classes[0]?.harmed.length).toBe(allowed === undefined ? 1 : 0);
  return allowed === undefined ? "harm" : `${allowed.from} -> ${allowed.to}`;
}

describe("a move a migration permits", () => {
  test.each<[what: string, judged: Judgement, by: Migration | undefined, expected: string]>([
    ["to its new home", judgement(["web.new"]), migration(), "old -> new"],
    ["without one", judgement(["web.new"]), undefined, "harm"],
    ["that only prepares", judgement(["web.new"]), migration({ phase: "prepare" }), "harm"],
    ["of another NIC", judgement(["web.new"]), migration({ owner: "shop/Deployment/web/net1" }), "harm"],
    ["to another home of it", judgement(["web.old"]), migration(), "harm"],
    ["to its new home or elsewhere", judgement(["web.new", "web.old"]), migration(), "harm"],
    ["into a slice", judgement(["web.slice"]), migration({ to: "pool:shared" }), "old -> pool:shared"],
    ["into a slice of its subnet", judgement(["web.slice"]), migration(), "harm"],
    ["into another's pool there", judgement(["api.new"]), migration(), "harm"],
    ["into a declared pool there", judgement(["declared"]), migration(), "harm"],
    ["into a pool of nobody", judgement(["plain"]), migration(), "harm"],
    ["into a pool that is not there", judgement(["gone"]), migration(), "harm"],
    ["to nowhere", judgement([]), migration(), "harm"],
    ["that nobody can tell", judgement(undefined), migration(), "harm"],
    ["is no leave to strand", judgement(["web.new"], { effect: "strands" }), migration(), "harm"],
  ])("%s", async (_what, judged, by, expected) => {
    expect(await permitted(judged, by)).toBe(expected);
  });

  test("of a NIC beside it that has no address yet and migrates itself (A10)", async () => {
    const beside = livePool("web.net1", {}, ours("shop/Deployment/web/net1/new"));
    const other = livePool("api.net1", {}, ours("shop/Deployment/api/net1/new"));
    const live = [...LIVE, beside, other];
    const by = migration({ owner: "shop/Deployment/web/net1", nic: "net1" });
    expect(await permitted(judgement(["web.net1"]), by, live)).toBe("old -> new");
    expect(await permitted(judgement(["web.net1", "web.old"]), by, live)).toBe("harm");
    const ofOther = migration({ owner: "shop/Deployment/api/net1", workload: "shop/Deployment/api", nic: "net1" });
    expect(await permitted(judgement(["api.net1"]), ofOther, live)).toBe("harm");
  });

  test("into a pool that is made", async () => {
    const without = LIVE.filter((one) => one !== NEW);
    const one = judgement(["web.new"]);
    const blocked = { type: "conflict", message: "no" } as const;
    expect(await permitted(one, migration(), without, [ordered(creating(NEW))])).toBe("old -> new");
    expect(await permitted(one, migration(), without, [ordered({ ...creating(NEW), blocked })])).toBe("harm");
    expect(await permitted(one, migration(), without, [ordered(deleting(NEW))])).toBe("harm");
    const named = { ...liveReserved("web.new", ["10.6.0.2"]), metadata: NEW.metadata };
    expect(await permitted(one, migration(), without, [ordered(creating(named))])).toBe("harm");
  });

  test("leaves others as they are", async () => {
    const plan = { ...(await planOf("subnets: {}")), migrations: new Map([[NIC, migration()]]) };
    const [mine, other] = [judgement(["web.new"]), judgement(["plain"], { pod: "shop/web-1" })];
    const found = permitMigrations(judgedOf(mine, other), plan, [], snapshot());
    expect(found.judgements).toEqual([{ ...mine, migration: migration() }, other]);
    expect(found.classes).toEqual([{ steps: [0], harmed: [other] }]);
  });
});

describe("what is told of migrations", () => {
  const tell = (...judgements: Judgement[]) => tellMigrations(judgedOf(...judgements), [], snapshot());
  const allowed = (pod: string, more: Partial<Migration> = {}) => ({
    ...judgement(["web.new"], { pod }),
    migration: migration(more),
  });

  test("one line each, with its ticket and how many Pods move", () => {
    expect(tell(allowed("shop/web-0")).map(({ message }) => message)).toEqual([
      `${NIC} migrates from old to new: 1 Pod gets another address at the next restart`,
    ]);
    const both = tell(allowed("shop/web-0", { ticket: "T7" }), allowed("shop/web-1"), allowed("shop/web-1"));
    expect(both.map(({ code, message }) => `${code} ${message}`)).toEqual([
      `SP4203 ${NIC} migrates from old to new (T7): 2 Pods get another address at the next restart`,
    ]);
  });

  test.each<[what: string, judged: Judgement, message: string | undefined]>([
    ["from one home to another", judgement(["web.new"]), `the Pods of ${NIC} would go from old to new`],
    [
      "from a pool of others",
      judgement(["web.new"], { pool: "api.new" }),
      `the Pods of ${NIC} would go from pool:api.new to new`,
    ],
    [
      "to another's pool or its own",
      judgement(["api.new", "web.slice"]),
      `the Pods of ${NIC} would go from old to pool:shared`,
    ],
    ["to another's pool", judgement(["api.new"]), undefined],
    ["to nowhere anybody knows", judgement(undefined), undefined],
    ["nowhere, since it strands", judgement(["web.new"], { effect: "strands" }), undefined],
  ])("the entry to write for a move %s", (_what, judged, message) => {
    expect(tell(judged, judged).map((one) => one.message)).toEqual(
      message === undefined ? [] : [`${message}, which no migration allows`],
    );
  });
});

test("a pool that is drained is told with its users", () => {
  const allocation = (pool: string, draining: boolean): Allocation =>
    ({ owner: NIC, subnet: "old", pool, addresses: addressSet([0x0a060001]), draining }) as Allocation;
  const found = drainingPools(
    [allocation("web.old", true), allocation("web.new", false), allocation("not.yet", true)],
    snapshot(),
  );
  const told = { owner: `${NIC}/old`, addresses: ["10.6.0.1"] };
  expect(found).toEqual([
    { ...told, pool: "web.old", inUse: 1 },
    { ...told, pool: "not.yet", inUse: 0 },
  ]);
});
