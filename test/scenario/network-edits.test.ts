import { describe, expect, test } from "vitest";
import { canonicalMultus } from "../../src/core/spiderpool/canonical.js";
import { KINDS, type KubeObject, type SpiderMultusConfig } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { decideOn } from "../support/decide.js";
import { workspace } from "../support/workspace.js";

const NETWORK = "kube-system/m1";
const plan = (spec: string) => `subnets:
  a: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}
pools: {p: {subnet: a, addresses: [10.6.0.10]}}
networks:
  ${NETWORK}: {${spec}}
`;
const config = (spec: object): KubeObject =>
  canonicalMultus({
    apiVersion: KINDS.SpiderMultusConfig.apiVersion,
    kind: "SpiderMultusConfig",
    metadata: { name: "m1", namespace: "kube-system", uid: "m1", resourceVersion: "1" },
    spec,
  } as SpiderMultusConfig);
const MACVLAN = config({ cniType: "macvlan", macvlan: { master: ["ens192"] } });
const FIRST = { "v1.multus-cni.io/default-network": NETWORK };
const SECOND = { "k8s.v1.cni.cncf.io/networks": `${NETWORK}@net1` };

/** A Deployment with its ReplicaSet and Pods. */
function deployment(name: string, annotations: Record<string, string>, replicas = 1, spec: object = {}): KubeObject[] {
  const template = { metadata: { labels: { app: name }, annotations }, spec: { containers: [], ...spec } };
  const of = (kind: string, object: string, more: object, owner?: string): KubeObject => ({
    apiVersion: kind === "Pod" ? "v1" : "apps/v1",
    kind,
    metadata: {
      name: object,
      namespace: "shop",
      uid: object,
      ...(owner !== undefined && {
        ownerReferences: [
          {
            apiVersion: "apps/v1",
            kind: kind === "Pod" ? "ReplicaSet" : "Deployment",
            name: owner,
            uid: owner,
            controller: true,
          },
        ],
      }),
      ...(kind === "Pod" && { annotations, labels: { app: name } }),
    },
    ...more,
  });
  const workload = { spec: { replicas, selector: { matchLabels: { app: name } }, template } };
  return [
    of("Deployment", name, workload),
    of("ReplicaSet", `${name}-rs`, workload, name),
    ...Array.from({ length: replicas }, (_, i) =>
      of("Pod", `${name}-rs-${i}`, { spec: template.spec, status: { phase: "Running" } }, `${name}-rs`),
    ),
  ];
}

const told = async (spec: string, objects: readonly KubeObject[], live = MACVLAN) => {
  const { diagnostics } = await decideOn(plan(spec), [live, ...objects]);
  return diagnostics.filter(({ code }) => code === "SP4231").map(({ message }) => message);
};

