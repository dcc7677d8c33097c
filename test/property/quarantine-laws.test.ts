import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasErrors } from "../../src/core/diagnostics.js";
import { formatAddress } from "../../src/core/ip/address.js";
import { addressesOf } from "../../src/core/ip/range-set.js";
import { recordedOwner } from "../../src/core/snapshot.js";
import { effectiveSet } from "../../src/core/spiderpool/canonical.js";
import { told } from "../support/decide.js";
import { contentOf, Life } from "../support/quarantine.js";

const HOURS = 24;

/** Three owners in a subnet of seven addresses, fewer than they may want together. */
function spec(replicas: readonly number[]): string {
  const workloads = replicas.flatMap((count, index) =>
    count === 0
      ? []
      : [
          `  d/Deployment/w${index}:\n    replicas: ${count}\n    pods: {labels: {app: w${index}}}\n    interfaces: {eth0: {fixed: {subnets: [app], elastic: 0}}}`,
        ],
  );
  const head = `settings: {quarantine: ${HOURS}h, pruneBudget: {count: 50, percent: 100}}\nsubnets:\n  app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.16]}\n`;
  return workloads.length === 0 ? head : `${head}workloads:\n${workloads.join("\n")}\n`;
}

/** Address -> owner, of all pools as they are. */
function holders(life: Life): Map<string, string> {
  return new Map(
    [...life.snapshot().pools.values()].flatMap((pool) => {
      const owner = recordedOwner(pool);
      const offers = owner === undefined ? [] : [...addressesOf(effectiveSet(pool.spec))];
      return offers.map((address): [string, string] => [formatAddress(address), owner!]);
    }),
  );
}

/** `d/Deployment/w1/eth0/app` -> 1. */
function indexOf(owner: string): number {
  return Number(/\/w(\d)\//.exec(owner)?.[1]);
}

const event = fc.record({
  replicas: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }),
  hours: fc.integer({ min: 0, max: 30 }),
  /** Whether the commit is reverted at once. */
  regret: fc.boolean(),
  /** How many steps are carried out before the process dies. */
  most: fc.oneof(
    { arbitrary: fc.constant(Number.POSITIVE_INFINITY), weight: 3 },
    { arbitrary: fc.integer({ min: 0, max: 4 }), weight: 1 },
  ),
});

describe.each([
  ["without lock files", false],
  ["with lock files", true],
])("a history of plans, syncs and crashes, %s", (_name, files) => {
  test("FIXED-2, FIXED-7, FIXED-9: nobody gets what another released less than a day ago; a sync leaves nothing to do", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 2, maxLength: 8 }), async (events) => {
        const life = new Life(files);
        const left = new Map<string, { owner: string; at: number }>();
        let settled: { wanted: string; replicas: readonly number[]; held: Map<string, string> } | undefined;
        for (const { replicas, hours, most, regret } of events) {
          life.hours += hours;
          const wanted = spec(replicas);
          if (files) await life.relock(wanted);
          const before = holders(life);
          const outcome = await life.plan(wanted);
          life.carryOut(outcome, most);
          const now = holders(life);
          for (const [address, owner] of before)
            if (now.get(address) !== owner) left.set(address, { owner, at: life.hours });
          for (const [address, owner] of now) {
            const last = left.get(address);
            if (before.get(address) === owner || last === undefined || last.owner === owner) continue;
            expect(life.hours - last.at, `${address} of ${last.owner} to ${owner}`).toBeGreaterThanOrEqual(HOURS);
          }
          const whole = most === Number.POSITIVE_INFINITY && !hasErrors(outcome.diagnostics);
          if (whole && regret && settled !== undefined) {
            const { objects, lock } = life;
            await life.sync(settled.wanted);
            // Who only gave up has it back; who had grown gives up from its end, which need not be what it gained.
            const gaveUp = ([, owner]: [string, string]) =>
              replicas[indexOf(owner)]! <= settled!.replicas[indexOf(owner)]!;
            expect(new Map([...holders(life)].filter(gaveUp))).toEqual(new Map([...settled.held].filter(gaveUp)));
            life.objects = objects;
            life.lock = lock;
          }
          settled = whole ? { wanted, replicas, held: now } : undefined;
          const resting = [...life.snapshot().reserved.values()].map(contentOf);
          if (!whole) continue;
          expect(told(await life.plan(wanted))).toEqual([]);
          // Everything given up within the day rests, unless its owner has it back.
          const reserved = new Set(
            resting.flatMap(({ ips }) => [...addressesOf(effectiveSet({ ips }))].map(formatAddress)),
          );
          for (const [address, { at }] of left) {
            if (life.hours - at < HOURS && !now.has(address)) expect(reserved).toContain(address);
          }
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
