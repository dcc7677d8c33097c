import fc from "fast-check";
import { expect, test } from "vitest";
import { buildSnapshot } from "../../src/core/snapshot.js";
import type { KubeObject, SpiderEndpoint } from "../../src/core/spiderpool/objects.js";
import { livePool } from "../support/objects.js";

/** Records of a pool in a status: none in three spellings, one, two, and what nobody can read. */
const RECORDS = [
  undefined,
  {},
  { allocatedIPs: "" },
  { allocatedIPs: '{"10.6.0.1":{"pod":"default/a","podUid":"1"}}' },
  { allocatedIPs: '{"10.6.0.1":{"pod":"default/a","podUid":"1"},"10.6.0.2":{"pod":"default/b","podUid":"2"}}' },
  { allocatedIPs: "{" },
];

/** In the order of the API server. */
const pools = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "b", "c"),
      disable: fc.boolean(),
      status: fc.constantFrom(...RECORDS),
    }),
    { selector: ({ name }) => name },
  )
  .map((found) =>
    found
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, disable, status }): KubeObject => {
        const pool = livePool(name, { ips: ["10.6.0.1-10.6.0.9"] });
        return { ...pool, spec: { ...pool.spec, disable }, status };
      }),
  );

const ENDPOINTS = ["a", "b"].map(
  (name, i): SpiderEndpoint => ({
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderEndpoint",
    metadata: { name, namespace: "default" },
    status: {
      current: { uid: `${i}`, node: "n", ips: [{ interface: "eth0", ipv4: `10.6.0.${i + 1}/24`, ipv4Pool: "a" }] },
      ownerControllerType: "Pod",
      ownerControllerName: name,
    },
  }),
);
const endpoints = fc.subarray(ENDPOINTS);

test("who uses what is the same whether an earlier snapshot is taken over or not, in the same order", () => {
  fc.assert(
    fc.property(pools, endpoints, pools, endpoints, (poolsBefore, endpointsBefore, poolsNow, endpointsNow) => {
      const before = buildSnapshot([...poolsBefore, ...endpointsBefore], []);
      const now = [...poolsNow, ...endpointsNow];
      const { use } = buildSnapshot(now, [], {}, before);
      const anew = buildSnapshot(now, []).use;
      expect([[...use.byPool], [...use.byAddress], [...use.unreadable], [...use.unrecorded]]).toEqual([
        [...anew.byPool],
        [...anew.byAddress],
        [...anew.unreadable],
        [...anew.unrecorded],
      ]);
    }),
    { numRuns: 2_000 },
  );
});

test("a pool that is edited, made or deleted changes nobody's use", () => {
  const used = livePool("a", { ips: ["10.6.0.1"] });
  const before = buildSnapshot([{ ...used, status: RECORDS[3] } as KubeObject, ...ENDPOINTS, livePool("b", {})], []);
  const edited = { ...used, spec: { ...used.spec, disable: true }, status: { ...RECORDS[3] } } as KubeObject;
  expect(buildSnapshot([edited, ...ENDPOINTS, livePool("c", {})], [], {}, before).use).toBe(before.use);
});
