import { describe, expect, it } from "vitest";
import { startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { expectGolden } from "../support/golden.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const API = "default.deployment.api.net1.app-v4";
const PLAN = planOf(
  "10.6.124.10-10.6.124.19",
  `  reserved:
    printers: {addresses: [10.6.124.190-10.6.124.195], reason: label printers}
  workloads:
    default/Deployment/api:
      replicas: 2
      pods: {labels: {app: api}}
      meta: {ticket: CHG7}
      interfaces:
        net1: {fixed: {subnets: [app-v4], elastic: 1, addresses: [10.6.124.30]}}
`,
);
const LOCK = `apiVersion: spiderplan.io/v1alpha1
kind: AddressLock
held:
  10.6.124.30-10.6.124.32: default/Deployment/api/net1
released:
  10.6.124.40: default/Deployment/old/net1
`;

/** The cluster of two Pods with a reservation, and the pools of api as a sync would leave them. */
function cluster(api: { ips?: string[]; disable?: boolean } | undefined, template?: string): string {
  const list = JSON.parse(clusterOf()) as { items: object[] };
  const spiderpool = { apiVersion: "spiderpool.spidernet.io/v2beta1" };
  const reserved = { ipVersion: 4, ips: ["10.6.124.50"] };
  list.items.push({ ...spiderpool, kind: "SpiderReservedIP", metadata: { name: "camera" }, spec: reserved });
  if (api !== undefined) {
    const annotations = {
      "spiderplan.io/tracking-id": `default:spiderpool.spidernet.io/SpiderIPPool:/${API}`,
      "spiderplan.io/owner": "default/Deployment/api/net1/app-v4",
      "spiderplan.io/meta": '{"ticket":"CHG7"}',
    };
    const spec = { subnet: "10.6.124.0/24", ipVersion: 4, ips: ["10.6.124.30-10.6.124.32"], disable: false, ...api };
    list.items.push({ ...spiderpool, kind: "SpiderIPPool", metadata: { name: API, annotations }, spec });
  }
  if (template !== undefined) {
    const metadata = { labels: { app: "api" }, annotations: { "ipam.spidernet.io/ippools": template } };
    const spec = { replicas: 2, selector: { matchLabels: { app: "api" } }, template: { metadata, spec: {} } };
    list.items.push({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "api", namespace: "default" },
      spec,
    });
  }
  return JSON.stringify(list);
}

const READY = {};
const FILES = {
  "plan/net.yaml": PLAN,
  "plan/spiderplan.lock/default/app-v4.yaml": LOCK,
};
const ask = (argv: string[], snapshot = cluster(READY)) =>
  cli([...argv, "--path", "plan", "--snapshot", "s.json"], { cwd: workspace({ ...FILES, "s.json": snapshot }) });

describe("a question that names nothing says what was meant", () => {
  it.each<[string[], string]>([
    [["explain", "default/apii"], "did you mean default/api?"],
    [["explain", "api"], "did you mean default/Deployment/api?"],
    [["explain", ""], "give a Pod or a workload"],
    [["explain", "10.6.124.30"], "spiderplan who-has 10.6.124.30"],
    [["free", "ap-v4"], "did you mean app-v4?"],
    [["free", "nothing-like-it"], "it has app-v4"],
  ])("%j: %s", async (argv, way) => {
    const { code, stdout, stderr } = await ask(argv, cluster(READY, "[]"));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(way);
  });

  it.each([
    [["10.6.0.300", "--at", "2026-11-24", "--ledger", "."], "10.6.0.300 is no IP address"],
    [["10.6.0.3", "--at", "2026-11-24", "--ledger", "nowhere"], "there is no folder nowhere"],
  ])("who-had %j: %s", async (argv, told) => {
    const { code, stderr } = await cli(["who-had", ...argv], { cwd: workspace({}) });
    expect({ code, told: stderr.includes(told) }).toEqual({ code: 1, told: true });
  });
});