describe("a network in use that changes names who is on it (SP4231)", () => {
  test.each<[string, string, KubeObject | undefined, string]>([
    ["VLAN", "macvlan: {master: [ens192], vlanID: 124}", undefined, "macvlan.vlanID: 0 -> 124"],
    ["master", "macvlan: {master: [ens224]}", undefined, "macvlan.master: ens192 -> ens224"],
    ["MTU", "macvlan: {master: [ens192], mtu: 9000}", undefined, "macvlan.mtu: 0 -> 9000"],
    ["bond", "macvlan: {master: [a, b], bond: {name: bond0, mode: 1}}", undefined, "macvlan.bond.mode: none -> 1"],
    ["type", "ipvlan: {master: [ens192]}", undefined, "cniType: macvlan -> ipvlan"],
    [
      "resource",
      "sriov: {resourceName: mlx/b}",
      config({ cniType: "sriov", sriov: { resourceName: "mlx/a" } }),
      "sriov.resourceName: mlx/a -> mlx/b",
    ],
    [
      "coordinator mode",
      "macvlan: {master: [ens192]}, coordinator: {mode: underlay}",
      undefined,
      "coordinator.mode: auto -> underlay",
    ],
    [
      "coordinator off",
      "macvlan: {master: [ens192]}, enableCoordinator: false",
      undefined,
      "coordinator.mode: auto -> none, enableCoordinator: true -> false",
    ],
    ["OVS", "ovs: {bridge: br2}", config({ cniType: "ovs", ovs: { bridge: "br1" } }), "ovs.bridge: br1 -> br2"],
    [
      "custom CNI",
      `customCNI: '{"cniVersion":"0.3.1","name":"x","type":"bridge","vlan":6,"ipam":{"type":"spiderpool"}}'`,
      config({
        cniType: "custom",
        customCNI: '{"cniVersion":"0.3.1","name":"x","type":"bridge","vlan":5,"ipam":{"type":"spiderpool"}}',
      }),
      "customCNI.vlan: 5 -> 6",
    ],
  ])("%s", async (_name, spec, live, change) => {
    const [message, ...others] = await told(spec, deployment("web", FIRST, 2), live);
    expect(others).toEqual([]);
    expect(message).toContain(change);
    expect(message).toContain("1 workload uses it (2 Pods running): shop/Deployment/web;");
  });

  test("on any NIC, with or without Pods, and a bare Pod by its own name; the count is whole", async () => {
    const bare = { ...deployment("b", SECOND)[2]!, metadata: { name: "bare", namespace: "lab", annotations: SECOND } };
    const [message] = await told("macvlan: {master: [x]}", [
      ...["v", "w", "x", "y"].flatMap((name) => deployment(name, SECOND)),
      ...deployment("idle", FIRST, 0),
      bare,
    ]);
    expect(message).toContain(
      "6 workloads use it (5 Pods running): lab/bare, shop/Deployment/idle, shop/Deployment/v, shop/Deployment/w and 2 more;",
    );
  });

  test("the cluster's default network is that of whoever names none", async () => {
    const settings = (network: string) =>
      `settings: {spiderpool: {clusterNetwork: ${network}}}\n${plan("macvlan: {master: [x]}")}`;
    const of = async (network: string) =>
      (await decideOn(settings(network), [MACVLAN, ...deployment("web", {})])).diagnostics.filter(
        ({ code }) => code === "SP4231",
      );
    expect(await of(NETWORK)).toHaveLength(1);
    expect(await of("kube-system/other")).toEqual([]);
  });

  test("its net-attach-def's own name counts (X8)", async () => {
    const annotations = { "multus.spidernet.io/cr-name": "nad" };
    const named = { ...MACVLAN, metadata: { ...MACVLAN.metadata, annotations } } as KubeObject;
    const by = (name: string) => deployment("web", { "v1.multus-cni.io/default-network": `kube-system/${name}` });
    expect(await told("macvlan: {master: [x]}", by("nad"), named)).toHaveLength(1);
    expect(await told("macvlan: {master: [x]}", by("m1"), named)).toEqual([]);
  });
});

describe("no such warning", () => {
  test.each<[string, string, KubeObject[]]>([
    ["the coordinator", "macvlan: {master: [ens192]}, coordinator: {hostRuleTable: 600}", deployment("web", FIRST)],
    ["the mode it has", "macvlan: {master: [ens192]}, coordinator: {mode: auto}", deployment("web", FIRST)],
    ["default pools", "macvlan: {master: [ens192]}, defaultPools: [p]", deployment("web", FIRST)],
    ["nothing but an adoption", "macvlan: {master: [ens192], vlanID: 0}", deployment("web", FIRST)],
    [
      "nobody is on it",
      "macvlan: {master: [ens224]}",
      deployment("web", { ...FIRST, "v1.multus-cni.io/default-network": "kube-system/m2" }),
    ],
    ["Pods on the host's network", "macvlan: {master: [ens224]}", deployment("agent", FIRST, 1, { hostNetwork: true })],
    [
      "Pods that ended",
      "macvlan: {master: [ens224]}",
      deployment("job", FIRST)
        .filter(({ kind }) => kind === "Pod")
        .map((pod) => ({ ...pod, status: { phase: "Succeeded" } })),
    ],
  ])("%s", async (_name, spec, objects) => {
    expect(await told(spec, objects)).toEqual([]);
  });
});

describe("above the fold", () => {
  const run = async (format: string) => {
    const spec = plan("macvlan: {master: [ens192], vlanID: 124}").replace(/^/gm, "  ");
    const items = [MACVLAN, ...deployment("web", FIRST)];
    const cwd = workspace({
      "plan/app.yaml": `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${spec}`,
      "s.json": JSON.stringify({ kind: "List", items }),
    });
    return (await cli(["plan", "--path", "plan", "--snapshot", "s.json", "-o", format], { cwd })).stdout;
  };

  test("in text: before the steps, and the step shows the field", async () => {
    const text = await run("text");
    expect(text.indexOf("warning SP4231")).toBeGreaterThan(0);
    expect(text.indexOf("warning SP4231")).toBeLessThan(text.indexOf("= SpiderMultusConfig"));
    expect(text.match(/SP4231/g)).toHaveLength(1);
    expect(text).toMatch(/= SpiderMultusConfig {2}kube-system\/m1.*\n?.*macvlan\.vlanID: 0 -> 124/);
  });

  test("in Markdown: the first line is not green, the warning is the second", async () => {
    const [, , verdict, , warning] = (await run("markdown")).split("\n");
    expect(verdict).toMatch(/^⚠️ \*\*Networks in use change; no workload's address does\.\*\* /);
    expect(warning).toMatch(/^- warning SP4231 .*shop\/Deployment\/web/);
  });
});
