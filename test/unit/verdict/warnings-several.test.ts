import { expect, it } from "vitest";
import type { KubeObject, SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { decideOn } from "../../support/decide.js";
import { deployment, endpoint, livePool, liveReserved } from "../../support/objects.js";
import { namespaceWith, node, running } from "../../support/running.js";

const plan = (p = "", more = "", ips = "10.6.0.10-10.6.0.19") => `subnets:
  net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.200]}
pools:
  p: {subnet: net, addresses: [${ips}], default: true${p}}
${more}`;
const P = { ips: ["10.6.0.10-10.6.0.19"], default: true };
const named = (...ipv4: string[]) => ({ "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4 }]) });
const addresses = (count: number, first = 10) => Array.from({ length: count }, (_, i) => `10.6.0.${first + i}`);
const dead = (name: string): KubeObject => ({
  ...node(name),
  status: { conditions: [{ type: "Ready", status: "False" }] },
});

/** Pool p with users, beside other objects. */
function world(count: number, spec: Partial<SpiderIPPool["spec"]> = {}, ...more: KubeObject[]): KubeObject[] {
  const base = [namespaceWith("default"), ...more, livePool("p", { ...P, ...spec }, { install: "default" })];
  return running(base, {
    name: "default/app",
    pool: "p",
    addresses: addresses(count),
    annotations: named("p"),
    nodes: ["node-b", "node-a"],
  });
}

/** Three workloads of two Pods each on p; `free` may go to q. */
function crowded(): KubeObject[] {
  const q = livePool("q", { ips: ["10.6.0.30-10.6.0.39"] }, { install: "default" });
  const bar = running(world(2, {}, q), {
    name: "default/bar",
    pool: "p",
    addresses: addresses(2, 12),
    annotations: named("p"),
  });
  return running(bar, { name: "default/free", pool: "p", addresses: addresses(2, 14), annotations: named("p", "q") });
}
const terminating = (name: string, used: Record<string, string>) =>
  livePool(name, { ips: Object.keys(used) }, { terminating: true, used });

/** Several at once: how many are told, in which order, and that the order of the cluster is nothing to it. */
const CASES: [code: string, what: string, plan: string, cluster: KubeObject[], messages: string[]][] = [
  [
    "SP4213",
    "one Pod",
    plan(", gateway: 10.6.0.1"),
    world(1),
    ["the gateway or routes of p change, and 1 Pod running on it keep the old ones until they restart"],
  ],
  [
    "SP4217",
    "two templates name a pool that shuts both out",
    plan(", pods: {labels: {app: nobody}}", "namespaces:\n  unused: {defaultPools: [p]}\n").replace(
      ", default: true",
      "",
    ),
    [
      livePool("p", { ips: P.ips, podAffinity: { matchLabels: { app: "nobody" } } }, { install: "default" }),
      deployment("default/one", named("p")),
      deployment("default/two", named("p")),
      namespaceWith("default"),
    ],
    [
      "nobody can get an address of pool p: the Pod template of default/Deployment/one names it, but podAffinity app=nobody: the Pod has app=one; so it is with the other one that names it",
    ],
  ],
  [
    "SP4218",
    "three workloads, one of which names another pool as well",
    plan("", "  q: {subnet: net, addresses: [10.6.0.30-10.6.0.39]}\n", "10.6.0.10-10.6.0.15"),
    crowded(),
    [
      "after this plan one more Pod would find no address, where before it would have: eth0 of default/Deployment/app, eth0 of default/Deployment/bar; no pool is left for eth0: p (full)",
    ],
  ],
  [
    "SP4220",
    "two pools",
    plan(),
    world(
      1,
      {},
      terminating("c", { "10.6.0.40": "d/x", "10.6.0.41": "d/y" }),
      terminating("b", { "10.6.0.30": "d/z" }),
    ),
    [
      "SpiderIPPool b is being deleted while 1 Pod has an address of it: after a restart it gets none from it",
      "SpiderIPPool c is being deleted while 2 Pods have addresses of it: after a restart they get none from it",
    ],
  ],
  [
    "SP4221",
    "three pools",
    plan(),
    world(
      1,
      {},
      livePool("d", { ips: ["10.6.0.39-10.6.0.50"] }),
      livePool("c", { ips: ["10.6.0.35-10.6.0.39"] }),
      livePool("b", { ips: ["10.6.0.30-10.6.0.39", "10.6.0.60"] }),
    ),
    [
      "SpiderIPPools b and c share 10.6.0.35-10.6.0.39: two Pods may get one address, and Spiderpool refuses every edit of either (P9)",
      "SpiderIPPools b and d share 10.6.0.39: two Pods may get one address, and Spiderpool refuses every edit of either (P9)",
      "SpiderIPPools c and d share 10.6.0.39: two Pods may get one address, and Spiderpool refuses every edit of either (P9)",
    ],
  ],
  [
    "SP4222",
    "two addresses",
    plan(),
    world(
      1,
      {},
      livePool("b", { ips: ["10.6.0.30-10.6.0.39"] }),
      endpoint("d/z", "b", "10.6.0.31"),
      endpoint("d/x", "b", "10.6.0.31"),
      endpoint("d/y", "b", "10.6.0.30"),
      endpoint("d/x2", "b", "10.6.0.30"),
      endpoint("d/only", "b", "10.6.0.32"),
    ),
    ["10.6.0.30 is in use by several Pods at once: d/x2, d/y", "10.6.0.31 is in use by several Pods at once: d/x, d/z"],
  ],
  [
    "SP4223",
    "six Pods",
    plan(),
    world(6).map((object) =>
      object.kind === "Pod" ? { ...object, metadata: { ...object.metadata, uid: "new" } } : object,
    ),
    [
      "SpiderEndpoints with the UID of an earlier Pod of that name: default/app-rs-0, default/app-rs-1, default/app-rs-2, default/app-rs-3 and 2 more",
    ],
  ],
  [
    "SP4224",
    "six addresses",
    plan(),
    world(6).map((object) => (object.kind === "SpiderIPPool" ? { ...object, status: { totalIPCount: 10 } } : object)),
    [
      "in use by their SpiderEndpoint, but not on record in the status of their pool, so that another Pod may get them: 10.6.0.10 of default/app-rs-0, 10.6.0.11 of default/app-rs-1, 10.6.0.12 of default/app-rs-2, 10.6.0.13 of default/app-rs-3 and 2 more",
    ],
  ],
  [
    "SP4225",
    "two nodes",
    plan(),
    world(5, {}, dead("node-b"), dead("node-a"), node("node-c")),
    [
      "node node-a is not ready, and 2 Pods on it hold addresses of the plan: default/app-rs-1, default/app-rs-3",
      "node node-b is not ready, and 3 Pods on it hold addresses of the plan: default/app-rs-0, default/app-rs-2, default/app-rs-4",
    ],
  ],
  [
    "SP4226",
    "a pool and two reservations",
    plan(),
    world(
      1,
      {},
      { ...liveReserved("s", ["10.6.0.99"]), spec: { ips: ["10.6.0.99"] } } as KubeObject,
      { ...liveReserved("r", ["10.6.0.98"]), spec: { ips: ["10.6.0.98"] } } as KubeObject,
      { ...livePool("z", {}), spec: { subnet: "10.9.0.0/24", ips: ["10.9.0.9"], default: false } } as KubeObject,
    ),
    [
      "stored without ipVersion or default, which makes every Spiderpool controller crash at its start: SpiderIPPool z, SpiderReservedIP r, SpiderReservedIP s",
    ],
  ],
];

it.each(CASES)("%s: %s", async (code, _what, asked, cluster, messages) => {
  for (const objects of [cluster, [...cluster].reverse()]) {
    const { diagnostics } = await decideOn(asked, objects);
    expect(diagnostics.filter((one) => one.code === code).map((one) => one.message)).toEqual(messages);
  }
});
