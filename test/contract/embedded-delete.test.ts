import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { configMap, MERGE, pool, type Served, SPIDERPOOL, serve, subnet } from "../support/embedded.js";

const MAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";

describe("deletes on the embedded cluster", () => {
  let cluster: Served;
  beforeEach(async () => {
    cluster = await serve();
  });
  afterEach(() => cluster.stop());
  const exists = async (path: string) => (await cluster.call("GET", path)).code === 200;
  const ownedBy = (name: string, owner: { metadata: { name: string; uid: string } }, more: object = {}) => ({
    ...configMap(name),
    metadata: {
      name,
      ownerReferences: [
        { apiVersion: "v1", kind: "ConfigMap", name: owner.metadata.name, uid: owner.metadata.uid, ...more },
      ],
    },
  });

  test("preconditions hold a delete back", async () => {
    const { body } = await cluster.call("POST", MAPS, configMap("a"));
    const wrong = await cluster.call("DELETE", `${MAPS}/a`, { preconditions: { uid: "x" } });
    expect([wrong.code, wrong.body.reason]).toEqual([409, "Conflict"]);
    expect(wrong.body.message).toContain("Precondition failed: UID in precondition: x, UID in object meta:");
    const stale = await cluster.call("DELETE", `${MAPS}/a`, { preconditions: { resourceVersion: "1" } });
    expect(stale.code).toBe(409);
    const { uid, resourceVersion } = body.metadata;
    const right = await cluster.call("DELETE", `${MAPS}/a`, { preconditions: { uid, resourceVersion } });
    expect([right.code, right.body.status]).toEqual([200, "Success"]);
    expect(await exists(`${MAPS}/a`)).toBe(false);
  });

  test("a finalizer holds the object; it goes when the last one is taken off, and takes no new one", async () => {
    await cluster.call("POST", MAPS, { ...configMap("a"), metadata: { name: "a", finalizers: ["x/one"] } });
    const deleted = await cluster.call("DELETE", `${MAPS}/a`);
    expect(deleted.body.metadata.deletionTimestamp).toMatch(/Z$/);
    const more = await cluster.call("PATCH", `${MAPS}/a`, { metadata: { finalizers: ["x/one", "x/two"] } }, MERGE);
    expect([more.code, more.body.message.includes("no new finalizers can be added")]).toEqual([422, true]);
    await cluster.call("PATCH", `${MAPS}/a`, { metadata: { finalizers: null } }, MERGE);
    expect(await exists(`${MAPS}/a`)).toBe(false);
  });

  test("background: dependents go after their last owner", async () => {
    const { body: one } = await cluster.call("POST", MAPS, configMap("one"));
    const { body: two } = await cluster.call("POST", MAPS, configMap("two"));
    const child = ownedBy("child", one);
    child.metadata.ownerReferences.push(...ownedBy("child", two).metadata.ownerReferences);
    await cluster.call("POST", MAPS, child);
    await cluster.call("DELETE", `${MAPS}/one`);
    const left = await cluster.call("GET", `${MAPS}/child`);
    expect(left.body.metadata.ownerReferences.map(({ name }: { name: string }) => name)).toEqual(["two"]);
    await cluster.call("DELETE", `${MAPS}/two`);
    expect(await exists(`${MAPS}/child`)).toBe(false);
  });

  test("foreground: the owner waits for dependents that block it", async () => {
    const { body: owner } = await cluster.call("POST", MAPS, configMap("owner"));
    const child = ownedBy("child", owner, { blockOwnerDeletion: true });
    await cluster.call("POST", MAPS, { ...child, metadata: { ...child.metadata, finalizers: ["x/y"] } });
    await cluster.call("DELETE", `${MAPS}/owner`, { propagationPolicy: "Foreground" });
    expect((await cluster.call("GET", `${MAPS}/owner`)).body.metadata.finalizers).toEqual(["foregroundDeletion"]);
    expect((await cluster.call("GET", `${MAPS}/child`)).body.metadata.deletionTimestamp).toBeDefined();
    await cluster.call("PATCH", `${MAPS}/child`, { metadata: { finalizers: null } }, MERGE);
    expect([await exists(`${MAPS}/child`), await exists(`${MAPS}/owner`)]).toEqual([false, false]);
  });

  test("orphan: dependents stay, without the reference", async () => {
    const { body: owner } = await cluster.call("POST", MAPS, configMap("owner"));
    await cluster.call("POST", MAPS, ownedBy("child", owner));
    await cluster.call("DELETE", `${MAPS}/owner?propagationPolicy=Orphan`);
    expect(await exists(`${MAPS}/owner`)).toBe(false);
    expect((await cluster.call("GET", `${MAPS}/child`)).body.metadata.ownerReferences).toEqual([]);
  });

  test("an object whose owner never was goes at once", async () => {
    await cluster.call("POST", MAPS, ownedBy("child", { metadata: { name: "nobody", uid: "none" } }));
    expect(await exists(`${MAPS}/child`)).toBe(false);
  });

  test("a Pod on a node waits for its kubelet, one without a node does not", async () => {
    const pod = (name: string, spec: object) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { containers: [], ...spec },
    });
    await cluster.call("POST", PODS, pod("loose", {}));
    await cluster.call("POST", PODS, pod("bound", { nodeName: "n1" }));
    await cluster.call("DELETE", `${PODS}/loose`);
    const bound = await cluster.call("DELETE", `${PODS}/bound`);
    expect(bound.body.metadata.deletionGracePeriodSeconds).toBe(30);
    expect([await exists(`${PODS}/loose`), await exists(`${PODS}/bound`)]).toEqual([false, true]);
    await cluster.call("DELETE", `${PODS}/bound`, { gracePeriodSeconds: 0 });
    expect(await exists(`${PODS}/bound`)).toBe(false);
  });

  test("a namespace takes its content along and refuses more meanwhile", async () => {
    await cluster.call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "n" } });
    const maps = "/api/v1/namespaces/n/configmaps";
    await cluster.call("POST", maps, {
      ...configMap("held", {}, "n"),
      metadata: { name: "held", namespace: "n", finalizers: ["x/y"] },
    });
    await cluster.call("POST", maps, configMap("free", {}, "n"));
    await cluster.call("DELETE", "/api/v1/namespaces/n");
    expect(await exists(`${maps}/free`)).toBe(false);
    const late = await cluster.call("POST", maps, configMap("late", {}, "n"));
    expect([late.code, late.body.message.includes("because it is being terminated")]).toEqual([403, true]);
    await cluster.call("PATCH", `${maps}/held`, { metadata: { finalizers: null } }, MERGE);
    expect(await exists("/api/v1/namespaces/n")).toBe(false);
  });

  test("a whole collection by label", async () => {
    for (const app of ["a", "b"]) {
      await cluster.call("POST", MAPS, { ...configMap(app), metadata: { name: app, labels: { app } } });
    }
    await cluster.call("DELETE", `${MAPS}?labelSelector=app%3Da`);
    expect([await exists(`${MAPS}/a`), await exists(`${MAPS}/b`)]).toEqual([false, true]);
  });

  test("pools and subnets carry Spiderpool's finalizer (S17, P20)", async () => {
    await cluster.call("POST", `${SPIDERPOOL}/spidersubnets`, subnet("s", { subnet: "10.1.0.0/24" }));
    await cluster.call("POST", `${SPIDERPOOL}/spiderippools`, pool("p", { subnet: "10.1.0.0/24" }));
    for (const path of ["spiderippools/p", "spidersubnets/s"]) {
      const { body } = await cluster.call("DELETE", `${SPIDERPOOL}/${path}`);
      expect(body.metadata).toMatchObject({
        finalizers: ["spiderpool.spidernet.io"],
        deletionTimestamp: expect.any(String),
      });
    }
  });
});
