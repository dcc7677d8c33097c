import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Lock } from "../../src/core/allocate/allocation.js";
import {
  addressesOf,
  covers,
  formatRangeSet,
  overlaps,
  type RangeSet,
  size,
  subtract,
} from "../../src/core/ip/range-set.js";
import type { DeclaredPool, Plan, Workload } from "../../src/core/plan/plan.js";
import { buildSnapshot, type Snapshot } from "../../src/core/snapshot.js";
import type { SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { declared, fixed, NO_LOCK, plan, pool, reservation, run, subnet, written } from "../support/allocate-world.js";

const A = subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.29", "10.0.0.40-10.0.0.51"], { gateway: "10.0.0.15" });
const B = subnet("b", "10.1.0.0/24", ["10.1.0.10-10.1.0.25"]);
const KINDS = ["SpiderIPPool", "SpiderEndpoint", "SpiderReservedIP", "SpiderSubnet"];

/** What a plan of the story asks for: owner letter -> replicas and whether it wants both subnets; 0 = not in the plan. */
type Wants = Record<string, { replicas: number; both: boolean }>;

const LETTERS = ["p", "q", "r", "s", "t"];
const wants: fc.Arbitrary<Wants> = fc.record(
  Object.fromEntries(
    LETTERS.map((letter) => [letter, fc.record({ replicas: fc.integer({ min: 0, max: 6 }), both: fc.boolean() })]),
  ),
);
const take = fc.integer({ min: 0, max: 5 });
/** Which addresses of each pool Pods hold: bit i = the i-th address. */
const usage = fc.array(fc.nat({ max: 63 }), { minLength: 12, maxLength: 12 });

const ownerOf = (letter: string) => `d/Deployment/${letter}/net1`;

function planOf(wanted: Wants, takes: number): Plan {
  const workloads: Workload[] = Object.entries(wanted)
    .filter(([, { replicas }]) => replicas > 0)
    .map(([letter, { replicas, both }]) =>
      fixed(`d/Deployment/${letter}`, { replicas, subnets: both ? ["a", "b"] : ["a"] }),
    );
  const pools: DeclaredPool[] = [declared("given", "a", { addresses: ["10.0.0.20-10.0.0.22"] })];
  if (takes > 0) pools.push(declared("walk", "a", { count: takes, from: "10.0.0.24" }));
  return plan({
    subnets: [A, B],
    workloads,
    pools,
    reserved: [reservation("printers", ["10.0.0.28-10.0.0.29", "10.1.0.12"])],
  });
}

/** The cluster after a sync of these allocations, with some addresses in use. */
function synced(result: ReturnType<typeof run>, used: readonly number[]): SpiderIPPool[] {
  return result.allocations.map((one, i) => {
    const addresses = formatRangeSet(one.addresses);
    const inUse = [...addressesOf(one.addresses)].filter((_, bit) => ((used[i % used.length] ?? 0) >> bit) & 1);
    const pods = inUse.map((address, n): [string, string] => [
      formatRangeSet([{ first: address, last: address }])[0]!,
      `d/pod-${i}-${n}`,
    ]);
    const cidr = one.subnet === "a" ? "10.0.0.0/24" : "10.1.0.0/24";
    return pool(one.pool, addresses, { owner: `${one.owner}/${one.subnet}`, cidr, used: Object.fromEntries(pods) });
  });
}

const snapshotOf = (pools: readonly SpiderIPPool[]): Snapshot => buildSnapshot(pools, KINDS);
const asFiles = (lock: Lock): Lock => ({ files: true, subnets: lock.subnets });

function heldSets(lock: Lock): [string, RangeSet][] {
  return [...lock.subnets].flatMap(([key, { held }]) =>
    [...held].map(([owner, set]): [string, RangeSet] => [`${owner}/${key}`, set]),
  );
}

function expectNobodyShares(lock: Lock): void {
  const all = [
    ...heldSets(lock),
    ...[...lock.subnets].flatMap(([key, { released }]) =>
      [...released].map(([owner, set]): [string, RangeSet] => [`rest ${owner}/${key}`, set]),
    ),
    ["given", A.usable.length > 0 ? [{ first: 0x0a000014, last: 0x0a000016 }] : []] as [string, RangeSet],
  ];
  for (const [i, [who, set]] of all.entries()) {
    for (const [other, set2] of all.slice(i + 1)) {
      expect(overlaps(set, set2), `${who} and ${other}`).toBe(false);
    }
  }
}

/** A story: plan, sync, Pods start, next plan, ... with or without lock files. */
const story = fc.record({
  steps: fc.array(fc.tuple(wants, take, usage), { minLength: 1, maxLength: 5 }),
  files: fc.boolean(),
});

function play({ steps, files }: { steps: (readonly [Wants, number, readonly number[]])[]; files: boolean }) {
  let lock: Lock = NO_LOCK;
  let snapshot = snapshotOf([]);
  const results = steps.map(([wanted, takes, used]) => {
    const before = { lock, snapshot };
    const result = run({ plan: planOf(wanted, takes), lock, snapshot });
    if (files) lock = asFiles(result.lock);
    snapshot = snapshotOf(synced(result, used));
    return { before, result, plan: planOf(wanted, takes), snapshot, lock };
  });
  return { results, last: results[results.length - 1]! };
}

describe("laws of allocation", () => {
  test("FIXED-2: no address belongs to two, held, resting or declared; all are usable and not reserved", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { result } of play(told).results) {
          expectNobodyShares(result.lock);
          for (const [key, set] of heldSets(result.lock)) {
            expect(covers(key.endsWith("/a") ? A.usable : B.usable, set), key).toBe(true);
            expect(overlaps(set, [{ first: 0x0a00001c, last: 0x0a00001d }]), key).toBe(false);
          }
        }
      }),
    );
  });

  test("FIXED-1: what is in use stays with its owner, allocated", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { before, result } of play(told).results) {
          for (const [name, holders] of before.snapshot.use.byPool) {
            const allocation = result.allocations.find((one) => one.pool === name);
            for (const { address } of holders) {
              expect(allocation && covers(allocation.addresses, [{ first: address, last: address }]), name).toBe(true);
            }
          }
        }
      }),
    );
  });

  test("an owner gets what it asks for, or is told how much is missing and changes nothing (FIXED-6)", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { before, result, plan: asked } of play(told).results) {
          const failed = new Set(
            result.diagnostics.filter(({ severity }) => severity === "error").map(({ about }) => about),
          );
          for (const workload of asked.workloads.values()) {
            const owner = `${workload.name}/net1`;
            const nic = workload.interfaces.get("net1")!;
            for (const key of nic.ask.type === "fixed" ? nic.ask.subnets : []) {
              const held = result.lock.subnets.get(key)?.held.get(owner) ?? [];
              if (!failed.has(owner)) expect(size(held)).toBeGreaterThanOrEqual(workload.bound!);
              else if (told.files) expect(held).toEqual(before.lock.subnets.get(key)?.held.get(owner) ?? []);
              const allocation = result.allocations.find((one) => one.owner === owner && one.subnet === key);
              if (failed.has(owner) && allocation) {
                expect(formatRangeSet(allocation.addresses)).toEqual(
                  before.snapshot.pools.get(allocation.pool)!.spec.ips,
                );
              }
            }
          }
          for (const { message } of result.diagnostics) expect(message).toMatch(/missing$/);
        }
      }),
    );
  });

  test("FIXED-3: changing one owner leaves the addresses of all others equal", () => {
    fc.assert(
      fc.property(story, fc.constantFrom(...LETTERS), fc.integer({ min: 0, max: 8 }), (told, letter, replicas) => {
        const { last } = play(told);
        const [wanted, takes] = told.steps[told.steps.length - 1]!;
        const settled = { lock: last.lock, snapshot: last.snapshot };
        const same = run({ plan: planOf(wanted, takes), ...settled });
        fc.pre(last.result.diagnostics.length === 0); // an owner still waiting for addresses has none to keep
        const changed = run({ plan: planOf({ ...wanted, [letter]: { replicas, both: false } }, takes), ...settled });
        const others = (result: typeof same) =>
          heldSets(result.lock).filter(([key]) => !key.startsWith(ownerOf(letter)));
        expect(others(changed)).toEqual(others(same));
      }),
    );
  });

  test("FIXED-4: the order of the input means nothing", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { before, result, plan: asked } of play(told).results) {
          const flip = <T>(map: ReadonlyMap<string, T>) => new Map([...map].reverse());
          const flippedPlan = {
            ...asked,
            workloads: flip(asked.workloads),
            pools: flip(asked.pools),
            subnets: flip(asked.subnets),
          };
          const subnets = new Map(
            [...flip(before.lock.subnets)].map(([key, { held, released, pools }]) => [
              key,
              { held: flip(held), released: flip(released), pools: flip(pools) },
            ]),
          );
          const snapshot = snapshotOf([...before.snapshot.pools.values()].reverse());
          const again = run({ plan: flippedPlan, lock: { files: before.lock.files, subnets }, snapshot });
          const bytes = ({ allocations, lock, usage, diagnostics }: typeof result) =>
            JSON.stringify([allocations, written(lock), usage, diagnostics]);
          expect(bytes(again)).toBe(bytes(result));
        }
      }),
    );
  });

  test("the lock is a fixpoint: a second run changes nothing, and `plan` uses it as it is", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { before, result, plan: asked } of play(told).results) {
          const lock = asFiles(result.lock);
          const again = run({ plan: asked, lock, snapshot: before.snapshot });
          expect(written(again.lock)).toEqual(written(result.lock));
          const failed = result.diagnostics.map(({ about }) => about);
          const planned = run({ plan: asked, lock, snapshot: before.snapshot, mode: "plan" });
          expect(written(planned.lock)).toEqual(written(result.lock));
          expect([...new Set(planned.diagnostics.map(({ about }) => about))].sort()).toEqual(
            [...new Set(failed)].sort(),
          );
          expect(planned.allocations.map(({ pool: name, addresses }) => [name, addresses])).toEqual(
            result.allocations.map(({ pool: name, addresses }) => [name, addresses]),
          );
        }
      }),
    );
  });

  test("FIXED-7: after a sync nothing is left to allocate", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { last } = play(told);
        const again = run({ plan: last.plan, lock: last.lock, snapshot: last.snapshot });
        fc.pre(last.result.diagnostics.length === 0 && last.before.snapshot.pools.size === 0);
        expect(again.allocations.map(({ added }) => added)).toEqual(again.allocations.map(() => 0));
        expect(heldSets(again.lock)).toEqual(heldSets(last.result.lock));
      }),
    );
  });

  test("FIXED-9: remove and revert gives the same addresses, whatever others did in between", () => {
    fc.assert(
      fc.property(wants, wants, take, fc.constantFrom(...LETTERS), (wanted, between, takes, letter) => {
        const first = run({ plan: planOf(wanted, takes) });
        fc.pre(first.diagnostics.length === 0 && wanted[letter]!.replicas > 0);
        const gone = run({
          plan: planOf({ ...between, [letter]: { replicas: 0, both: false } }, takes),
          lock: asFiles(first.lock),
          snapshot: snapshotOf([]),
        });
        const back = run({
          plan: planOf({ [letter]: wanted[letter]! }, takes),
          lock: asFiles(gone.lock),
          snapshot: snapshotOf([]),
        });
        const mine = (lock: Lock) => heldSets(lock).filter(([key]) => key.startsWith(ownerOf(letter)));
        expect(mine(gone.lock)).toEqual([]);
        expect(mine(back.lock)).toEqual(mine(first.lock));
      }),
    );
  });

  test("FIXED-9: shrink and grow gives the same addresses, the used ones all along", () => {
    fc.assert(
      fc.property(story, fc.constantFrom(...LETTERS), fc.integer({ min: 1, max: 5 }), (told, letter, replicas) => {
        const { last } = play({ steps: told.steps.slice(0, 1), files: told.files });
        const [wanted, takes] = told.steps[0]!;
        fc.pre(last.result.diagnostics.length === 0 && wanted[letter]!.replicas > 0);
        const small = {
          ...wanted,
          [letter]: { ...wanted[letter]!, replicas: Math.min(replicas, wanted[letter]!.replicas) },
        };
        const shrunk = run({ plan: planOf(small, takes), lock: asFiles(last.result.lock), snapshot: last.snapshot });
        const back = run({ plan: planOf(wanted, takes), lock: asFiles(shrunk.lock), snapshot: last.snapshot });
        expect(heldSets(back.lock)).toEqual(heldSets(last.result.lock));
      }),
    );
  });

  test("without a snapshot nothing shrinks", () => {
    fc.assert(
      fc.property(wants, wants, take, (wanted, next, takes) => {
        const first = run({ plan: planOf(wanted, takes) });
        const second = run({ plan: planOf(next, takes), lock: asFiles(first.lock) });
        const after = new Map(heldSets(second.lock));
        for (const [key, set] of heldSets(first.lock)) {
          const letter = key.split("/")[2]!;
          if ((next[letter]?.replicas ?? 0) > 0 && (key.endsWith("/a") || next[letter]?.both)) {
            expect(subtract(set, after.get(key) ?? [])).toEqual([]);
          }
        }
      }),
    );
  });

  test("usage adds up", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { result } of play(told).results) {
          for (const { total, held, resting, reserved, free } of result.usage) {
            expect(held + resting + reserved + free).toBe(total);
          }
        }
      }),
    );
  });
});
