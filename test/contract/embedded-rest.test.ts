import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { configMap, MERGE, pool, type Served, SPIDERPOOL, serve, subnet } from "../support/embedded.js";

const MAPS = "/api/v1/namespaces/default/configmaps";

describe("the embedded cluster speaks the Kubernetes REST protocol", () => {
  let cluster: Served;
  beforeEach(async () => {
    cluster = await serve();
  });
  afterEach(() => cluster.stop());

  test("a create fills uid, creationTimestamp, generation and resourceVersion", async () => {
    const { code, body } = await cluster.call("POST", MAPS, configMap("a", { k: "v" }));
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({ name: "a", namespace: "default", generation: 1 });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(0);
  });

  test("generateName makes a name up", async () => {
    const { body } = await cluster.call("POST", MAPS, { ...configMap(""), metadata: { generateName: "x-" } });
    expect(body.metadata.name).toMatch(/^x-.{5}$/);
  });

  test.each([
    [
      "a namespace that is not there",
      "/api/v1/namespaces/nope/configmaps",
      configMap("a", {}, "nope"),
      404,
      "NotFound",
      'namespaces "nope" not found',
    ],
    ["a body that is no JSON", MAPS, "{", 400, "BadRequest", "the body is no JSON"],
    ["another kind", MAPS, { ...configMap("a"), kind: "Secret" }, 400, "BadRequest", "expected v1/ConfigMap"],
    ["an upper-case name", MAPS, configMap("A"), 422, "Invalid", "a lowercase RFC 1123 subdomain"],
    [
      "a bad label value",
      MAPS,
      { ...configMap("a"), metadata: { name: "a", labels: { k: "a b" } } },
      422,
      "Invalid",
      "a valid label",
    ],
    [
      "a resourceVersion",
      MAPS,
      { ...configMap("a"), metadata: { name: "a", resourceVersion: "1" } },
      400,
      "BadRequest",
      "resourceVersion should not be set",
    ],
    [
      "a path nobody serves",
      "/apis/nope.example/v1/things",
      configMap("a"),
      404,
      "NotFound",
      "could not find the requested resource",
    ],
  ])("a create is refused for %s", async (_what, path, body, code, reason, message) => {
    const answer = await cluster.call("POST", path, body);
    expect(answer.code).toBe(code);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Failure", reason, code });
    expect(answer.body.message).toContain(message);
  });

  test("a second create is 409 AlreadyExists, a get of nothing is 404", async () => {
    await cluster.call("POST", MAPS, configMap("a"));
    const twice = await cluster.call("POST", MAPS, configMap("a"));
    expect([twice.code, twice.body.reason, twice.body.message]).toEqual([
      409,
      "AlreadyExists",
      'configmaps "a" already exists',
    ]);
    const nothing = await cluster.call("GET", `${SPIDERPOOL}/spiderippools/x`);
    expect(nothing.body.message).toBe('spiderippools.spiderpool.spidernet.io "x" not found');
  });

  test("a PUT with a stale resourceVersion is a conflict and changes nothing", async () => {
    const { body: first } = await cluster.call("POST", MAPS, configMap("a", { k: "1" }));
    const second = await cluster.call("PUT", `${MAPS}/a`, { ...first, data: { k: "2" } });
    expect(second.code).toBe(200);
    const stale = await cluster.call("PUT", `${MAPS}/a`, { ...first, data: { k: "3" } });
    expect([stale.code, stale.body.reason]).toEqual([409, "Conflict"]);
    expect(stale.body.message).toContain(
      "the object has been modified; please apply your changes to the latest version",
    );
    expect((await cluster.call("GET", `${MAPS}/a`)).body.data.k).toBe("2");
  });

  test("a write that changes nothing keeps the resourceVersion", async () => {
    const { body: first } = await cluster.call("POST", MAPS, configMap("a", { k: "1" }));
    const again = await cluster.call("PATCH", `${MAPS}/a`, { data: { k: "1" } }, MERGE);
    expect(again.body.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test("merge patch: guarded by uid and resourceVersion, null removes, never creates", async () => {
    const { body } = await cluster.call("POST", MAPS, configMap("a", { k: "1", l: "2" }));
    const { uid, resourceVersion } = body.metadata;
    const wrongUid = await cluster.call("PATCH", `${MAPS}/a`, { metadata: { uid: "x" }, data: { k: "9" } }, MERGE);
    expect([wrongUid.code, wrongUid.body.reason]).toEqual([422, "Invalid"]);
    const good = { metadata: { uid, resourceVersion }, data: { k: null } };
    expect((await cluster.call("PATCH", `${MAPS}/a`, good, MERGE)).body.data).toEqual({ l: "2" });
    expect((await cluster.call("PATCH", `${MAPS}/a`, good, MERGE)).code).toBe(409);
    expect((await cluster.call("PATCH", `${MAPS}/zz`, { data: {} }, MERGE)).code).toBe(404);
  });

  test("JSON patch and an unknown patch type", async () => {
    await cluster.call("POST", MAPS, configMap("a", { k: "1" }));
    const json = { "content-type": "application/json-patch+json" };
    const operations = [
      { op: "test", path: "/data/k", value: "1" },
      { op: "add", path: "/data/a~1b", value: "2" },
      { op: "remove", path: "/data/k" },
    ];
    expect((await cluster.call("PATCH", `${MAPS}/a`, operations, json)).body.data).toEqual({ "a/b": "2" });
    expect((await cluster.call("PATCH", `${MAPS}/a`, operations, json)).code).toBe(400);
    expect((await cluster.call("PATCH", `${MAPS}/a`, {}, { "content-type": "text/plain" })).code).toBe(415);
  });

  test("strategic merge patch merges containers by name; custom kinds refuse it", async () => {
    const strategic = { "content-type": "application/strategic-merge-patch+json" };
    const deployments = "/apis/apps/v1/namespaces/default/deployments";
    await cluster.call("POST", deployments, deployment());
    const spec = (containers: object[]) => ({ spec: { template: { spec: { containers } } } });
    const patched = await cluster.call(
      "PATCH",
      `${deployments}/d`,
      spec([
        { name: "b", image: "new" },
        { name: "c", image: "c" },
      ]),
      strategic,
    );
    const images = patched.body.spec.template.spec.containers.map((one: { name: string; image: string }) => [
      one.name,
      one.image,
    ]);
    expect(images).toEqual([
      ["a", "a"],
      ["b", "new"],
      ["c", "c"],
    ]);
    const removed = await cluster.call(
      "PATCH",
      `${deployments}/d`,
      spec([{ name: "a", $patch: "delete" } as object]),
      strategic,
    );
    expect(removed.body.spec.template.spec.containers).toHaveLength(2);
    await cluster.call("POST", `${SPIDERPOOL}/spidersubnets`, subnet("s", { subnet: "10.1.0.0/24" }));
    expect((await cluster.call("PATCH", `${SPIDERPOOL}/spidersubnets/s`, {}, strategic)).code).toBe(415);
  });

  test("server-side apply creates, merges and notes the manager", async () => {
    const apply = { "content-type": "application/apply-patch+yaml" };
    const path = `${MAPS}/a?fieldManager=me`;
    expect((await cluster.call("PATCH", path, configMap("a", { k: "1" }), apply)).code).toBe(200);
    const { body } = await cluster.call("PATCH", path, configMap("a", { l: "2" }), apply);
    expect(body.data).toEqual({ k: "1", l: "2" });
    expect(body.metadata.managedFields).toMatchObject([{ manager: "me", operation: "Apply" }]);
  });

  test("the manager of a write is its fieldManager, else its user agent", async () => {
    await cluster.call("POST", MAPS, configMap("a"), { "user-agent": "kubectl-create/1" });
    const { body } = await cluster.call("PATCH", `${MAPS}/a?fieldManager=spiderplan`, { data: { k: "1" } }, MERGE);
    expect(body.metadata.managedFields.map(({ manager }: { manager: string }) => manager)).toEqual([
      "kubectl-create",
      "spiderplan",
    ]);
  });

  test("status and spec are written apart; only the spec makes a new generation", async () => {
    await cluster.call("POST", `${SPIDERPOOL}/spiderippools`, {
      ...pool("p", { subnet: "10.1.0.0/24", ips: ["10.1.0.1-10.1.0.9"] }),
      status: { totalIPCount: 99 },
    });
    const path = `${SPIDERPOOL}/spiderippools/p`;
    expect((await cluster.call("GET", path)).body.status).toBeUndefined();
    const written = await cluster.call(
      "PATCH",
      `${path}/status`,
      { spec: { ips: [] }, status: { totalIPCount: 9 } },
      MERGE,
    );
    expect(written.body).toMatchObject({
      spec: { ips: ["10.1.0.1-10.1.0.9"] },
      status: { totalIPCount: 9 },
      metadata: { generation: 1 },
    });
    const spec = await cluster.call("PATCH", path, { spec: { disable: true }, status: { totalIPCount: 1 } }, MERGE);
    expect(spec.body).toMatchObject({
      spec: { disable: true },
      status: { totalIPCount: 9 },
      metadata: { generation: 2 },
    });
  });

  test("the scale subresource reads and writes replicas", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    await cluster.call("POST", path, deployment());
    const scale = await cluster.call("GET", `${path}/d/scale`);
    expect(scale.body).toMatchObject({ kind: "Scale", spec: { replicas: 1 }, status: { selector: "app=d" } });
    await cluster.call("PATCH", `${path}/d/scale`, { spec: { replicas: 4 } }, MERGE);
    expect((await cluster.call("GET", `${path}/d`)).body.spec.replicas).toBe(4);
  });

  test("a Pod is bound once", async () => {
    const pods = "/api/v1/namespaces/default/pods";
    await cluster.call("POST", pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { containers: [] },
    });
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "p" },
      target: { kind: "Node", name: "n1" },
    };
    expect((await cluster.call("POST", `${pods}/p/binding`, binding)).code).toBe(201);
    expect((await cluster.call("POST", `${pods}/p/binding`, binding)).code).toBe(409);
    expect((await cluster.call("GET", `${pods}?fieldSelector=spec.nodeName=n1`)).body.items).toHaveLength(1);
  });

  test("a dry run answers as the write would and stores nothing", async () => {
    const { code, body } = await cluster.call("POST", `${MAPS}?dryRun=All`, configMap("a"));
    expect([code, body.metadata.name]).toEqual([201, "a"]);
    expect((await cluster.call("GET", `${MAPS}/a`)).code).toBe(404);
  });

  test("unknown fields: dropped with a warning, refused when the client asks for strictness", async () => {
    const path = `${SPIDERPOOL}/spiderippools`;
    const given = pool("p", { subnet: "10.1.0.0/24", vlan: 3 });
    const strict = await cluster.call("POST", `${path}?fieldValidation=Strict`, given);
    expect([strict.code, strict.body.message.includes('unknown field "spec.vlan"')]).toEqual([400, true]);
    const warned = await cluster.call("POST", path, given);
    expect(warned.headers.get("warning")).toBe('299 - "unknown field \\"spec.vlan\\""');
    expect(warned.body.spec).toEqual({ subnet: "10.1.0.0/24", default: false, disable: false, ipVersion: 4 });
  });

  test("the schema refuses what is no legal value", async () => {
    const { code, body } = await cluster.call("POST", `${SPIDERPOOL}/spiderippools`, pool("p", { ipVersion: 5 }));
    expect(code).toBe(422);
    expect(body.message).toContain("spec.subnet: Required value");
    expect(body.message).toContain("spec.ipVersion: Unsupported value: 5");
  });

  test("Table and PartialObjectMetadata on request", async () => {
    await cluster.call("POST", `${SPIDERPOOL}/spiderippools`, pool("p", { subnet: "10.1.0.0/24" }));
    const as = (form: string) => ({ accept: `application/json;as=${form};v=v1;g=meta.k8s.io,application/json` });
    const table = await cluster.call("GET", `${SPIDERPOOL}/spiderippools`, undefined, as("Table"));
    const columns = table.body.columnDefinitions.filter(({ priority }: { priority: number }) => priority === 0);
    expect(columns.map(({ name }: { name: string }) => name)).toEqual([
      "Name",
      "VERSION",
      "SUBNET",
      "ALLOCATED-IP-COUNT",
      "TOTAL-IP-COUNT",
      "DEFAULT",
    ]);
    expect(table.body.rows[0].cells.slice(0, 3)).toEqual(["p", 4, "10.1.0.0/24"]);
    const meta = await cluster.call("GET", `${SPIDERPOOL}/spiderippools`, undefined, as("PartialObjectMetadataList"));
    expect(Object.keys(meta.body.items[0])).toEqual(["kind", "apiVersion", "metadata"]);
  });

  test("discovery tells kinds, short names and subresources", async () => {
    const { body } = await cluster.call("GET", SPIDERPOOL);
    const pools = body.resources.find(({ name }: { name: string }) => name === "spiderippools");
    expect(pools).toMatchObject({
      kind: "SpiderIPPool",
      namespaced: false,
      shortNames: ["sp"],
      categories: ["spiderpool"],
    });
    const names = body.resources.map(({ name }: { name: string }) => name);
    expect(names).toContain("spiderippools/status");
    expect(names).not.toContain("spiderendpoints/status"); // S5
    expect((await cluster.call("GET", "/apis")).body.groups.map(({ name }: { name: string }) => name)).toContain(
      "apps",
    );
    expect((await cluster.call("GET", "/version")).body.minor).toBe("32");
  });
});

function deployment() {
  const containers = [
    { name: "a", image: "a" },
    { name: "b", image: "b" },
  ];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d" },
    spec: {
      selector: { matchLabels: { app: "d" } },
      template: { metadata: { labels: { app: "d" } }, spec: { containers } },
    },
  };
}
