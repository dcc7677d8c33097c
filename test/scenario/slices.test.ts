import { describe, expect, test } from "vitest";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, told } from "../support/decide.js";
import { namespaceWith, node, running } from "../support/running.js";

/** The vendor's FAQ: a pool of 100 for one namespace, which it says cannot be divided among workloads. */
const plan = (workloads: string, more = "") => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.199]}
pools:
  pay: {subnet: app, addresses: [10.6.0.10-10.6.0.109], namespaces: {names: [pay]}, nodes: {labels: {zone: a}}, routes: [{to: 10.9.0.0/16, via: 10.6.0.2}]${more}}
namespaces:
  pay: {defaultPools: [pay]}
workloads:
${workloads}`;
const sliced = (name: string, replicas: number, more = "") =>
  `  pay/Deployment/${name}: {replicas: ${replicas}, pods: {labels: {app: ${name}}}, interfaces: {eth0: {fixed: {pools: [pay], elastic: 1${more}}}}}\n`;
const THREE = sliced("api", 20) + sliced("web", 30) + sliced("job", 9);

const BARE: KubeObject[] = [node("node-a", { zone: "a" }), namespaceWith("pay")];
const pool = (objects: readonly KubeObject[], name: string) =>
  objects.find((one) => one.kind === "SpiderIPPool" && one.metadata.name === name) as SpiderIPPool | undefined;

describe("a namespace pool of 100 sliced among three workloads", () => {
  test("each has its own part, the rest stays; nothing is left to do then (FIXED-7)", async () => {
    const synced = applied(await decideOn(plan(THREE), BARE), BARE);
    expect(pool(synced, "pay.deployment.api.eth0.slice.pay")?.spec).toMatchObject({
      ips: ["10.6.0.10-10.6.0.30"],
      podAffinity: { matchLabels: { app: "api" } },
      namespaceName: ["pay"],
      nodeAffinity: { matchLabels: { zone: "a" } },
      routes: [{ dst: "10.9.0.0/16", gw: "10.6.0.2" }],
      default: false,
      disable: false,
    });
    expect(pool(synced, "pay.deployment.job.eth0.slice.pay")?.spec.ips).toEqual(["10.6.0.31-10.6.0.40"]);
    expect(pool(synced, "pay.deployment.web.eth0.slice.pay")?.spec.ips).toEqual(["10.6.0.41-10.6.0.71"]);
    expect(pool(synced, "pay")?.spec.ips).toEqual(["10.6.0.72-10.6.0.109"]);
    const again = await decideOn(plan(THREE), synced);
    expect(again.steps).toEqual([]);
  });

  test("cut beside running users: the pool lets go first, the users stay where they are", async () => {
    const before = applied(await decideOn(plan("").replace("workloads:\n", ""), BARE), BARE);
    const live = running(before, { name: "pay/old", pool: "pay", addresses: ["10.6.0.10", "10.6.0.30"] });
    const outcome = await decideOn(plan(THREE), live);
    expect(outcome.verdict).toMatchObject({ stable: true, stays: 2, moves: [], strands: [], released: [] });
    const steps = told(outcome);
    const at = (text: string) => steps.findIndex((step) => step.endsWith(text));
    expect(at("update SpiderIPPool pay")).toBeGreaterThanOrEqual(0);
    expect(at("update SpiderIPPool pay")).toBeLessThan(at("create SpiderIPPool pay.deployment.api.eth0.slice.pay"));
    const after = applied(outcome, live);
    expect(pool(after, "pay")?.spec.ips).toEqual(["10.6.0.10", "10.6.0.21-10.6.0.30", "10.6.0.83-10.6.0.109"]);
    expect((await decideOn(plan(THREE), after)).steps).toEqual([]);
  });

  test("slicesOnly: what no slice holds is offered to nobody, and that strands who lives of it", async () => {
    const synced = applied(await decideOn(plan(THREE, ", slicesOnly: true"), BARE), BARE);
    expect(pool(synced, "pay")?.spec).toMatchObject({ disable: true, ips: ["10.6.0.72-10.6.0.109"] });
    const live = running(applied(await decideOn(plan(THREE), BARE), BARE), {
      name: "pay/old",
      pool: "pay",
      addresses: ["10.6.0.80"],
    });
    const outcome = await decideOn(plan(THREE, ", slicesOnly: true"), live);
    expect(outcome.verdict.strands).toMatchObject([{ pod: "pay/old-rs-0", address: "10.6.0.80" }]);
    expect(told(outcome)).toEqual([expect.stringContaining("update SpiderIPPool pay [verdict]")]);
  });

  test("a slice that is given up rests, in the declared pool but reserved, and the next plan is empty", async () => {
    const synced = applied(await decideOn(plan(THREE), BARE), BARE);
    const fewer = plan(sliced("api", 20) + sliced("web", 30));
    const outcome = await decideOn(fewer, synced);
    expect(outcome.steps.filter(({ blocked }) => blocked)).toEqual([]);
    expect(outcome.lock.subnets.get("app")?.released.get("pay/Deployment/job/eth0/pool:pay")).toHaveLength(1);
    const after = applied(outcome, synced);
    expect(pool(after, "pay.deployment.job.eth0.slice.pay")).toBeUndefined();
    expect(pool(after, "pay")?.spec.ips).toEqual(["10.6.0.31-10.6.0.40", "10.6.0.72-10.6.0.109"]);
    const reserved = after
      .filter(({ kind }) => kind === "SpiderReservedIP")
      .map(({ spec }) => (spec as { ips: string[] }).ips);
    expect(reserved).toEqual([["10.6.0.31-10.6.0.40"]]);
    const again = await decideOn(fewer, after);
    expect(again.steps.filter(({ kind }) => kind.kind === "SpiderIPPool")).toEqual([]);
    const back = applied(await decideOn(plan(THREE), after), after);
    expect(pool(back, "pay.deployment.job.eth0.slice.pay")?.spec.ips).toEqual(["10.6.0.31-10.6.0.40"]);
  });
});
