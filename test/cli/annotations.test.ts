import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cli, PROJECT } from "../support/cli.js";
import { workspace } from "../support/workspace.js";

const PLAN = join(PROJECT, "examples/fixed-from-subnet/plan");
const NAME = "shop/Deployment/workload01";

type Annotations = Record<string, string>;

async function snippet(): Promise<Annotations> {
  const { stdout } = await cli(["annotations", NAME, "--path", PLAN]);
  const { spec } = parse(stdout) as { spec: { template: { metadata: { annotations: Annotations } } } };
  return spec.template.metadata.annotations;
}

function deployment(annotations: Annotations, name = "workload01", namespace: string | undefined = "shop"): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, ...(namespace && { namespace }) },
    spec: { template: { metadata: { annotations } } },
  };
}

describe("annotations WORKLOAD", () => {
  it("prints the Pod template's annotations as YAML: the anchor, the pattern, the network", async () => {
    const annotations = await snippet();
    expect(JSON.parse(annotations["ipam.spidernet.io/ippools"]!)).toEqual([
      {
        interface: "eth0",
        ipv4: ["spiderplan-none-v4", "shop.deployment.workload01.eth0.*"],
        ipv6: ["shop.deployment.workload01.eth0.*"],
      },
    ]);
    expect(annotations["v1.multus-cni.io/default-network"]).toBe("kube-system/macvlan-124");
  });

  it.each([
    ["nothing to print", ["annotations", "--path", PLAN], "name a workload"],
    ["a workload the plan does not have", ["annotations", "shop/Deployment/nobody", "--path", PLAN], "no workload"],
  ])("1 for %s", async (_what, argv, message) => {
    const { code, stderr } = await cli(argv);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

describe("annotations WORKLOAD of a kind whose Pod template lies deeper", () => {
  const planOf = (kind: string) => `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  subnets: {net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}}
  workloads:
    shop/${kind}/x: {replicas: 1, pods: {labels: {app: x}}, interfaces: {eth0: {fixed: {subnets: [net]}}}}
`;
  it.each([
    ["CloneSet.apps.kruise.io", "spec.template"],
    ["CronJob", "spec.jobTemplate.spec.template"],
    ["AdvancedCronJob.apps.kruise.io", "spec.template.jobTemplate.spec.template"],
  ])("%s: %s", async (kind, path) => {
    const cwd = workspace({ "plan/plan.yaml": planOf(kind) });
    const { stdout } = await cli(["annotations", `shop/${kind}/x`, "--path", "plan", "-o", "json"], { cwd });
    const template = path
      .split(".")
      .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], JSON.parse(stdout));
    expect(Object.keys(template as object)).toEqual(["metadata"]);
  });
});

describe("annotations of a Rollout whose template is a Deployment's", () => {
  const plan = `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  subnets: {net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}}
  workloads:
    shop/Rollout.argoproj.io/x: {replicas: 1, pods: {labels: {app: x}}, interfaces: {eth0: {fixed: {subnets: [net]}}}}
`;
  const template = (annotations: Annotations) => ({ metadata: { annotations }, spec: { containers: [] } });
  const workload = (apiVersion: string, kind: string, spec: object) => ({
    ...{ apiVersion, kind, metadata: { namespace: "shop", name: "x" }, spec },
  });
  const workloadRef = { apiVersion: "apps/v1", kind: "Deployment", name: "x" };
  const rollout = workload("argoproj.io/v1alpha1", "Rollout", { workloadRef });
  const texts = (...items: object[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const run = (files: Record<string, string>, ...argv: string[]) =>
    cli(["annotations", ...argv, "--path", "plan"], { cwd: workspace({ "plan/plan.yaml": plan, ...files }) });

  it("names the Deployment where the cluster tells, and the workloadRef where nobody does", async () => {
    const first = async (...items: object[]) => {
      const { stdout } = await run({ "c.json": texts(...items) }, "Rollout.argoproj.io/x", "--snapshot", "c.json");
      return stdout.split("\n")[0];
    };
    expect(await first(workload("apps/v1", "Deployment", { template: template({}) }), rollout)).toBe(
      "# Pod template of shop/Deployment/x, which shop/Rollout.argoproj.io/x uses (workloadRef)",
    );
    const own = workload("argoproj.io/v1alpha1", "Rollout", { template: template({}) });
    expect(await first(own)).toBe("# Pod template of shop/Rollout.argoproj.io/x");
    expect(await first()).toBe(
      "# Pod template of shop/Rollout.argoproj.io/x; with a workloadRef, of the Deployment it names",
    );
  });

  it("--check looks at the Deployment's, in the same file or another", async () => {
    const { stdout } = await run({}, "Rollout.argoproj.io/x", "-o", "json");
    const { spec } = JSON.parse(stdout) as { spec: { template: { metadata: { annotations: Annotations } } } };
    const right = workload("apps/v1", "Deployment", { template: template(spec.template.metadata.annotations) });
    const wrong = workload("apps/v1", "Deployment", { template: template({}) });
    const check = async (files: Record<string, string>) => (await run(files, "--check", "out")).code;
    expect(await check({ "out/a.json": texts(rollout, right) })).toBe(0);
    expect(await check({ "out/a.json": texts(rollout), "out/b.json": texts(right) })).toBe(0);
    expect(await check({ "out/a.json": texts(rollout, right), "out/b.json": texts(wrong) })).toBe(0);
    expect(await check({ "out/a.json": texts(rollout, wrong) })).toBe(1);
  });
});

describe("annotations --check", () => {
  const check = async (files: Record<string, string>, stdin = "", where = "out") => {
    const cwd = workspace({ "out/.keep": "", ...files });
    return cli(["annotations", "--path", PLAN, "--check", where], { cwd, stdin });
  };

  it("0 when the manifests say what the plan says, be it in a List, without a namespace, or spelled otherwise", async () => {
    const annotations = await snippet();
    const key = "ipam.spidernet.io/ippools";
    const [item] = JSON.parse(annotations[key]!) as { ipv4: string[] }[];
    const otherwise = {
      ...annotations,
      [key]: JSON.stringify([{ cleangateway: false, ...item, ipv4: item!.ipv4.toReversed() }], null, 2),
    };
    for (const manifest of [
      deployment(annotations),
      { apiVersion: "v1", kind: "List", items: [deployment(annotations)] },
      deployment(annotations, "workload01", ""),
      deployment(otherwise),
    ]) {
      const { code, stdout } = await check({ "out/app.json": JSON.stringify(manifest) });
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: "1 planned workload found in the manifests, none differs.\n",
      });
    }
  });

  it("1 when one differs, naming file, workload and annotation", async () => {
    const text = `---\n${JSON.stringify(deployment({}))}\n---\n${JSON.stringify(deployment({}, "not-planned"))}\n`;
    const { code, stdout } = await check({ "out/deep/app.yaml": text });
    expect(code).toBe(1);
    expect(stdout).toContain(`out/deep/app.yaml: ${NAME}`);
    expect(stdout).toContain("ipam.spidernet.io/ippools is missing");
    expect(stdout).not.toContain("not-planned");
  });

  it("reads stdin", async () => {
    const { code, stdout } = await check({}, JSON.stringify(deployment({})), "-");
    expect(code).toBe(1);
    expect(stdout).toContain(`stdin: ${NAME}`);
  });

  it.each([
    ["nothing there", {}, "nowhere", "there are no manifests at nowhere"],
    ["no YAML", { "out/app.yaml": "a: [" }, "out", "out/app.yaml is no YAML"],
  ])("1 and a message for %s", async (_what, files, where, message) => {
    const { code, stderr } = await check(files, "", where);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});
