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
  union,
} from "../../src/core/ip/range-set.js";
import type { Plan } from "../../src/core/plan/plan.js";
import { buildSnapshot, type Snapshot } from "../../src/core/snapshot.js";
import { declared, fixed, NO_LOCK, plan, pool, ranges, run, subnet, written } from "../support/allocate-world.js";

/** Laws of allocation where Pods have addresses of their own, slices, and addresses that wait for a ticket. */

const A = subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.49"]);
const POOL = ranges("10.0.0.20-10.0.0.34");
const KINDS = ["SpiderIPPool", "SpiderEndpoint", "SpiderReservedIP", "SpiderSubnet", "StatefulSet", "Deployment"];

/** Each form once: what it is called, and whether it is cut from the pool. */
const FORMS = {
  "d/Deployment/set": { slice: false, pinned: false },
  "d/StatefulSet/own": { slice: false, pinned: true },
  "d/Deployment/cut": { slice: true, pinned: false },
  "d/StatefulSet/ownCut": { slice: true, pinned: true },
} as const;
type Form = keyof typeof FORMS;
const NAMES = Object.keys(FORMS) as Form[];

type Wants = Record<Form, { replicas: number; pending: boolean; wish: boolean }>;
const wants = fc.record(
  Object.fromEntries(
    NAMES.map((name) => [
      name,
      fc.record({ replicas: fc.integer({ min: 0, max: 6 }), pending: fc.boolean(), wish: fc.boolean() }),
    ]),
  ),
) as fc.Arbitrary<Wants>;
/** Which addresses of each pool Pods hold: bit i = the i-th address. */
const usage = fc.array(fc.nat({ max: 63 }), { minLength: 12, maxLength: 12 });
const story = fc.record({
  steps: fc.array(fc.tuple(wants, usage), { minLength: 1, maxLength: 5 }),
  files: fc.boolean(),
});

/** @param files without them nothing would hold what waits for a ticket */
function planOf(wanted: Wants, files: boolean): Plan {
  const workloads = NAMES.filter((name) => wanted[name].replicas > 0).map((name) => {
    const { slice, pinned } = FORMS[name];
    const { replicas, pending, wish } = wanted[name];
    return fixed(name, {
      replicas,
      ...(slice && { slices: ["p"] }),
      ...(pinned && { perPod: wish ? { 0: slice ? "10.0.0.27" : "10.0.0.41" } : {} }),
      ...(!pinned && wish && { wishes: [slice ? "10.0.0.30" : "10.0.0.44"] }),
      ...(pending && files && { pending: "CHG7" }),
    });
  });
  return plan({ subnets: [A], workloads, pools: [declared("p", "a", { addresses: formatRangeSet(POOL) })] });
}

/** The cluster after a sync of these allocations, with some addresses in use, some of the declared pool's too. */
function synced(result: ReturnType<typeof run>, used: readonly number[]): Snapshot {
  const inUse = (set: RangeSet, i: number) =>
    Object.fromEntries(
      [...addressesOf(set)]
        .filter((_, bit) => ((used[i % used.length] ?? 0) >> bit) & 1)
        .map((address, n) => [formatRangeSet([{ first: address, last: address }])[0]!, `d/pod-${i}-${n}`]),
    );
  const sliced = union(...heldBy(result.lock, ({ owner }) => owner.includes("/pool:p")).map(([, set]) => set));
  const rest = [...addressesOf(POOL)].filter((address) => !covers(sliced, [{ first: address, last: address }]));
  const left = rest.map((address) => ({ first: address, last: address }));
  return buildSnapshot(
    [
      ...result.allocations
        .filter(({ addresses }) => addresses.length > 0)
        .map((one, i) =>
          pool(one.pool, formatRangeSet(one.addresses), { owner: ownerText(one.owner), used: inUse(one.addresses, i) }),
        ),
      pool("p", formatRangeSet(union(left)), { install: "default", used: inUse(union(left.slice(0, 3)), 11) }),
    ],
    KINDS,
  );
}

/** What the object says: the subnet stands before the ordinal. */
function ownerText(owner: string): string {
  const ordinal = /\/(\d+)$/.exec(owner);
  return ordinal === null ? `${owner}/a` : `${owner.slice(0, ordinal.index)}/a${ordinal[0]}`;
}

function heldBy(lock: Lock, which: (one: { owner: string }) => boolean = () => true): [string, RangeSet][] {
  return [...(lock.subnets.get("a")?.held ?? [])].filter(([owner]) => which({ owner }));
}

const asFiles = (lock: Lock): Lock => ({ ...lock, files: true });

function play({ steps, files }: { steps: (readonly [Wants, readonly number[]])[]; files: boolean }) {
  let lock: Lock = NO_LOCK;
  let snapshot = buildSnapshot([], KINDS);
  return steps.map(([wanted, used]) => {
    const before = { lock, snapshot };
    const result = run({ plan: planOf(wanted, files), lock, snapshot });
    if (files) lock = asFiles(result.lock);
    snapshot = synced(result, used);
    return { before, result, plan: planOf(wanted, files), wanted, lock, snapshot };
  });
}

