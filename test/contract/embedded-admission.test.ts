import { afterEach, describe, expect, test } from "vitest";
import type { Fault, InterceptedWrite } from "../../src/adapters/embedded/http-server.js";
import { configMap, MERGE, pool, type Served, SPIDERPOOL, serve, subnet } from "../support/embedded.js";

const POOLS = `${SPIDERPOOL}/spiderippools`;
const SUBNETS = `${SPIDERPOOL}/spidersubnets`;
const MAPS = "/api/v1/namespaces/default/configmaps";

describe("Spiderpool's admission on the embedded cluster", () => {
  let cluster: Served;
  afterEach(() => cluster.stop());

  test("a pool is stored in canonical form, owned by its subnet, with inherited gateway and routes (M2, M5, M9)", async () => {
    cluster = await serve();
    const routes = [{ dst: "10.0.0.0/8", gw: "10.1.0.2" }];
    await cluster.call(
      "POST",
      SUBNETS,
      subnet("s", { subnet: "10.1.0.0/24", ips: ["10.1.0.10-10.1.0.20"], gateway: "10.1.0.1", routes }),
    );
    const { body } = await cluster.call(
      "POST",
      POOLS,
      pool("p", { subnet: "10.1.0.0/24", ips: ["10.1.0.12", "10.1.0.10-10.1.0.11"], excludeIPs: [] }),
    );
    expect(body.spec).toEqual({
      subnet: "10.1.0.0/24",
      ipVersion: 4,
      ips: ["10.1.0.10-10.1.0.12"],
      gateway: "10.1.0.1",
      routes,
      default: false,
      disable: false,
    });
    expect(body.metadata.labels).toEqual({
      "ipam.spidernet.io/ippool-cidr": "10-1-0-0-24",
      "ipam.spidernet.io/owner-spider-subnet": "s",
    });
    expect(body.metadata.ownerReferences).toMatchObject([{ kind: "SpiderSubnet", name: "s", controller: true }]);
  });

  test.each([
    ["outside its subnet (P17)", pool("x", { subnet: "10.1.0.0/24", ips: ["10.1.0.99"] }), 422, "Invalid"],
    ["overlapping another (P9)", pool("x", { subnet: "10.1.0.0/24", ips: ["10.1.0.10"] }), 422, "Invalid"],
    ["of an intersecting CIDR (P6)", pool("x", { subnet: "10.1.0.0/25", ips: [] }), 422, "Invalid"],
    ["that is there already (P7)", pool("p", { subnet: "10.1.0.0/24", ips: [] }), 409, "AlreadyExists"],
  ])("a pool %s is refused in the words of an API server", async (_what, given, code, reason) => {
    cluster = await serve();
    await cluster.call("POST", SUBNETS, subnet("s", { subnet: "10.1.0.0/24", ips: ["10.1.0.10-10.1.0.20"] }));
    await cluster.call("POST", POOLS, pool("p", { subnet: "10.1.0.0/24", ips: ["10.1.0.10-10.1.0.12"] }));
    const answer = await cluster.call("POST", POOLS, given);
    expect([answer.code, answer.body.reason]).toEqual([code, reason]);
    expect(answer.body.message).toMatch(
      /^admission webhook "spiderippool\.spiderpool\.spidernet\.io" denied the request: /,
    );
    expect((await cluster.call("GET", POOLS)).body.items).toHaveLength(1);
  });

  test("an address in use cannot leave its pool (P16); the status is not covered (F5)", async () => {
    cluster = await serve();
    await cluster.call("POST", POOLS, pool("p", { subnet: "10.1.0.0/24", ips: ["10.1.0.10-10.1.0.12"] }));
    const status = { allocatedIPs: JSON.stringify({ "10.1.0.12": { pod: "a/b", podUid: "u" } }), allocatedIPCount: 1 };
    expect((await cluster.call("PATCH", `${POOLS}/p/status`, { status }, MERGE)).code).toBe(200);
    const denied = await cluster.call("PATCH", `${POOLS}/p`, { spec: { ips: ["10.1.0.10"] } }, MERGE);
    expect([denied.code, denied.body.message.includes("10.1.0.12")]).toEqual([422, true]);
    expect((await cluster.call("PATCH", `${POOLS}/p`, { spec: { ips: ["10.1.0.12"] } }, MERGE)).code).toBe(200);
  });

  test("with the subnet feature off nobody answers for subnets (F6), and clients can read it is off (F1)", async () => {
    cluster = await serve({ facts: { enableSpiderSubnet: false, namespace: "spiderpool" } });
    const { code, body } = await cluster.call("POST", SUBNETS, subnet("s", { subnet: "10.1.0.0/24" }));
    expect([code >= 400, body.message.includes("webhook")]).toEqual([true, true]);
    const config = await cluster.call("GET", "/api/v1/namespaces/spiderpool/configmaps/spiderpool-conf");
    expect(config.body.data["conf.yml"]).toContain("enableSpiderSubnet: false");
  });

  test("a given spiderpool-conf decides the facts", async () => {
    const config = { ...configMap("spiderpool-conf", { "conf.yml": "enableIPv6: false\n" }, "kube-system") };
    cluster = await serve({ objects: [config] });
    const { code, body } = await cluster.call("POST", POOLS, pool("p", { subnet: "fd00::/64" }));
    expect([code, body.message.includes("IPv6")]).toEqual([422, true]);
  });

  test("objects it starts with keep uid, status and everything else", async () => {
    const given = { ...pool("p", { subnet: "10.1.0.0/24", ips: ["10.1.0.1-10.1.0.3"] }), status: { totalIPCount: 3 } };
    Object.assign(given.metadata, { uid: "u-1", annotations: { a: "b" } });
    cluster = await serve({ objects: [given] });
    const { body } = await cluster.call("GET", `${POOLS}/p`);
    expect(body).toMatchObject({
      metadata: { uid: "u-1", annotations: { a: "b" } },
      status: { totalIPCount: 3 },
      spec: { ipVersion: 4, default: false },
    });
  });
});

describe("faults a test may inject", () => {
  let cluster: Served;
  afterEach(() => cluster.stop());
  const spoil = (fault: Fault) => (write: InterceptedWrite) =>
    write.path.endsWith("/bad") || (write.body as { metadata?: { name?: string } })?.metadata?.name === "bad"
      ? fault
      : undefined;

  test("a refusal is answered and nothing is stored", async () => {
    cluster = await serve({
      intercept: spoil({ refuse: { code: 429, reason: "TooManyRequests", message: "slow down" } }),
    });
    const refused = await cluster.call("POST", MAPS, configMap("bad"));
    expect([refused.code, refused.body.reason, refused.body.message]).toEqual([429, "TooManyRequests", "slow down"]);
    expect((await cluster.call("POST", MAPS, configMap("good"))).code).toBe(201);
    expect((await cluster.call("GET", MAPS)).body.items).toHaveLength(1);
  });

  test.each([
    ["before", 0],
    ["after", 1],
  ] as const)("a connection dropped %s the write leaves %i object", async (drop, stored) => {
    cluster = await serve({ intercept: spoil({ drop }) });
    await expect(cluster.call("POST", MAPS, configMap("bad"))).rejects.toThrow();
    expect((await cluster.call("GET", MAPS)).body.items).toHaveLength(stored);
  });

  test("requests and writes are counted", async () => {
    cluster = await serve();
    await cluster.call("POST", MAPS, configMap("a"));
    await cluster.call("GET", MAPS);
    expect([cluster.requests(), cluster.writes()]).toEqual([2, 1]);
  });
});
