import { describe, expect, it } from "vitest";
import { cli } from "../support/cli.js";
import { expectGolden } from "../support/golden.js";
import { clusterOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

type Item = { kind: string; apiVersion: string; metadata: Record<string, unknown> & { name: string }; spec?: unknown };

/** The cluster of two Pods, with pools that refuse them for one reason each and others nothing names. */
function cluster(change: (items: Item[]) => void = () => {}): string {
  const list = JSON.parse(clusterOf()) as { items: Item[] };
  const pool = (name: string, ips: string, spec: object): Item => ({
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderIPPool",
    metadata: { name },
    spec: { subnet: "10.6.124.0/24", ipVersion: 4, ips: [ips], ...spec },
  });
  list.items.push(
    pool("zone-b", "10.6.124.30", { nodeAffinity: { matchLabels: { zone: "b" } } }),
    pool("other-app", "10.6.124.31", { podAffinity: { matchLabels: { app: "api" } } }),
    pool("off", "10.6.124.32", { disable: true }),
    pool("open", "10.6.124.33", {}),
  );
  const namespace = list.items.find((item) => item.kind === "Namespace")!;
  namespace.metadata.annotations = {
    "ipam.spidernet.io/default-ipv4-ippool": '["ippool01","zone-b","other-app","off"]',
  };
  change(list.items);
  return JSON.stringify(list);
}

/** What becomes of a Pod. */
type Change = { deletionTimestamp?: string; status?: object; spec?: object };

async function explain(target: string, argv: string[] = [], text = cluster()) {
  return cli(["explain", target, "--snapshot", "s.json", ...argv], { cwd: workspace({ "s.json": text }) });
}

describe("explain", () => {
  it.each(["text", "json"])(
    "as %s: candidates, the affinity that fails for each of the others, what comes next",
    async (format) => {
      const { code, stdout } = await explain("default/web-5d9-aaaaa", ["-o", format]);
      expect(code).toBe(0);
      expectGolden(`explain.${format}.txt`, stdout);
    },
  );

  it.each([
    ["a Pod", "default/web-5d9-aaaaa", "Pod default/web-5d9-aaaaa"],
    ["a workload in full", "default/Deployment/web", "default/Deployment/web"],
    ["a workload in short", "default/web", "default/Deployment/web"],
  ])("finds %s", async (_what, target, title) => {
    expect((await explain(target)).stdout).toContain(`eth0 of ${title}`);
  });

  it("asks for another node", async () => {
    const withNode = cluster((items) => {
      items.push({ apiVersion: "v1", kind: "Node", metadata: { name: "node-b", labels: { zone: "b" } } });
    });
    const { stdout } = await explain("default/web-5d9-aaaaa", ["--node", "node-b"], withNode);
    expect(stdout).toMatch(/zone-b\s+yes/);
    expect((await explain("default/web-5d9-aaaaa")).stdout).toMatch(/zone-b\s+no\s+nodeAffinity zone=b/);
  });

  it("says what it took for granted where the node is open", async () => {
    expect((await explain("default/web")).stdout).toMatch(/zone-b\s+yes .*taken as matching: labels of the node/s);
  });

  it("a StatefulSet's Pod keeps its address as long as its pool is named (A18, A19)", async () => {
    const text = cluster((items) => {
      for (const item of items) {
        if (item.kind !== "Pod") continue;
        item.metadata.ownerReferences = [
          { apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "s", controller: true },
        ];
      }
    });
    const next = async (pod: string) => {
      const { stdout } = await explain(pod, ["-o", "json"], text);
      return (JSON.parse(stdout) as { interfaces: { families: { next: unknown }[] }[] }).interfaces[0]!.families[0]!
        .next;
    };
    expect(await next("default/web-5d9-bbbbb")).toEqual([{ pool: "ippool01", address: "10.6.124.11", kept: true }]);
  });

  it.each([
    ["finished", { status: { phase: "Succeeded" } }, "the Pod has finished and never starts again"],
    ["was evicted", { status: { phase: "Failed", reason: "Evicted" } }, "the Pod has finished and never starts again"],
    ["is being replaced", { deletionTimestamp: "2026-01-01T00:00:00Z" }, "another one takes its place"],
    ["is on its node's network", { spec: { nodeName: "n", hostNetwork: true } }, "uses its node's network"],
  ])("promises no address to a Pod that %s", async (_what, { deletionTimestamp, ...change }: Change, told) => {
    const text = cluster((items) => {
      const pod = items.find(({ kind }) => kind === "Pod")!;
      Object.assign(pod, change);
      if (deletionTimestamp !== undefined) pod.metadata.deletionTimestamp = deletionTimestamp;
      if (change.spec !== undefined) pod.metadata.ownerReferences = undefined;
    });
    const { code, stdout } = await explain("default/web-5d9-aaaaa", [], text);
    expect(code).toBe(0);
    expect(stdout).toContain(`=> asks Spiderpool for nothing: `);
    expect(stdout).toContain(told);
    if (change.spec === undefined) expect(stdout).toContain("for the next Pod of its workload, explain default/");
  });

  it("a Pod gets of a full pool what it gives back itself", async () => {
    const text = cluster((items) => {
      const pool = items.find(({ metadata }) => metadata.name === "ippool01")!;
      Object.assign(pool.spec as object, { ips: ["10.6.124.10-10.6.124.11"] });
      Object.assign(items.find(({ metadata }) => metadata.name === "zone-b")!.spec as object, { disable: true });
    });
    expect((await explain("default/web-5d9-bbbbb", [], text)).stdout).toContain("=> 10.6.124.11 from ippool01");
    expect((await explain("default/web", [], text)).stdout).toContain("one more Pod would find no IPv4 address");
  });

  it.each([
    ["that is stopped keeps its address", {}, "=> 10.6.124.12 from ippool01 (its own)"],
    ["that is being deleted does not", { deletionTimestamp: "2026-01-01T00:00:00Z" }, "=> 10.6.124.13 from ippool01"],
  ])("a VM %s (A21)", async (_what, more, told) => {
    const text = cluster((items) => {
      const metadata = { namespace: "default", name: "vm1", ...more };
      const annotations = { "ipam.spidernet.io/ippool": '{"ipv4":["ippool01"]}' };
      const ips = [{ interface: "eth0", ipv4: "10.6.124.12/24", ipv4Pool: "ippool01" }];
      const status = {
        ...{ ownerControllerType: "VirtualMachineInstance", ownerControllerName: "vm1" },
        current: { uid: "u", node: "node-a", ips },
      };
      const instance = { ...metadata, name: "other" };
      items.push(
        {
          ...{ apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", metadata },
          spec: { template: { metadata: { annotations, labels: { app: "web" } } } },
        },
        { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", metadata: instance },
        { apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderEndpoint", metadata, ...{ status } },
      );
      const pool = items.find(({ metadata: { name } }) => name === "ippool01") as { status?: { allocatedIPs: string } };
      const records = JSON.parse(pool.status?.allocatedIPs ?? "{}") as object;
      pool.status = {
        allocatedIPs: JSON.stringify({ ...records, "10.6.124.12": { pod: "default/vm1", podUid: "u" } }),
      };
    });
    expect((await explain("default/vm1", [], text)).stdout).toContain(told);
  });

  it("promises the instance of a replica set of VMs nothing of its own: the next one has another name", async () => {
    const text = cluster((items) => {
      const annotations = { "ipam.spidernet.io/ippool": '{"ipv4":["ippool01"]}' };
      const owner = (kind: string, name: string) => ({
        ownerReferences: [{ apiVersion: "kubevirt.io/v1", kind, name, uid: "u", controller: true }],
      });
      const metadata = { namespace: "default", name: "vm1" };
      const set = owner("VirtualMachineInstanceReplicaSet", "set");
      const ips = [{ interface: "eth0", ipv4: "10.6.124.13/24", ipv4Pool: "ippool01" }];
      const status = {
        ...{ ownerControllerType: "VirtualMachineInstance", ownerControllerName: "vm1" },
        current: { uid: "u", node: "node-a", ips },
      };
      const launcher = { ...metadata, name: "virt-launcher-vm1-x", annotations, labels: { app: "web" } };
      items.push(
        { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", metadata: { ...metadata, ...set } },
        {
          ...{ apiVersion: "v1", kind: "Pod", spec: { nodeName: "node-a" } },
          metadata: { ...launcher, ...owner("VirtualMachineInstance", "vm1") },
        },
        { apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderEndpoint", metadata, ...{ status } },
      );
    });
    const { stdout } = await explain("default/VirtualMachineInstanceReplicaSet/set", [], text);
    expect(stdout).toContain("=> 10.6.124.12 from ippool01");
    expect(stdout).not.toContain("its own");
  });

  it.each([
    ["kube-system/second", "the Pod fails: annotation ipam.spidernet.io/ippools does not list net1"],
    ["kube-system/other", undefined],
  ])("tells of a NIC on %s that `ippools` forgot (A4)", async (network, told) => {
    const config = (name: string, ipam: string): Item & object => ({
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { namespace: "kube-system", name },
      spec: { config: JSON.stringify({ cniVersion: "0.3.1", name, type: "macvlan", ipam: { type: ipam } }) },
    });
    const annotations = {
      "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["open"]}]',
      "k8s.v1.cni.cncf.io/networks": network,
    };
    const app = { apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace: "default", name: "two" } };
    const template = { metadata: { labels: { app: "two" }, annotations } };
    const text = cluster((items) => {
      items.push(config("second", "spiderpool"), config("other", "host-local"), { ...app, spec: { template } });
    });
    const { code, stdout } = await explain("default/Deployment/two", [], text);
    expect({ code, second: stdout.includes("net1 of default/Deployment/two") }).toEqual({
      code: 0,
      second: told !== undefined,
    });
    expect(stdout).toContain(told ?? "=> 10.6.124.33 from open");
  });

  it("of a Rollout by the template of the Deployment it names", async () => {
    const text = cluster((items) => {
      const metadata = { namespace: "default", name: "roll" };
      const annotations = { "ipam.spidernet.io/ippool": '{"ipv4":["open"]}' };
      const template = { metadata: { labels: { app: "web" }, annotations } };
      const workloadRef = { apiVersion: "apps/v1", kind: "Deployment", name: "roll" };
      items.push(
        { ...{ apiVersion: "apps/v1", kind: "Deployment", metadata }, spec: { replicas: 0, template } },
        { ...{ apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata }, spec: { replicas: 1, workloadRef } },
      );
    });
    expect((await explain("default/Rollout/roll", [], text)).stdout).toContain("=> 10.6.124.33 from open");
  });

  it.each(["default/web-5d9-aaaaa", "default/web"])(
    "promises %s none in a Namespace that is being deleted",
    async (target) => {
      const text = cluster((items) => {
        const namespace = items.find(({ kind }) => kind === "Namespace")!;
        namespace.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
      });
      expect((await explain(target, [], text)).stdout).toContain(
        "=> asks Spiderpool for nothing: its Namespace is being deleted, and no Pod starts there any more",
      );
    },
  );

  it("promises no address to a Job that is done", async () => {
    const done = cluster((items) => {
      const status = { conditions: [{ type: "Complete", status: "True" }] };
      const job = { apiVersion: "batch/v1", kind: "Job", metadata: { namespace: "default", name: "load" } };
      items.push({ ...job, spec: { template: { metadata: {} } }, ...{ status } });
    });
    expect((await explain("default/load", [], done)).stdout).toContain("the Job is done and makes no Pod any more");
  });

  it.each([
    ["nothing of that name", "default/nobody", [], "no Pod and no workload default/nobody"],
    ["an interface that is not served", "default/web", ["--interface", "net7"], "serves no net7"],
    ["a node that is not there", "default/web", ["--node", "moon"], "there is no node moon"],
  ])("1 for %s", async (_what, target, argv, message) => {
    const { code, stderr } = await explain(target, argv);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it("takes the cluster network from a plan, where the cluster does not tell (A9)", async () => {
    const plan = `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  settings: {spiderpool: {clusterNetwork: kube-system/macvlan-124}}
`;
    const cwd = workspace({ "s.json": cluster(), "plan/app.yaml": plan });
    const { stdout } = await cli(["explain", "default/web", "--snapshot", "s.json", "--path", "plan"], { cwd });
    expect(stdout).toContain("network kube-system/macvlan-124");
    expect((await explain("default/web")).stdout).toContain("network not known");
  });

  it("says that the Pod fails when no candidate is left (A10)", async () => {
    const text = cluster((items) => {
      for (const item of items)
        if (item.metadata.name === "ippool01") (item.spec as { disable: boolean }).disable = true;
    });
    expect((await explain("default/web-5d9-aaaaa", [], text)).stdout).toContain("the Pod fails: no IPv4 pool");
  });
});
