import { expect, test } from "vitest";
import { formatRangeSet } from "../../../src/core/ip/range-set.js";
import {
  cluster,
  declared,
  endpoint,
  fixed,
  lock,
  plan,
  pool,
  reservation,
  run,
  SMALL,
} from "../../support/allocate-world.js";

test("held + resting + reserved + free = total, every address once", () => {
  const result = run({
    plan: plan({
      subnets: [SMALL],
      workloads: [fixed("d/Deployment/w", { replicas: 3 })],
      pools: [declared("p", "a", { addresses: ["10.0.0.20-10.0.0.21"] })],
      reserved: [reservation("r", ["10.0.0.1-10.0.0.9", "10.0.0.21-10.0.0.23"])],
    }),
    lock: lock({
      a: {
        held: { "d/Deployment/w/net1": ["10.0.0.10-10.0.0.12"] },
        released: { "d/Deployment/x/net1": ["10.0.0.14", "10.0.0.23"] },
      },
    }),
    snapshot: cluster(pool("theirs", ["10.0.0.28-10.0.0.29"]), endpoint("d/x", "10.0.0.26", "gone")),
  });
  expect(result.usage.map((one) => ({ ...one, largestFree: formatRangeSet(one.largestFree) }))).toEqual([
    // held: w 3, p 2, theirs 2, the endpoint 1; resting .14 and .23; reserved .22
    { subnet: "a", total: 20, held: 8, resting: 2, reserved: 1, free: 9, largestFree: ["10.0.0.15-10.0.0.19"] },
  ]);
});
