import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cli } from "../support/cli.js";
import { workspace } from "../support/workspace.js";

const PLAN = `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  subnets: {app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.30]}}
  workloads:
    shop/Deployment/web: {replicas: 2, pods: {labels: {app: web}}, interfaces: {eth0: {fixed: {subnets: [app]}}}}
`;
const MORE =
  "    shop/Deployment/api: {replicas: 2, pods: {labels: {app: api}}, interfaces: {eth0: {fixed: {subnets: [app]}}}}\n";
const LOCK = "plan/spiderplan.lock/default/app.yaml";

/** A cluster with one automatic pool. */
const seen = (ips: string) => `apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: auto4-job-eth0, labels: {ipam.spidernet.io/owner-application-name: job}}
spec: {ipVersion: 4, subnet: 10.6.0.0/24, ips: [${ips}]}
`;

function start(ips = "10.6.0.12-10.6.0.14") {
  const cwd = workspace();
  mkdirSync(join(cwd, "plan"));
  writeFileSync(join(cwd, "plan/plan.yaml"), PLAN);
  writeFileSync(join(cwd, "cluster.yaml"), seen(ips));
  const lock = (...argv: string[]) => cli(["lock", "--path", "plan", ...argv], { cwd });
  const text = () => readFileSync(join(cwd, LOCK), "utf8");
  return { cwd, lock, text, grow: () => appendFileSync(join(cwd, "plan/plan.yaml"), MORE) };
}

it("`lock` without a cluster gives nobody what automatic pools had when one was looked at last", async () => {
  const { lock, text, grow } = start();
  expect((await lock("--snapshot", "cluster.yaml")).code).toBe(0);
  expect(text()).toContain("autoPools:\n  10.6.0.12-10.6.0.14: auto4-job-eth0\n");
  grow();
  expect((await lock()).code).toBe(0);
  expect(text()).toContain("  10.6.0.18-10.6.0.20: shop/Deployment/api/eth0\n");
  expect(text()).toContain("  10.6.0.12-10.6.0.14: auto4-job-eth0\n");
});

it("an automatic pool that grew or went makes no lock stale, and the next look writes it down", async () => {
  const { cwd, lock, text } = start("10.6.0.25-10.6.0.27");
  await lock("--snapshot", "cluster.yaml");
  writeFileSync(join(cwd, "cluster.yaml"), seen("10.6.0.24-10.6.0.27"));
  for (const argv of [["--check"], ["--check", "--snapshot", "cluster.yaml"]])
    expect((await lock(...argv)).code, argv.join(" ")).toBe(0);
  await lock("--snapshot", "cluster.yaml");
  expect(text()).toContain("autoPools:\n  10.6.0.24-10.6.0.27: auto4-job-eth0\n");
  writeFileSync(join(cwd, "cluster.yaml"), seen("10.6.0.24").replace(/labels: \{.*\}\}/, "labels: {}}"));
  await lock("--snapshot", "cluster.yaml");
  expect(text()).not.toContain("autoPools");
});

it("automatic pools alone make no lock", async () => {
  const { cwd, lock } = start();
  writeFileSync(join(cwd, "plan/plan.yaml"), PLAN.slice(0, PLAN.indexOf("  workloads:")));
  expect(await lock("--snapshot", "cluster.yaml")).toMatchObject({ code: 0, stdout: "The lock is up to date.\n" });
});

it("a line of it that is none is an error with its place", async () => {
  const { cwd, lock, text } = start();
  await lock("--snapshot", "cluster.yaml");
  writeFileSync(join(cwd, LOCK), text().replace("  10.6.0.12-10.6.0.14: auto", "  10.6.0.12-10.6.0.x: auto"));
  const { code, stderr } = await lock();
  expect(code).toBe(1);
  expect(stderr).toMatch(/app\.yaml:6:3 {2}error SP1031 {2}"10\.6\.0\.12-10\.6\.0\.x" is no address or range/);
});
