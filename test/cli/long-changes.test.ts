import { expect, test } from "vitest";
import { cli } from "../support/cli.js";
import { workspace } from "../support/workspace.js";

// Whoever wrote an object before may have written a list of 10,000 names into it: a report says how many, and few of them.

const PLAN = `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  subnets: {net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}}
  networks:
    kube-system/m1: {macvlan: {master: [ens192]}, defaultPools: [a]}
    kube-system/m2: {customCNI: '{"type": "bridge", "few": 1}'}
  namespaces: {shop: {defaultPools: [a]}}
  pools: {a: {subnet: net, addresses: [10.6.0.10], namespaces: {names: [shop]}, meta: {ticket: ${"t".repeat(200_000)}}}}
`;
const names = Array.from({ length: 10_000 }, (_, at) => `n${String(at).padStart(5, "0")}`);
const spiderpool = "spiderpool.spidernet.io/v2beta1";
const mark = (kind: string, name: string) => ({
  "spiderplan.io/tracking-id": `default:spiderpool.spidernet.io/${kind}:${name}`,
});
const LIVE = [
  {
    apiVersion: spiderpool,
    kind: "SpiderMultusConfig",
    metadata: { namespace: "kube-system", name: "m1", annotations: mark("SpiderMultusConfig", "kube-system/m1") },
    spec: { cniType: "macvlan", macvlan: { master: names } },
  },
  {
    apiVersion: spiderpool,
    kind: "SpiderMultusConfig",
    metadata: { namespace: "kube-system", name: "m2", annotations: mark("SpiderMultusConfig", "kube-system/m2") },
    spec: {
      cniType: "custom",
      customCNI: JSON.stringify({ type: "bridge", ...Object.fromEntries(names.map((n) => [n, 1])) }),
    },
  },
  {
    apiVersion: spiderpool,
    kind: "SpiderIPPool",
    metadata: { name: "a", annotations: mark("SpiderIPPool", "/a") },
    spec: {
      subnet: "10.6.0.0/24",
      ipVersion: 4,
      ips: ["10.6.0.10"],
      namespaceName: names,
      default: false,
      disable: false,
    },
  },
  {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: "shop",
      annotations: {
        "ipam.spidernet.io/default-ipv4-ippool": `[${names
          .slice(0, 1_500)
          .map((n) => `"${n}"`)
          .join()}]`,
        "spiderplan.io/applied": '{"default":["ipam.spidernet.io/default-ipv4-ippool"]}',
      },
    },
  },
];

test.each(["text", "markdown"])("as %s", async (format) => {
  const cwd = workspace({
    "plan/app.yaml": PLAN,
    "s.json": JSON.stringify({ apiVersion: "v1", kind: "List", items: LIVE }),
  });
  const { stdout, stderr } = await cli(["plan", "--path", "plan", "--snapshot", "s.json", "-o", format], { cwd });
  const text = stdout.replace(/\s+/g, " ");
  expect(text).toMatch(/macvlan\.master: n00000,n00001.*,n00056 and 9943 more -> ens192/);
  expect(text).toMatch(/namespaceName: n00000,n00001.* and 9\d\d\d more -> shop/);
  expect(text).toMatch(/ticket: none -> t+\.\.\. \(200000 characters\)/);
  expect(text).toContain("and 9971 more fields of ");
  expect(text).toMatch(/default-ipv4-ippool: n00000,.*,n00056 and 1443 more -> a/);
  expect(stdout.length + stderr.length).toBeLessThan(20_000);
});
