import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cli } from "../support/cli.js";
import { workspace } from "../support/workspace.js";

const NET = `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  subnets: {app-v4: {cidr: 10.6.124.0/24, ranges: [10.6.124.10-10.6.124.200]}}
  networks: {kube-system/macvlan-124: {macvlan: {master: [ens192]}}}
`;
const ARGV =
  "new workload default/Deployment/app --subnet app-v4 --replicas 3 --interface net1 --network kube-system/macvlan-124 --elastic 2 --pods app=app".split(
    " ",
  );

describe("new workload", () => {
  it("prints the document, with the line that gives editors its schema", async () => {
    const { code, stdout } = await cli(ARGV);
    expect(code).toBe(0);
    expect(stdout.split("\n")[0]).toMatch(/^# yaml-language-server: \$schema=.*network-plan\.schema\.json$/);
    expect(parse(stdout)).toEqual({
      apiVersion: "spiderplan.io/v1alpha1",
      kind: "NetworkPlan",
      spec: {
        workloads: {
          "default/Deployment/app": {
            replicas: 3,
            pods: { labels: { app: "app" } },
            interfaces: { net1: { network: "kube-system/macvlan-124", fixed: { subnets: ["app-v4"], elastic: 2 } } },
          },
        },
      },
    });
  });

  it("writes a file that validates, into a folder or under a name, and never over another", async () => {
    const cwd = workspace({ "plan/net.yaml": NET });
    const first = await cli([...ARGV, "--path", "plan"], { cwd });
    expect(first).toMatchObject({ code: 0, stdout: `${join(cwd, "plan/default-deployment-app.yaml")}\n` });
    expect((await cli(["validate", "--path", "plan"], { cwd })).stdout).toContain("The plan is valid");
    const before = readFileSync(join(cwd, "plan/default-deployment-app.yaml"), "utf8");
    const again = await cli([...ARGV, "--path", "plan", "--replicas", "9"], { cwd });
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("is left as it is");
    expect(readFileSync(join(cwd, "plan/default-deployment-app.yaml"), "utf8")).toBe(before);
    expect((await cli([...ARGV, "--path", "plan/deep/other.yaml"], { cwd })).code).toBe(0);
    expect(existsSync(join(cwd, "plan/deep/other.yaml"))).toBe(true);
  });

  it.each(["default/Job/x", "default/CronJob/x", "default/VirtualMachine.kubevirt.io/x"])(
    "writes what validate wants of %s, and refuses to write less",
    async (name) => {
      const cwd = workspace({ "plan/net.yaml": NET });
      const argv = ["new", "workload", name, "--subnet", "app-v4", "--path", "plan"];
      expect((await cli(argv, { cwd })).stderr).toContain("--pods key=value");
      const fewer = await cli([...argv, "--pods", "app=x"], { cwd });
      if (!name.includes("VirtualMachine")) expect(fewer.stderr).toContain("--replicas N");
      if (fewer.code !== 0) expect((await cli([...argv, "--pods", "app=x", "--replicas", "2"], { cwd })).code).toBe(0);
      expect((await cli(["validate", "--path", "plan"], { cwd })).stdout).toContain("The plan is valid");
    },
  );

  it.each([
    ["another kind of thing", ["new", "pool", "x"], 'nothing called "pool"'],
    ["a name that is none", ["new", "workload", "app"], "namespace/Kind/name"],
    ["both sources", ["new", "workload", "a/B/c", "--subnet", "s", "--pool", "p"], "not both"],
    ["spares of nothing", ["new", "workload", "a/B/c", "--elastic", "1"], "needs --subnet"],
    ["a number that is none", ["new", "workload", "a/B/c", "--replicas", "many"], "--replicas"],
    ["a label that is none", ["new", "workload", "a/B/c", "--pods", "x"], "key=value"],
  ])("1 for %s", async (_what, argv, message) => {
    const { code, stderr } = await cli(argv);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});
