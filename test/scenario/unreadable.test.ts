import { expect, test } from "vitest";
import { buildSnapshot } from "../../src/core/snapshot.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn } from "../support/decide.js";
import { namespaceWith, node, running } from "../support/running.js";

const plan = (p: string, q = "") => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  p: {subnet: app, addresses: [10.6.0.10-10.6.0.19]${p}}
  q: {subnet: app, addresses: [10.6.0.20-10.6.0.29]${q}}
namespaces:
  shop: {defaultPools: [p]}
  hostile: {defaultPools: [q]}
`;
const NODES = [node("node-a")];
const POOLS = "ipam.spidernet.io/ippools";
const NETWORKS = "k8s.v1.cni.cncf.io/networks";
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const HOSTILE = {
  [POOLS]: JSON.stringify([{ interface: "eth0", ipv4: Array.from({ length: 43_000 }, () => "*") }]),
};

async function world(): Promise<KubeObject[]> {
  const bare = [...NODES, namespaceWith("shop"), namespaceWith("hostile")];
  const synced = applied(await decideOn(plan(""), bare), bare);
  const shop = running(synced, { name: "shop/web", pool: "p", addresses: ["10.6.0.10"], nodes: ["node-a"] });
  const hostile = { name: "hostile/x", pool: "q", addresses: ["10.6.0.20"], nodes: ["node-a"], annotations: HOSTILE };
  return running(shop, hostile);
}

/** In time that grows with what is written, not with its square: ten of these took minutes. */
test.each<[what: string, annotations: Record<string, string>]>([
  ["1,900 networks", { [NETWORKS]: many(1_900, () => "a").join(",") }],
  ["1,900 NICs", { [POOLS]: JSON.stringify(many(1_900, () => ({}))) }],
  ["a pattern of 30,000 characters", { [POOLS]: JSON.stringify([{ ipv4: ["?*".repeat(15_000)] }]) }],
])("templates that name %s cost milliseconds each", { timeout: 60_000 }, async (_what, annotations) => {
  const objects = await world();
  const template = { metadata: { labels: {}, annotations }, spec: {} };
  const hostile = many(30, (i): KubeObject => {
    const metadata = { namespace: "hostile", name: `idle-${i}` };
    return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { replicas: 1, template } };
  });
  const pods = hostile.map(
    ({ metadata }): KubeObject => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, annotations },
      spec: { nodeName: "node-a" },
      status: { phase: "Running", podIPs: [{ ip: "10.99.0.9" }] },
    }),
  );
  const started = performance.now();
  const decided = await decideOn(plan(", nodes: {names: [node-a, node-b]}"), [...objects, ...hostile, ...pods]);
  expect(performance.now() - started).toBeLessThan(3_000);
  expect(decided.steps.every((step) => step.blocked === undefined)).toBe(true);
});

const leaving = ({ verdict }: Awaited<ReturnType<typeof decideOn>>) =>
  [...verdict.strands, ...verdict.moves].map(({ pod, pool }) => `${pod} ${pool}`);

test("a Pod that asks for more than is read is judged on the pool it holds, and told; the rest goes on", async () => {
  const objects = await world();
  expect(buildSnapshot(objects, []).use.byPool.get("q")).toHaveLength(1);
  const own = await decideOn(plan("", ", disabled: true"), objects);
  expect(leaving(own)).toEqual([expect.stringMatching(/^hostile\/x.* q$/)]);
  const others = await decideOn(plan(", nodes: {names: [node-a, node-b]}"), objects);
  expect(leaving(others)).toEqual([]);
  expect(others.steps.every((step) => step.blocked === undefined)).toBe(true);
  const [warning] = others.diagnostics.filter(({ code }) => code === "SP4250");
  expect(warning?.message).toContain("Deployment hostile/x (its annotations have more than 32768");
});
