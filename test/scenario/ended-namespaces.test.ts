import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, told } from "../support/decide.js";
import { deployment } from "../support/objects.js";

const SUBNET = "subnets: {app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}}\n";
const WORKLOAD = `workloads:
  team/Deployment/web:
    replicas: 2
    annotate: true
    pods: {labels: {app: web}}
    interfaces: {eth0: {network: team/net, fixed: {subnets: [app]}}}
`;
const TEAM = `${SUBNET}pools: {shared: {subnet: app, addresses: [10.6.0.80]}}
networks: {team/net: {macvlan: {master: [eth1]}}, kube-system/other: {macvlan: {master: [eth2]}}}
namespaces: {team: {defaultPools: [shared]}, shop: {defaultPools: [shared]}}
${WORKLOAD}`;
const WEB = "team.deployment.web.eth0.app";

const DELETED = { metadata: { name: "team", deletionTimestamp: "2026-11-22T00:00:00Z" } };
const PHASE = { status: { phase: "Terminating" } };

function cluster(...teams: Partial<KubeObject>[]): KubeObject[] {
  const namespace = (name: string, parts: object = {}): KubeObject => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, uid: `uid-${name}`, resourceVersion: "7" },
    ...parts,
  });
  return [namespace("kube-system"), namespace("shop"), ...teams.map((parts) => namespace("team", parts))];
}

const codes = (outcome: Awaited<ReturnType<typeof decideOn>>) =>
  outcome.diagnostics.filter(({ code }) => code === "SP2602" || code === "SP2608");

/** What does not live in the Namespace. */
const REST = [
  "1 create SpiderSubnet app",
  "2 create SpiderIPPool shared",
  "2 create SpiderIPPool spiderplan-none-v4",
  `2 create SpiderIPPool ${WEB}`,
  "3 create SpiderMultusConfig kube-system/other",
  "4 update Namespace shop",
];

describe("a Namespace that goes away takes its own parts along", () => {
  test.each([
    ["being deleted", [DELETED], [deployment("team/web")], "SP2608"],
    ["in its last phase", [PHASE], [deployment("team/web")], "SP2608"],
    ["gone", [], [], "SP2602"],
  ])("%s: the rest of the plan is written", async (_how, teams, workloads, code) => {
    const outcome = await decideOn(TEAM, [...cluster(...teams), ...workloads]);
    expect(told(outcome).sort()).toEqual([...REST].sort());
    const [found, ...others] = codes(outcome);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ code, severity: "warning", about: "Namespace team" });
    expect(found?.message).toMatch(/^Namespace team is .*its default pools.*SpiderMultusConfig team\/net/);
    expect(found?.hint).toContain("take them out of the plan");
    expect(outcome.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  test("one that is there is written as ever", async () => {
    const outcome = await decideOn(TEAM, [...cluster({}), deployment("team/web")]);
    const own = ["3 create SpiderMultusConfig team/net", "4 update Namespace team", "4 update Deployment team/web"];
    expect(told(outcome).sort()).toEqual([...REST, ...own].sort());
    expect(codes(outcome)).toEqual([]);
  });

  test("the addresses of its workloads stay locked", async () => {
    const before = await decideOn(TEAM, [...cluster({}), deployment("team/web")]);
    const live = applied(before, [...cluster({}), deployment("team/web")]);
    const without = live.filter(({ kind, metadata }) => metadata.namespace !== "team" && kind !== "Namespace");
    const gone = await decideOn(TEAM, [...cluster(), ...without]);
    expect(told(gone).filter((step) => step.includes(WEB))).toEqual([]);
    expect(gone.lock).toEqual(before.lock);
  });

  test("a network of it that is being deleted with it is no error, and none of it is pruned", async () => {
    const all = [...cluster({}), deployment("team/web")];
    const live = applied(await decideOn(TEAM, all), all).filter(({ kind }) => kind !== "Namespace");
    const ending = live.map((object) =>
      object.kind === "SpiderMultusConfig" && object.metadata.namespace === "team"
        ? { ...object, metadata: { ...object.metadata, deletionTimestamp: "2026-11-22T00:00:00Z" } }
        : object,
    );
    const still = await decideOn(TEAM, [...cluster(DELETED), ...ending]);
    expect(still.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const pruned = await decideOn(TEAM.replace("team/net: {macvlan: {master: [eth1]}}, ", "").replace(WORKLOAD, ""), [
      ...cluster(DELETED),
      ...live,
    ]);
    expect(told(pruned).filter((step) => step.includes("MultusConfig"))).toEqual([]);
  });

  test("what it names holds up no delete once the plan gave it up", async () => {
    const marks = { "ipam.spidernet.io/default-ipv4-ippool": '["shared"]', "spiderplan.io/applied": "{}" };
    const team = { metadata: { ...DELETED.metadata, annotations: marks } };
    const given = `${SUBNET}pools: {shared: {subnet: app, addresses: [10.6.0.80]}}`;
    const live = applied(await decideOn(given, cluster()), []);
    const held = await decideOn(SUBNET, [...cluster({ metadata: { name: "team", annotations: marks } }), ...live]);
    expect(told(held)).toContain("6 delete SpiderIPPool shared [in-use]");
    const free = await decideOn(SUBNET, [...cluster(team), ...live]);
    expect(told(free)).toContain("6 delete SpiderIPPool shared");
    expect(told(free).filter((step) => step.includes("Namespace"))).toEqual([]);
    expect(codes(free)).toEqual([]);
  });

  test("where only some Namespaces are known, one that is not among them counts as there", async () => {
    const outcome = await decideOn(`${SUBNET}networks: {team/net: {macvlan: {master: [eth1]}}}\n`, cluster().slice(1));
    expect(told(outcome)).toContain("3 create SpiderMultusConfig team/net");
    expect(codes(outcome)).toEqual([]);
  });
});
