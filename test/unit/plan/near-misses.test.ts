import { describe, expect, test } from "vitest";
import { loadPlanFolder } from "../../../src/adapters/plan-files/plan-loader.js";
import { mergePlan } from "../../../src/core/plan/merge.js";
import { workspace } from "../../support/workspace.js";

const HEAD = "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n";
const SUBNET = "  subnets: {a: {cidr: 10.6.124.0/24, ranges: [10.6.124.10-10.6.124.99]}}\n";

async function found(spec: string) {
  const { documents, diagnostics } = await loadPlanFolder(workspace({ "plan.yaml": `${HEAD}${spec}` }));
  const merged = diagnostics.length > 0 ? [] : mergePlan(documents, undefined).diagnostics;
  return [...diagnostics, ...merged].filter(({ severity }) => severity === "error");
}

describe("a value that is nearly right is told what to write", () => {
  test.each([
    ["quarantine: 24", 'write "24h"'],
    ['quarantine: "0s"', '"0s" is not allowed; write 0 for none'],
    ['quarantine: "24 h"', "write it like 24h"],
  ])("settings.%s", async (text, hint) => {
    expect(await found(`  settings: {${text}}\n`)).toMatchObject([{ hint }]);
  });

  test.each([".inf", "1.5", '"3"', "-1"])("elastic: %s", async (text) => {
    const fixed = `{subnets: [a], elastic: ${text}}`;
    const workload = `  workloads: {default/Deployment/w: {replicas: 1, interfaces: {eth0: {fixed: ${fixed}}}}}\n`;
    expect(await found(SUBNET + workload)).toMatchObject([{ hint: "write a number or auto" }]);
  });
});

describe("what no API server would store", () => {
  const name = (length: number) => "x".repeat(length);
  const pool = (key: string, more = "") => `${SUBNET}  pools: {${key}: {subnet: a, addresses: [10.6.124.20]${more}}}\n`;
  const workload = (key: string) =>
    `${SUBNET}  workloads:\n    ? default/Deployment/${key}\n    : {replicas: 1, interfaces: {eth0: {fixed: {subnets: [a]}}}}\n`;

  test.each<[what: string, fits: string, tooLong: string, code: string]>([
    ["a pool's name", pool(name(253)), pool(name(254)), "SP1027"],
    ["a workload's name", workload(name(253)), workload(name(254)), "SP1027"],
    ["meta", pool("p", `, meta: {a: ${name(257_000)}}`), pool("p", `, meta: {a: ${name(262_144)}}`), "SP1026"],
    // Bytes are counted, not characters.
    ["meta of two bytes each", pool("p", ", meta: {a: ü}"), pool("p", `, meta: {a: ${"ü".repeat(131_072)}}`), "SP1026"],
  ])("%s that is too long", async (_what, fits, tooLong, code) => {
    expect(await found(fits)).toEqual([]);
    expect((await found(tooLong)).map((one) => one.code)).toEqual([code]);
  });
});
