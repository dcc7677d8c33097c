import fc from "fast-check";
import type { SubnetKey } from "./naive-allocation.js";

/** What is drawn of a world for the allocation address by address. */

/** What is drawn of one address. */
export interface Drawn {
  readonly role: "free" | "held" | "offered" | "rests" | "blocked" | "busy";
  readonly who: number;
  readonly used: boolean;
  readonly since: "" | "2026-01-01T00:00:00Z" | "2026-01-02T00:00:00Z" | "over" | "unlisted";
  readonly how: "plan" | "cluster" | "foreign" | "controlled" | "endpoint";
  readonly also: boolean;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  role: fc.oneof(
    { weight: 4, arbitrary: fc.constant("free" as const) },
    { weight: 3, arbitrary: fc.constant("held" as const) },
    { weight: 2, arbitrary: fc.constant("rests" as const) },
    { weight: 1, arbitrary: fc.constantFrom("offered" as const, "blocked" as const, "busy" as const) },
  ),
  who: fc.nat({ max: 59 }),
  used: fc.boolean(),
  since: fc.constantFrom("", "", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "over", "unlisted"),
  how: fc.constantFrom("plan", "cluster", "foreign", "controlled", "endpoint"),
  also: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});

const want = fc.record({
  count: fc.integer({ min: 0, max: 5 }),
  there: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  places: fc.constantFrom<SubnetKey[]>(["a"], ["six"], ["a", "six"]),
  wishes: fc.oneof(fc.constant<number[]>([]), fc.uniqueArray(fc.integer({ min: 8, max: 34 }), { maxLength: 2 })),
});
/** `six` has fewer addresses than `a`. */
export const world = fc.record({
  a: fc.array(drawn, { minLength: 29, maxLength: 29 }),
  six: fc.array(drawn, { minLength: 13, maxLength: 13 }),
  wants: fc.array(want, { minLength: 6, maxLength: 6 }),
  take: fc.record({ count: fc.integer({ min: 0, max: 4 }), from: fc.option(fc.integer({ min: 8, max: 34 })) }),
  pools: fc.boolean(),
  endpointsKnown: fc.boolean(),
});
/** What one workload asks for. */
export type Wanted = typeof want extends fc.Arbitrary<infer T> ? T : never;
/** Roles of all addresses, and what is asked for. */
export type DrawnWorld = typeof world extends fc.Arbitrary<infer T> ? T : never;
