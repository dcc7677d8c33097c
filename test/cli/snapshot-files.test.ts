import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const SPIDERPOOL = "spiderpool.spidernet.io/v2beta1";
const pool = (fields: object) => ({ apiVersion: SPIDERPOOL, kind: "SpiderIPPool", metadata: { name: "z" }, ...fields });
const spec = { subnet: "10.6.124.0/24", ipVersion: 4, ips: ["10.6.124.20"] };
const endpoint = (status: unknown) => ({
  apiVersion: SPIDERPOOL,
  kind: "SpiderEndpoint",
  metadata: { namespace: "default", name: "e" },
  status,
});
const nic = (ip: unknown) => endpoint({ current: { uid: "u", node: "n", ips: ip } });

async function planOn(files: Record<string, string>, ...snapshots: string[]) {
  const cwd = workspace({ "plan/app.yaml": planOf("10.6.124.10-10.6.124.19"), ...files });
  return cli(["plan", "--path", "plan", ...snapshots.flatMap((file) => ["--snapshot", file])], { cwd });
}

const listOf = (...items: unknown[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });

describe("an object of a snapshot that cannot be read", () => {
  it.each<[what: string, item: unknown, told: string]>([
    ["a pool without spec", pool({}), "SpiderIPPool z: spec is missing"],
    ["a pool with a null spec", pool({ spec: null }), "SpiderIPPool z: spec must be a map, not null"],
    ["a pool without subnet", pool({ spec: {} }), "SpiderIPPool z: spec.subnet is missing"],
    ["a subnet as a number", pool({ spec: { subnet: 5 } }), "z: spec.subnet must be a string, not the number 5"],
    ["ips as text", pool({ spec: { ...spec, ips: "10.6.124.1" } }), "z: spec.ips must be a list"],
    ["ips null", pool({ spec: { ...spec, ips: null } }), "z: spec.ips must be a list, not null"],
    ["a number among ips", pool({ spec: { ...spec, ips: [7] } }), "z: spec.ips[0] must be a string"],
    [
      "labels of a wrong type",
      pool({ spec, metadata: { name: "z", labels: { a: 1 } } }),
      "z: metadata.labels.a must be",
    ],
    [
      "users as a map",
      pool({ spec, status: { allocatedIPs: {} } }),
      "z: status.allocatedIPs must be a string, not a map",
    ],
    ["an endpoint's status as text", endpoint("x"), "SpiderEndpoint default/e: status must be a map"],
    ["an endpoint's NICs as a map", nic({}), "default/e: status.current.ips must be a list, not a map"],
    ["an endpoint's NICs null", nic(null), "default/e: status.current.ips must be a list, not null"],
    ["an address as a number", nic([{ interface: "eth0", ipv4: 7 }]), "status.current.ips[0].ipv4 must be a string"],
    ["a NIC without name", nic([{ ipv4: "10.6.124.20/24" }]), "status.current.ips[0].interface is missing"],
    [
      "no name",
      { apiVersion: SPIDERPOOL, kind: "SpiderIPPool", metadata: {} },
      ": SpiderIPPool: metadata.name is missing",
    ],
    ["no metadata", { apiVersion: SPIDERPOOL, kind: "SpiderIPPool" }, ": SpiderIPPool: metadata is missing"],
    ["no apiVersion", { kind: "Pod", metadata: { name: "p" } }, ": apiVersion is missing"],
    ["a text", "hello", ": is no Kubernetes object"],
    [
      "a template of a wrong type",
      { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d", namespace: "n" }, spec: { template: 5 } },
      "Deployment n/d: spec.template must be a map, not the number 5",
    ],
  ])("%s", async (_what, item, told) => {
    const good = pool({ metadata: { name: "good" }, spec });
    const files = { "s.json": listOf(good, item, pool({ metadata: { name: "other" } })) };
    for (const argv of [["plan", "--path", "plan"], ["status"], ["explain", "default/Deployment/web"]]) {
      const cwd = workspace({ "plan/app.yaml": planOf("10.6.124.10-10.6.124.19"), ...files });
      const { code, stderr } = await cli([...argv, "--snapshot", "s.json"], { cwd });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: s\.json: items\[1\]/);
      expect(stderr).toContain(told);
      // Each object that is wrong has its own line.
      expect(stderr).toContain("s.json: items[2] SpiderIPPool other: spec is missing");
    }
  });

  it("is told with its document of a YAML file", async () => {
    const yaml = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n---\n";
    const bad = `apiVersion: ${SPIDERPOOL}\nkind: SpiderIPPool\nmetadata: {name: z}\n`;
    const { stderr } = await planOn({ "s.yaml": yaml + bad }, "s.yaml");
    expect(stderr).toBe("error: s.yaml: document 2 SpiderIPPool z: spec is missing\n");
  });

  it("is no object of Kubernetes' own kinds with null for an empty map", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "n", labels: null, annotations: null } };
    const template = { metadata: { labels: null, annotations: null }, spec: {} };
    const metadata = { namespace: "n", name: "d", ownerReferences: null, finalizers: null, deletionTimestamp: null };
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { template } };
    const made = {
      ...deployment,
      kind: "Job",
      metadata: { ...metadata, name: "j", deletionTimestamp: "2026-01-01T00:00:00Z" },
    };
    const files = { "s.json": listOf(namespace, deployment, { ...made, apiVersion: "batch/v1" }) };
    expect(await planOn(files, "s.json")).toMatchObject({ code: 0, stderr: "" });
  });

  it.each(["s.json", "s.yaml"])("is not one behind a byte order mark (%s)", async (file) => {
    const text = file.endsWith("json") ? clusterOf() : "apiVersion: v1\nkind: List\nitems: []\n";
    const plain = await planOn({ [file]: text }, file);
    expect(plain.code).toBe(0);
    expect(await planOn({ [file]: `\uFEFF${text}` }, file)).toEqual(plain);
  });
});

