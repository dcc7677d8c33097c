import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ipPool, node, type PlayedCluster, playCluster, poolAnnotation, workload } from "../support/played-cluster.js";

const missing = spawnSync("kubectl", ["version", "--client"]).status !== 0;

describe.skipIf(missing)("kubectl on the embedded cluster (skipped where there is no kubectl)", () => {
  let cluster: PlayedCluster;
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  beforeAll(async () => {
    cluster = await playCluster({ objects: [node("node-a")] });
    folder = mkdtempSync(join(tmpdir(), "spiderplan-kubectl-"));
    writeFileSync(join(folder, "kubeconfig"), cluster.kubeconfig);
    environment = { ...process.env, KUBECONFIG: join(folder, "kubeconfig"), HOME: folder };
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const kubectl = async (...argv: string[]) => {
    const { stdout } = await promisify(execFile)("kubectl", argv, { env: environment });
    return stdout;
  };
  const fails = (...argv: string[]) =>
    kubectl(...argv).then(
      () => "",
      (error: { stderr: string }) => error.stderr,
    );
  const file = (name: string, object: object) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(object));
    return path;
  };

  test("apply creates, changes and leaves alone; the Table has the columns of the kind", async () => {
    const given = ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] });
    expect(await kubectl("apply", "-f", file("p.json", given))).toContain(
      "spiderippool.spiderpool.spidernet.io/p created",
    );
    expect(await kubectl("apply", "-f", file("p.json", given))).toContain("unchanged");
    given.spec.ips = ["10.6.0.10-10.6.0.29"];
    expect(await kubectl("apply", "-f", file("p.json", given))).toContain("configured");
    await cluster.settle();
    const [head, row] = (await kubectl("get", "sp")).trim().split("\n");
    expect(head!.split(/\s+/)).toEqual([
      "NAME",
      "VERSION",
      "SUBNET",
      "ALLOCATED-IP-COUNT",
      "TOTAL-IP-COUNT",
      "DEFAULT",
    ]);
    expect(row!.split(/\s+/)).toEqual(["p", "4", "10.6.0.0/24", "0", "20", "false"]);
  });

  test("server-side apply, and strict validation of unknown fields", async () => {
    const given = ipPool("q", { subnet: "10.7.0.0/24", ips: ["10.7.0.1"] });
    expect(await kubectl("apply", "--server-side", "-f", file("q.json", given))).toContain("serverside-applied");
    Object.assign(given.spec, { vlan: 3 });
    expect(await fails("apply", "-f", file("q.json", given))).toContain('unknown field "spec.vlan"');
  });

  test("a denied write shows the webhook's words", async () => {
    const given = ipPool("overlap", { ips: ["10.6.0.10"] });
    const complaint = await fails("apply", "-f", file("overlap.json", given));
    expect(complaint).toContain('admission webhook "spiderippool.spiderpool.spidernet.io" denied the request');
  });

  test("several kinds at once, in all namespaces, as JSON", async () => {
    const kinds =
      "spidersubnets,spiderippools,spiderendpoints,spiderreservedips,spidermultusconfigs,namespaces,nodes,deployments,replicasets,statefulsets,daemonsets,pods";
    const list = JSON.parse(await kubectl("get", kinds, "-A", "-o", "json"));
    expect(list.kind).toBe("List");
    expect(new Set(list.items.map(({ kind }: { kind: string }) => kind))).toEqual(
      new Set(["SpiderIPPool", "Namespace", "Node"]),
    );
    expect(await kubectl("get", "sp,ss,sr,smc")).toContain("spiderippool.spiderpool.spidernet.io/p");
  });

  test("a workload's life: apply, rollout, scale, label, annotate, patch, wide output, delete", async () => {
    await kubectl(
      "apply",
      "-f",
      file("web.json", workload("Deployment", "web", { replicas: 2, annotations: poolAnnotation("p") })),
    );
    expect(await kubectl("rollout", "status", "deploy/web", "--timeout=20s")).toContain("successfully rolled out");
    await kubectl("scale", "deploy/web", "--replicas=3");
    await cluster.settle();
    expect(await kubectl("get", "deploy", "web")).toMatch(/web\s+3\/3\s+3\s+3/);
    expect(await kubectl("get", "pods", "-o", "wide")).toMatch(/1\/1\s+Running\s+0\s+\S+\s+10\.6\.0\.1\d\s+node-a/);
    await kubectl("label", "deploy", "web", "tier=front");
    await kubectl("annotate", "sp", "p", "team=net");
    await kubectl(
      "patch",
      "deploy",
      "web",
      "-p",
      '{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"app:2"}]}}}}',
    );
    expect(await kubectl("rollout", "status", "deploy/web", "--timeout=20s")).toContain("successfully rolled out");
    expect(
      await kubectl(
        "get",
        "deploy",
        "-l",
        "tier=front",
        "-o",
        "jsonpath={.items[0].spec.template.spec.containers[0].image}",
      ),
    ).toBe("app:2");
    expect(await kubectl("delete", "deploy", "web")).toContain("deleted");
    await cluster.settle();
    expect(await cluster.pods()).toEqual([]);
    expect(await kubectl("delete", "sp", "p", "--timeout=20s")).toContain("deleted");
  });

  test("explain knows Spiderpool's kinds; diff and describe work", async () => {
    expect(await kubectl("explain", "sp.spec.ips")).toContain("FIELD: ips");
    const given = ipPool("d", { subnet: "10.8.0.0/24", ips: ["10.8.0.1"] });
    await kubectl("apply", "-f", file("d.json", given));
    expect(await kubectl("diff", "-f", file("d.json", given))).toBe("");
    expect(await kubectl("describe", "sp", "d")).toContain("10.8.0.1");
  });

  test("get -w tells of changes", async () => {
    const watching = spawn("kubectl", ["get", "pods", "-w"], { env: environment });
    let seen = "";
    watching.stdout.on("data", (chunk: Buffer) => {
      seen += chunk.toString();
    });
    try {
      await cluster.create(workload("Deployment", "late"));
      const deadline = Date.now() + 15_000;
      while (!/late-\S+\s+1\/1\s+Running/.test(seen) && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 50));
      expect(seen).toMatch(/late-\S+\s+1\/1\s+Running/);
    } finally {
      watching.kill();
    }
  });
});