describe("laws of ordinals, slices and pending addresses", () => {
  test("FIXED-2: no address belongs to two; slices lie in their pool, all else outside of it", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { result } of play(told)) {
          const released = [...(result.lock.subnets.get("a")?.released ?? [])];
          const all = [...heldBy(result.lock), ...released.map(([owner, set]) => [`rest ${owner}`, set] as const)];
          for (const [i, [who, set]] of all.entries()) {
            expect(who.includes("pool:p") ? covers(POOL, set) : !overlaps(POOL, set), who).toBe(true);
            for (const [other, set2] of all.slice(i + 1))
              expect(overlaps(set, set2), `${who} and ${other}`).toBe(false);
          }
          for (const [owner, set] of heldBy(result.lock))
            if (/\/\d+$/.test(owner)) expect(size(set)).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  test("FIXED-1: what a fixed pool has in use stays with it", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { before, result } of play(told)) {
          for (const [name, holders] of before.snapshot.use.byPool) {
            if (name === "p") continue;
            const allocation = result.allocations.find((one) => one.pool === name);
            for (const { address } of holders) {
              expect(allocation && covers(allocation.addresses, [{ first: address, last: address }]), name).toBe(true);
            }
          }
        }
      }),
    );
  });

  test("a slice never offers what its declared pool's users have (P9, P16)", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { before, result } of play(told)) {
          const used = (before.snapshot.use.byPool.get("p") ?? []).map(({ address }) => address);
          for (const { owner, addresses } of result.allocations) {
            if (!owner.includes("pool:p")) continue;
            for (const address of used)
              expect(covers(addresses, [{ first: address, last: address }]), owner).toBe(false);
          }
        }
      }),
    );
  });

  test("what was offered is never withdrawn by `pending`, and what waits is held", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { before, result } of play(told)) {
          for (const { owner, pool: name, addresses, pending = [], frozen } of result.allocations) {
            if (frozen) continue;
            expect(overlaps(addresses, pending), owner).toBe(false);
            const held = heldBy(result.lock).find(([one]) => one === owner)?.[1] ?? [];
            expect(covers(held, pending), owner).toBe(true);
            const live = before.snapshot.pools.get(name);
            if (live !== undefined) expect(overlaps(pending, ranges(...live.spec.ips!)), owner).toBe(false);
          }
        }
      }),
    );
  });

  test("FIXED-3: changing one workload leaves the addresses of all others equal", () => {
    fc.assert(
      fc.property(story, fc.constantFrom(...NAMES), fc.integer({ min: 0, max: 8 }), (told, name, replicas) => {
        const last = play(told).at(-1)!;
        fc.pre(last.result.diagnostics.every(({ severity }) => severity === "info"));
        const settled = { lock: last.lock, snapshot: last.snapshot };
        const same = run({ plan: planOf(last.wanted, told.files), ...settled });
        const change = { ...last.wanted, [name]: { replicas, pending: false, wish: false } };
        const changed = run({ plan: planOf(change, told.files), ...settled });
        const others = (result: typeof same) => heldBy(result.lock, ({ owner }) => !owner.startsWith(`${name}/`));
        expect(others(changed)).toEqual(others(same));
      }),
    );
  });

  test("the lock is a fixpoint, and `plan` uses it as it is", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { before, result, plan: asked } of play(told)) {
          const lock = asFiles(result.lock);
          const again = run({ plan: asked, lock, snapshot: before.snapshot });
          expect(written(again.lock)).toEqual(written(result.lock));
          expect(again.lock.subnets.get("a")?.pending).toEqual(result.lock.subnets.get("a")?.pending);
          const planned = run({ plan: asked, lock, snapshot: before.snapshot, mode: "plan" });
          expect(planned.allocations.map(({ pool: name, addresses }) => [name, addresses])).toEqual(
            result.allocations.map(({ pool: name, addresses }) => [name, addresses]),
          );
        }
      }),
    );
  });

  test("FIXED-9: fewer and as many again gives the same addresses", () => {
    fc.assert(
      fc.property(wants, fc.constantFrom(...NAMES), fc.integer({ min: 1, max: 5 }), (wanted, name, replicas) => {
        const first = run({ plan: planOf(wanted, true) });
        fc.pre(first.diagnostics.every(({ severity }) => severity === "info") && wanted[name].replicas > 0);
        const fewer = { ...wanted, [name]: { ...wanted[name], replicas: Math.min(replicas, wanted[name].replicas) } };
        const empty = buildSnapshot([], KINDS);
        const shrunk = run({ plan: planOf(fewer, true), lock: asFiles(first.lock), snapshot: empty });
        const back = run({ plan: planOf(wanted, true), lock: asFiles(shrunk.lock), snapshot: empty });
        expect(heldBy(back.lock)).toEqual(heldBy(first.lock));
      }),
    );
  });
});
