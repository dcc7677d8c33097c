import fc from "fast-check";

/** One change of a plan, in small numbers. */
export type Edit =
  | {
      readonly type: "share";
      readonly subnet: number;
      readonly from: number;
      readonly count: number;
      readonly to: number;
    }
  | { readonly type: "affinity"; readonly pool: number; readonly field: number; readonly value: number }
  | { readonly type: "flag"; readonly pool: number; readonly which: number; readonly value: boolean }
  | { readonly type: "take"; readonly pool: number; readonly count: number }
  | { readonly type: "rename"; readonly pool: number }
  | {
      readonly type: "reserve";
      readonly slot: number;
      readonly subnet: number;
      readonly offset: number;
      readonly count: number;
    }
  | { readonly type: "namespace"; readonly which: number; readonly pools: readonly number[] }
  | { readonly type: "network"; readonly which: number; readonly pools: readonly number[] }
  /** Whether Spiderpool's IPAM is left out of a network. */
  | { readonly type: "ipam"; readonly which: number; readonly off: boolean }
  /** Whether a network is taken out of the plan. */
  | { readonly type: "gone"; readonly which: number; readonly gone: boolean }
  | { readonly type: "scale"; readonly fixed: number; readonly replicas: number; readonly elastic: number }
  | { readonly type: "fixed"; readonly fixed: number; readonly present: boolean }
  | { readonly type: "subnets"; readonly fixed: number; readonly subnets: readonly number[] }
  | { readonly type: "subnet"; readonly subnet: number; readonly room: number; readonly zone: number }
  | { readonly type: "migrate"; readonly fixed: number; readonly to: number; readonly phase: number }
  | { readonly type: "moved"; readonly fixed: number; readonly told: boolean }
  | { readonly type: "wish"; readonly fixed: number; readonly offset: number; readonly count: number }
  | { readonly type: "perSubnet"; readonly fixed: number; readonly count: number }
  | { readonly type: "pending"; readonly fixed: number; readonly value: boolean };

export const small = (max: number) => fc.nat({ max });
export const numbers = (max: number, length: number) => fc.array(small(max), { maxLength: length });

/** One change of a plan. */
export const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("share" as const),
      subnet: small(2),
      from: small(9),
      count: fc.integer({ min: 1, max: 5 }),
      to: small(3),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("affinity" as const), pool: small(4), field: small(3), value: small(5) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("flag" as const), pool: small(4), which: small(2), value: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("take" as const), pool: small(4), count: small(4) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("rename" as const), pool: small(4) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("reserve" as const),
      slot: small(1),
      subnet: small(2),
      offset: small(24),
      count: small(6),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("namespace" as const), which: small(1), pools: numbers(4, 3) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("network" as const), which: small(1), pools: numbers(4, 3) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("scale" as const),
      fixed: small(3),
      replicas: small(5),
      elastic: small(2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("fixed" as const), fixed: small(3), present: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("subnets" as const),
      fixed: small(3),
      subnets: fc.array(small(2), { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("subnet" as const), subnet: small(2), room: small(20), zone: small(2) }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      type: fc.constant("migrate" as const),
      fixed: small(3),
      to: small(1),
      phase: fc.constantFrom(0, 0, 1, 1, 1, 2, 3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("moved" as const), fixed: small(3), told: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("wish" as const),
      fixed: small(3),
      offset: small(16),
      count: small(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("perSubnet" as const), fixed: small(3), count: small(5) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("pending" as const), fixed: small(3), value: fc.boolean() }) },
);
