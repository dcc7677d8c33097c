import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { cli, PROJECT } from "../support/cli.js";
import { examples } from "../support/examples.js";
import { expectGolden } from "../support/golden.js";
import { clusterOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

interface Item {
  kind: string;
  apiVersion: string;
  metadata: { name: string; labels?: object };
  spec?: Record<string, unknown>;
}

/** The two Pods' cluster with a second node; `ips` is what their pool has. */
function clusterWith(ips: string): string {
  const list = JSON.parse(clusterOf()) as { items: Item[] };
  for (const name of ["node-a", "node-b"]) {
    list.items = list.items.filter((item) => item.kind !== "Node" || item.metadata.name !== name);
    list.items.push({ apiVersion: "v1", kind: "Node", metadata: { name, labels: { rack: name.slice(-1) } } });
  }
  for (const item of list.items) if (item.kind === "SpiderIPPool") item.spec = { ...item.spec, ips: [ips] };
  return JSON.stringify(list);
}

async function simulate(argv: string[], ips = "10.6.124.10-10.6.124.12") {
  return cli(["simulate", "--snapshot", "s.json", ...argv], { cwd: workspace({ "s.json": clusterWith(ips) }) });
}

const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(join(PROJECT, "schema/simulate-output.schema.json"), "utf8")) as object,
);

describe("simulate", () => {
  it.each(["text", "json"])("as %s: a scale-up beyond the pool", async (format) => {
    const { code, stdout } = await simulate(["--scale", "default/web=4", "-o", format]);
    expect(code).toBe(3);
    expectGolden(`simulate.${format}.txt`, stdout);
  });

  it.each<[string, string[], number]>([
    ["a drain", ["--drain", "node-a"], 0],
    ["a rack that fails takes its addresses along", ["--fail-nodes", "rack=a"], 3],
    ["a restart", ["--restart", "all"], 0],
    ["a rollout", ["--rollout", "default/Deployment/web"], 0],
    ["several at once", ["--scale", "default/web=1", "--drain", "node-a", "--restart", "all"], 0],
    ["the owner as the lock writes it", ["--rollout", "default/Deployment/web/eth0/app-v4"], 0],
  ])("%s ends with the code for it, and as the schema says", async (_what, argv, expected) => {
    const { code, stdout } = await simulate([...argv, "-o", "json"]);
    validate(JSON.parse(stdout));
    expect(validate.errors ?? []).toEqual([]);
    expect(code).toBe(expected);
  });

  it.each<[string[], RegExp]>([
    [[], /nothing to simulate/],
    [["--drain", "node-z"], /there is no node node-z/],
    [["--fail-nodes", "rack=z"], /no node has rack=z/],
    [["--fail-nodes", "rack ~ z"], /is no requirement/],
    [["--scale", "default/web"], /write the workload and how many/],
    [["--scale", "default/nobody=3"], /the cluster has no workload default\/nobody/],
    [["--rollout", "web"], /the cluster has no workload web/],
    [["--restart", "some"], /all/],
  ])("refuses %j", async (argv, message) => {
    const { code, stderr } = await simulate(argv);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  it.each(examples().map((example) => [example.name, example] as const))(
    "example %s: a restart of all strands nobody",
    async (_name, example) => {
      const snapshots = example.snapshots.flatMap((file) => ["--snapshot", file]);
      const { code, stdout } = await cli(["simulate", "--restart", "all", ...snapshots, "-o", "json"]);
      validate(JSON.parse(stdout));
      expect(validate.errors ?? []).toEqual([]);
      expect(code).toBe(0);
    },
  );
});
