import { describe, expect, test } from "vitest";
import type { Lock } from "../../src/core/allocate/allocation.js";
import { decide } from "../../src/core/engine.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { lock } from "../support/allocate-world.js";
import { applied, decideOn, OPTIONS, planOf, told } from "../support/decide.js";
import { deployment } from "../support/objects.js";

const SUBNET = "subnets: {app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}}\n";
const FIXED = (name: string, replicas = 2, more = "") => `  default/Deployment/${name}:
    replicas: ${replicas}
    pods: {labels: {app: ${name}}}
    ${more}
    interfaces: {eth0: {fixed: {subnets: [app], elastic: 0}}}
`;
const DECLARED = (name: string) => `pools: {${name}: {subnet: app, addresses: [10.6.0.90-10.6.0.91], default: true}}\n`;
const [WEB, API] = ["default.deployment.web.eth0.app", "default.deployment.api.eth0.app"];

async function decideLocked(spec: string, live: Parameters<typeof buildSnapshot>[0], files: Lock) {
  return decide(await planOf(spec), files, buildSnapshot(live, Object.keys(KINDS)), OPTIONS);
}

describe("a part of the plan that has an error is neither made, changed nor deleted; the rest goes on", () => {
  test.each([
    ["is hit by a pattern", "default.deployment.web.eth0.more"],
    ["has a fixed pool's very name", WEB],
  ])("a declared pool that %s (SP4108): neither it nor the owner gets a step", async (_, name) => {
    const spec = `${SUBNET}${DECLARED(name)}workloads:\n${FIXED("web")}${FIXED("api")}`;
    const outcome = await decideOn(spec, []);
    expect(outcome.diagnostics.filter(({ code }) => code === "SP4108").map(({ about }) => about)).toEqual([
      "default/Deployment/web/eth0",
      `pool:${name}`,
    ]);
    expect(told(outcome)).toEqual([
      "1 create SpiderSubnet app",
      `2 create SpiderIPPool ${API}`,
      "2 create SpiderIPPool spiderplan-none-v4",
    ]);
    const live = applied(await decideOn(`${SUBNET}workloads:\n${FIXED("web")}${FIXED("api")}`, []), []);
    expect(told(await decideOn(spec.replace("replicas: 2", "replicas: 3"), live))).toEqual([]);
  });

  test("an owner the lock does not cover: its pool stays as it is, and so does its template", async () => {
    const files = lock({ app: { held: { "default/Deployment/web/eth0": ["10.6.0.10-10.6.0.11"] } } });
    const plan = `${SUBNET}workloads:\n${FIXED("web")}`;
    const live = applied(await decideLocked(plan, [], files), []);
    const grown = `${SUBNET}workloads:\n${FIXED("web", 4, "annotate: true")}`;
    const outcome = await decideLocked(grown, [...live, deployment("default/web")], files);
    expect(outcome.diagnostics.map(({ code }) => code)).toContain("SP4107");
    expect(told(outcome)).toEqual([]);
  });

  test("a renamed owner the lock does not cover: the pool under its old name is not deleted", async () => {
    const files = lock({ app: { held: { "default/Deployment/web/eth0": ["10.6.0.10-10.6.0.11"] } } });
    const live = applied(await decideLocked(`${SUBNET}workloads:\n${FIXED("web")}`, [], files), []);
    const moved = "moved: [{from: default/Deployment/web, to: default/Deployment/api}]\n";
    const outcome = await decideLocked(`${SUBNET}${moved}workloads:\n${FIXED("api", 4)}`, live, files);
    expect(outcome.diagnostics.map(({ code }) => code)).toContain("SP4107");
    expect(told(outcome).filter((line) => line.includes(WEB))).toEqual([]);
  });
});
