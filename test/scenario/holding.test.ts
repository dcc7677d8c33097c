import { describe, expect, test } from "vitest";
import { objectKey } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, told } from "../support/decide.js";
import { endpoint } from "../support/objects.js";

const SUBNETS = `subnets:
  a: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}
  b: {cidr: 10.7.0.0/24, ranges: [10.7.0.10-10.7.0.99]}
`;
const workload = (name: string, subnet: string) => `  default/Deployment/${name}:
    replicas: 1
    pods: {labels: {app: ${name}}}
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [${subnet}], elastic: 0}}}
`;
const BOTH = `${SUBNETS}workloads:\n${workload("one", "a")}${workload("two", "b")}`;

describe("a partial sync writes what is chosen and what that needs", () => {
  test.each([
    ["default/Deployment/one", ["SpiderSubnet a", "SpiderIPPool default.deployment.one.eth0.a"]],
    ["default/Deployment/one/eth0", ["SpiderSubnet a", "SpiderIPPool default.deployment.one.eth0.a"]],
    ["subnet:b", ["SpiderSubnet b", "SpiderIPPool default.deployment.two.eth0.b"]],
    ["default/Deployment/on", []],
    ["subnet:none", []],
  ])("%s", async (only, expected) => {
    const outcome = await decideOn(BOTH, [], { holding: { only: [only] } });
    const due = outcome.steps.filter((step) => step.blocked === undefined);
    const anchor = "SpiderIPPool spiderplan-none-v4";
    expect(due.map((step) => objectKey(step.kind.kind, step.namespace, step.name)).sort()).toEqual(
      [...expected, anchor].sort(),
    );
    expect(outcome.steps.filter((step) => step.blocked).every((step) => step.blocked!.type === "held")).toBe(true);
  });

  test("says what names nothing (SP2812)", async () => {
    const outcome = await decideOn(BOTH, [], {
      holding: { only: ["subnet:b", "subnet:typo", "default/Deployment/three"] },
    });
    const told = outcome.diagnostics.filter(({ code }) => code === "SP2812");
    expect(told.map(({ severity, message }) => [severity, message])).toEqual([
      ["error", "nothing in the plan is called subnet:typo, so no part of it is chosen by that"],
      ["error", "nothing in the plan is called default/Deployment/three, so no part of it is chosen by that"],
    ]);
  });

  test.each([
    ["default/Deployment/oen", "did you mean default/Deployment/one?"],
    ["default/one", "did you mean default/Deployment/one?"],
    ["one", "did you mean default/Deployment/one?"],
    ["a", "did you mean subnet:a?"],
    ["pool:a", "did you mean subnet:a?"],
    ["default/StatefulSet/two", "did you mean default/Deployment/two?"],
    ["xyzzy", "write subnet:NAME, pool:NAME"],
  ])("%s: %s", async (only, hint) => {
    const outcome = await decideOn(BOTH, [], { holding: { only: [only] } });
    expect(outcome.diagnostics.find(({ code }) => code === "SP2812")?.hint).toContain(hint);
  });

  test("takes along the pool that has to give up addresses first", async () => {
    const before = `${SUBNETS}pools: {x: {subnet: a, addresses: [10.6.0.10-10.6.0.19]}, y: {subnet: a, addresses: [10.6.0.20]}}\n`;
    const after = `${SUBNETS}pools: {x: {subnet: a, addresses: [10.6.0.10-10.6.0.15]}, y: {subnet: a, addresses: [10.6.0.18-10.6.0.20]}}\n`;
    const live = applied(await decideOn(before, []), []);
    const outcome = await decideOn(after, live, { holding: { only: ["pool:y"] } });
    expect(told(outcome).filter((line) => !line.includes("["))).toEqual(
      expect.arrayContaining(["6 update SpiderIPPool x", "7 update SpiderIPPool y"]),
    );
  });
});

describe("an object that is left alone", () => {
  test("takes with it what needs its addresses, and nothing else", async () => {
    const before = `${SUBNETS}pools: {x: {subnet: a, addresses: [10.6.0.10-10.6.0.19]}}\n`;
    const after = `${SUBNETS}pools:
  x: {subnet: a, addresses: [10.6.0.10-10.6.0.15]}
  y: {subnet: a, addresses: [10.6.0.18-10.6.0.20]}
  z: {subnet: a, addresses: [10.6.0.30]}
`;
    const live = applied(await decideOn(before, []), []);
    const holding = { objects: new Map([["SpiderIPPool x", "break-glass CHG1"]]) };
    const outcome = await decideOn(after, live, { holding });
    const blocked = Object.fromEntries(outcome.steps.map((step) => [step.name, step.blocked?.message]));
    expect(blocked).toMatchObject({
      x: "break-glass CHG1",
      y: "it needs addresses SpiderIPPool x still has, which is held back",
      z: undefined,
    });
  });

  test("is judged as it stays: what would be safe only together is refused alone (FIXED-8)", async () => {
    const pool = (name: string, disabled: boolean) =>
      `  ${name}: {subnet: a, addresses: [10.6.0.${name === "x" ? 10 : 20}], disabled: ${disabled}, default: true}\n`;
    const live = [
      ...applied(await decideOn(`${SUBNETS}pools:\n${pool("x", false)}`, []), []),
      endpoint("default/p", "x", "10.6.0.10"),
    ];
    const plan = `${SUBNETS}pools:\n${pool("x", true)}${pool("y", false)}`;
    const alone = await decideOn(plan, live, { holding: { only: ["pool:x"] } });
    expect(told(alone).filter((line) => line.endsWith("x [verdict]"))).toHaveLength(1);
  });
});

describe("marks of people on objects about their end", () => {
  const gone = `${SUBNETS}pools: {}\n`;
  const marked = async (annotations: Record<string, string>) => {
    const live = applied(await decideOn(`${SUBNETS}pools: {x: {subnet: a, addresses: [10.6.0.10]}}\n`, []), []);
    const objects = live.map((object) =>
      object.metadata.name === "x"
        ? {
            ...object,
            metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
          }
        : object,
    );
    const outcome = await decideOn(gone, objects);
    return outcome.steps.find((step) => step.name === "x")?.blocked?.message;
  };

  test.each([
    ["no mark", {}, undefined],
    ["disabled", { "spiderplan.io/prune": "disabled" }, /says disabled/],
    ["confirm", { "spiderplan.io/prune": "confirm" }, /asks for a person's word/],
    [
      "confirmed",
      { "spiderplan.io/prune": "confirm", "spiderplan.io/deletion-approved": "2026-11-22T00:00:00Z" },
      undefined,
    ],
  ])("%s", async (_name, annotations, expected) => {
    const message = await marked(annotations as Record<string, string>);
    if (expected === undefined) expect(message).toBeUndefined();
    else expect(message).toMatch(expected);
  });
});