describe("an object that is in a snapshot twice", () => {
  const items = (JSON.parse(clusterOf()) as { items: KubeObject[] }).items;
  const known = items.find((item) => item.kind === "SpiderIPPool")!;
  const changed = (resourceVersion: string | undefined, ips: string[]): KubeObject => ({
    ...known,
    metadata: { ...known.metadata, resourceVersion },
    spec: { ...(known.spec as object), ips },
  });

  it.each(["9", "10"])(
    "counts as the API server stored it last, whatever the order (resourceVersion %s)",
    async (version) => {
      const files = {
        "a.json": clusterOf(),
        "b.json": listOf(changed(version, ["10.6.124.10-10.6.124.11"])),
        "c.json": listOf(changed("8", ["10.6.124.10-10.6.124.12"])),
      };
      const outputs = [
        await planOn(files, "a.json", "b.json", "c.json"),
        await planOn(files, "c.json", "b.json", "a.json"),
        await planOn(files, "b.json", "a.json", "c.json"),
      ].map(({ stdout }) => stdout.replace(/^judged against .*$/m, ""));
      expect(outputs[0]).toContain("+8  10.6.124.12-10.6.124.19");
      expect(new Set(outputs).size).toBe(1);
    },
  );

  it.each([["7"], [undefined], ["x"]])("is refused where nobody can tell which is newer (%s)", async (version) => {
    const files = { "a.json": clusterOf(), "b.json": listOf(changed(version, ["10.6.124.10-10.6.124.11"])) };
    const place = items.indexOf(known);
    const [one, other] = [await planOn(files, "a.json", "b.json"), await planOn(files, "b.json", "a.json")];
    expect(one).toMatchObject({ code: 1, stdout: "" });
    expect(one.stderr).toContain(`a.json: items[${place}] and b.json: items[0]`);
    expect(other.stderr).toBe(one.stderr);
  });

  it("is the same object when only key order and managed fields differ", async () => {
    const { spec: poolSpec, ...rest } = known;
    const managed = { ...rest.metadata, managedFields: [{ manager: "kubectl" }] };
    const files = { "a.json": clusterOf(), "b.json": listOf({ spec: poolSpec, ...rest, metadata: managed }) };
    expect((await planOn(files, "a.json", "b.json")).code).toBe(0);
  });
});