describe("who-has", () => {
  it.each([
    ...["10.10.0.300", "10.10.0", "010.10.0.1", "10.10.0.1/24", "10.10.0.1-10.10.0.9", "10.10.0.x", "10.6.124.30."],
    ...["fd00::1::2", "fd00:zz::1", "fd00::1%eth0", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:8:9", "fd00::/64"],
  ])("%s is no address, and told so", async (asked) => {
    const { code, stdout, stderr } = await ask(["who-has", asked]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      `error: ${asked} is no IP address, and nothing has that name; give one address, as 10.6.124.20\n`,
    );
  });

  it.each([
    ["finished", "Pod", "left over from a Pod that finished or was replaced"],
    ["is gone", undefined, "left over from a Pod that is gone"],
  ])("says of an endpoint whose Pod %s that it is left over", async (_, kind, told) => {
    const list = JSON.parse(cluster(READY)) as { items: object[] };
    const metadata = { namespace: "default", name: "load-x" };
    const ips = [{ interface: "eth0", ipv4: "10.6.124.77/24", ipv4Pool: "ippool01" }];
    const status = {
      current: { uid: "u", node: "node-a", ips },
      ownerControllerType: "Job",
      ownerControllerName: "load",
    };
    list.items.push({ apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderEndpoint", metadata, status });
    if (kind !== undefined) list.items.push({ apiVersion: "v1", kind, metadata, status: { phase: "Succeeded" } });
    const { stdout } = await ask(["who-has", "10.6.124.77"], JSON.stringify(list));
    expect(stdout).toContain(told);
  });

  it("knows a VM by the Pod it runs in, too", async () => {
    const list = JSON.parse(cluster(READY)) as { items: object[] };
    const metadata = { namespace: "default", name: "vm1" };
    const ips = [{ interface: "eth0", ipv4: "10.6.124.78/24", ipv4Pool: "ippool01" }];
    const owner = { ownerControllerType: "VirtualMachineInstance", ownerControllerName: "vm1" };
    const status = { ...owner, current: { uid: "u", node: "node-a", ips } };
    list.items.push({ apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderEndpoint", metadata, status });
    const instance = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", name: "vm1", controller: true };
    const launcher = { namespace: "default", name: "virt-launcher-vm1-x", ownerReferences: [instance] };
    list.items.push({ apiVersion: "v1", kind: "Pod", metadata: launcher });
    const { stdout } = await ask(["who-has", "default/virt-launcher-vm1-x"], JSON.stringify(list));
    expect(stdout).toContain("10.6.124.78");
  });

  it("takes a name that looks like an address for the name it is", async () => {
    const list = JSON.parse(cluster(READY)) as { items: object[] };
    const pool = { apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderIPPool", metadata: { name: "10.9.0" } };
    const spec = { subnet: "10.9.0.0/24", ipVersion: 4, ips: ["10.9.0.7"], disable: false };
    list.items.push({ ...pool, spec });
    const { code, stdout } = await ask(["who-has", "10.9.0"], JSON.stringify(list));
    expect(code).toBe(0);
    expect(stdout).toContain("10.9.0.7");
  });

  it.each(["text", "json"])("an address, as %s: every source with what it says", async (format) => {
    const { code, stdout } = await ask(["who-has", "10.6.124.30", "-o", format]);
    expect(code).toBe(0);
    expectGolden(`who-has.${format}.txt`, stdout);
  });

  const sources = async (argv: string[]) => {
    const { stdout } = await ask(["who-has", "-o", "json", ...argv]);
    const { statements } = JSON.parse(stdout) as { statements: { source: string; who: string; addresses: string[] }[] };
    return statements.map(({ source, who, addresses }) => `${source} ${who} ${addresses.join(" ")}`.trim());
  };
  const IN_SUBNET = "plan subnet app-v4 10.6.124.10-10.6.124.200";

  it.each<[string, string[]]>([
    [
      "10.6.124.10",
      [
        "plan pool:ippool01 10.6.124.10-10.6.124.19",
        IN_SUBNET,
        "pool pool:ippool01 10.6.124.10-10.6.124.19",
        "record default/web-5d9-aaaaa 10.6.124.10",
        "endpoint default/web-5d9-aaaaa 10.6.124.10",
      ],
    ],
    ["10.6.124.1", ["plan subnet app-v4 10.6.124.1"]],
    ["10.6.124.40", [IN_SUBNET, "lock default/Deployment/old/net1/app-v4 10.6.124.40"]],
    ["10.6.124.50", [IN_SUBNET, "reservation camera 10.6.124.50"]],
    ["10.6.124.190", ["plan reserved printers 10.6.124.190-10.6.124.195", IN_SUBNET]],
    ["10.6.125.1", []],
    [
      "default/Deployment/web",
      ["record default/web-5d9-aaaaa 10.6.124.10", "record default/web-5d9-bbbbb 10.6.124.11"].concat([
        "endpoint default/web-5d9-aaaaa 10.6.124.10",
        "endpoint default/web-5d9-bbbbb 10.6.124.11",
      ]),
    ],
    [
      "default/api",
      [
        "plan default/Deployment/api/net1 10.6.124.30",
        "lock default/Deployment/api/net1/app-v4 10.6.124.30-10.6.124.32",
        "pool default/Deployment/api/net1/app-v4 10.6.124.30-10.6.124.32",
      ],
    ],
    ["ippool01", ["plan pool:ippool01 10.6.124.10-10.6.124.19", "pool pool:ippool01 10.6.124.10-10.6.124.19"]],
    ["default/ap", []],
  ])("%s", async (asked, expected) => {
    expect(await sources([asked])).toEqual(expected);
  });

  it("--meta finds what carries the mark, in plan, lock and cluster", async () => {
    expect(await sources(["--meta", "ticket=CHG7"])).toEqual([
      "plan default/Deployment/api/net1 10.6.124.30",
      "lock default/Deployment/api/net1/app-v4 10.6.124.30-10.6.124.32",
      "pool default/Deployment/api/net1/app-v4 10.6.124.30-10.6.124.32",
    ]);
    expect(await sources(["--meta", "ticket=CHG8"])).toEqual([]);
  });

  it("an address in quarantine: who released it, and when", async () => {
    const list = JSON.parse(cluster(READY)) as { items: object[] };
    const since = "2026-11-22T04:31:07Z";
    const record = { "10.6.124.60": { owner: "default/Deployment/old/net1/app-v4", since } };
    list.items.push({
      apiVersion: "spiderpool.spidernet.io/v2beta1",
      kind: "SpiderReservedIP",
      metadata: { name: "rest", annotations: { "spiderplan.io/quarantine": JSON.stringify(record) } },
      spec: { ipVersion: 4, ips: ["10.6.124.60"] },
    });
    const { stdout } = await ask(["who-has", "10.6.124.60"], JSON.stringify(list));
    expect(stdout).toMatch(/quarantine +default\/Deployment\/old\/net1\/app-v4 +released 2026-11-22T04:31:07Z/);
  });

  it.each([[[]], [["10.6.124.10", "--meta", "a=b"]], [["--meta", "ticket"]]])("refuses %j", async (argv) => {
    expect((await ask(["who-has", ...argv])).code).toBe(1);
  });
});

describe("free", () => {
  it.each(["text", "json"])("as %s: what is left after plan, lock, pools, reservations and use", async (format) => {
    const { code, stdout } = await ask(["free", "-o", format]);
    expect(code).toBe(0);
    expectGolden(`free.${format}.txt`, stdout);
  });

  it.each<[string[], string[] | null, number]>([
    [["--count", "3"], ["10.6.124.20-10.6.124.22"], 0],
    [["--count", "12"], ["10.6.124.20-10.6.124.29", "10.6.124.33-10.6.124.34"], 0],
    [["--count", "12", "--contiguous"], ["10.6.124.51-10.6.124.62"], 0],
    [["--count", "8", "--contiguous"], ["10.6.124.41-10.6.124.48"], 0],
    [["app-v4", "--count", "139", "--contiguous"], ["10.6.124.51-10.6.124.189"], 0],
    [["--count", "140", "--contiguous"], null, 1],
    [["--count", "1000"], null, 1],
  ])("%j offers %j", async (argv, offer, expected) => {
    const { code, stdout } = await ask(["free", ...argv, "-o", "json"]);
    expect((JSON.parse(stdout) as { subnets: { offer: unknown }[] }).subnets[0]!.offer).toEqual(offer);
    expect(code).toBe(expected);
  });

  it.each<[string[], RegExp]>([
    [["other"], /no subnet other; it has app-v4/],
    [["--contiguous"], /needs --count/],
    [["--count", "0"], /1 or more/],
    [["--count", "x"], /whole number/],
  ])("refuses %j", async (argv, message) => {
    const { code, stderr } = await ask(["free", ...argv]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  it("a broken plan is told, not answered", async () => {
    const cwd = workspace({ "plan/net.yaml": planOf("10.6.124.250"), "s.json": cluster(READY) });
    const { code, stdout, stderr } = await cli(["free", "--path", "plan", "--snapshot", "s.json"], { cwd });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("SP2011");
  });
});

describe("wait", () => {
  const TEMPLATE = JSON.stringify([
    {
      interface: "net1",
      ipv4: ["spiderplan-none-v4", "default.deployment.api.net1.*"],
      ipv6: ["default.deployment.api.net1.*"],
      cleangateway: false,
    },
  ]);

  it.each<[string, string, number, RegExp]>([
    ["all is there", cluster(READY, TEMPLATE), 0, /api is ready/],
    ["the workload comes after the hook", cluster(READY), 0, /api is ready/],
    ["no pool", cluster(undefined, TEMPLATE), 1, new RegExp(`SpiderIPPool ${API} is not there`)],
    ["a disabled pool", cluster({ disable: true }, TEMPLATE), 1, new RegExp(`SpiderIPPool ${API} is disabled`)],
    ["too few addresses", cluster({ ips: ["10.6.124.30"] }, TEMPLATE), 1, /lacks 10\.6\.124\.31-10\.6\.124\.32/],
    ["another template", cluster(READY, '[{"interface":"net1","ipv4":["x"]}]'), 1, /its Pod template: annotation/],
  ])("%s", async (_what, snapshot, expected, text) => {
    const { code, stdout } = await ask(["wait", "default/api"], snapshot);
    expect(stdout).toMatch(text);
    expect(code).toBe(expected);
  });

  it("as JSON", async () => {
    const { stdout } = await ask(["wait", "default/Deployment/api", "-o", "json"], cluster(undefined));
    expect(JSON.parse(stdout)).toEqual({
      formatVersion: "1.0",
      workload: "default/Deployment/api",
      ready: false,
      missing: [`SpiderIPPool ${API} is not there`],
    });
  });

  it("on a cluster it goes on looking until a sync has made the pools", async () => {
    const { items } = JSON.parse(clusterOf()) as { items: KubeObject[] };
    const cluster = await startEmbeddedCluster({ objects: items });
    try {
      const cwd = workspace({ ...FILES, "k.yaml": cluster.kubeconfig });
      const on = (...argv: string[]) => cli([...argv, "--path", "plan", "--kubeconfig", "k.yaml"], { cwd });
      expect(await on("wait", "default/api", "--timeout", "0s")).toMatchObject({ code: 1 });
      const waiting = on("wait", "default/api", "--timeout", "30s");
      const synced = await on("sync");
      expect(synced.code, synced.stdout + synced.stderr).toBe(0);
      expect(await waiting).toMatchObject({ code: 0, stdout: expect.stringContaining("is ready") });
      expect(await on("who-has", "10.6.124.31")).toMatchObject({ stdout: expect.stringContaining(API) });
      expect(await on("simulate", "--drain", "node-a")).toMatchObject({ code: 0 });
    } finally {
      await cluster.stop();
    }
  });

  it("names what it does not know", async () => {
    const { code, stderr } = await ask(["wait", "default/nobody"]);
    expect(code).toBe(1);
    expect(stderr).toContain("the plan has no workload default/nobody");
    expect((await ask(["wait", "default/api", "--timeout", "soon"])).stderr).toContain("90s, 5m or 1h");
  });
});
