import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import type { KubeCluster } from "../../src/adapters/kubernetes/kube-cluster.js";
import type { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { kubeconfigFile } from "../support/kubeconfig-file.js";
import { answer, type Handler, type ScriptedServer, scriptedServer, status } from "../support/scripted-server.js";

const pool = (name: string): KubeObject => ({
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderIPPool",
  metadata: { name },
  spec: { subnet: "10.0.0.0/24" },
});

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function start(
  handler: Handler,
  options: Parameters<typeof connect>[0] = {},
): Promise<{ server: ScriptedServer; cluster: KubeCluster }> {
  const server = await scriptedServer(handler);
  const cluster = await connect({ kubeconfig: kubeconfigFile(server.url), ...options });
  open.push({ stop: () => cluster.close() }, server);
  return { server, cluster };
}

async function failure(call: Promise<unknown>): Promise<ClusterError> {
  return call.then(
    () => expect.unreachable("the call went through"),
    (error: ClusterError) => error,
  );
}

describe("requests to an API server", () => {
  it("opens no connection per request", async () => {
    const { server, cluster } = await start((seen, response) =>
      answer(response, 200, pool(seen.path.split("/").pop()!)),
    );
    for (let i = 0; i < 50; i++) await cluster.get({ kind: KINDS.SpiderIPPool, name: `p${i}` });
    expect(server.connections()).toBeLessThanOrEqual(2);
    await Promise.all(Array.from({ length: 200 }, (_, i) => cluster.get({ kind: KINDS.SpiderIPPool, name: `q${i}` })));
    const most = server.connections();
    expect(most).toBeLessThanOrEqual(128);
    for (let i = 0; i < 20; i++) await cluster.get({ kind: KINDS.SpiderIPPool, name: `r${i}` });
    expect(server.connections()).toBe(most);
  });

  it("says who it is, who manages the fields and what must still hold", async () => {
    const { server, cluster } = await start((_seen, response) => answer(response, 200, pool("a")));
    await cluster.create(pool("a"), KINDS.SpiderIPPool);
    await cluster.patch({ kind: KINDS.SpiderIPPool, name: "a" }, { metadata: { uid: "1", resourceVersion: "7" } });
    await cluster.delete({ kind: KINDS.SpiderIPPool, name: "a" }, { uid: "1", resourceVersion: "7" });
    const [post, patch, remove] = server.seen;
    expect(post?.headers["user-agent"]).toMatch(/^spiderplan\/\d+\.\d+\.\d+/);
    expect(post?.path).toBe("/apis/spiderpool.spidernet.io/v2beta1/spiderippools");
    expect(post?.query.get("fieldManager")).toBe("spiderplan");
    expect(patch?.method).toBe("PATCH");
    expect(patch?.headers["content-type"]).toBe("application/merge-patch+json");
    expect(patch?.query.get("fieldManager")).toBe("spiderplan");
    expect(JSON.parse(remove!.body).preconditions).toEqual({ uid: "1", resourceVersion: "7" });
  });

  it("lists page by page, names the kind of items and drops managedFields", async () => {
    const { server, cluster } = await start((seen, response) => {
      const second = seen.query.get("continue") === "next";
      const metadata = { resourceVersion: second ? "9" : "9", ...(second ? {} : { continue: "next" }) };
      const name = second ? "b" : "a";
      answer(response, 200, { metadata, items: [{ metadata: { name, managedFields: [{ manager: "x" }] } }] });
    });
    const { items, resourceVersion } = await cluster.list(KINDS.Pod, { namespace: "default", labelSelector: "a=b" });
    expect(items).toEqual([
      { apiVersion: "v1", kind: "Pod", metadata: { name: "a" } },
      { apiVersion: "v1", kind: "Pod", metadata: { name: "b" } },
    ]);
    expect(resourceVersion).toBe("9");
    expect(server.seen[0]?.path).toBe("/api/v1/namespaces/default/pods");
    expect(server.seen[0]?.query.get("limit")).toBe("500");
    expect(server.seen[1]?.query.get("labelSelector")).toBe("a=b");
  });

  it("begins a list anew when its pages grew too old, at last in one piece", async () => {
    let expired = 0;
    const { server, cluster } = await start((seen, response) => {
      if (seen.query.get("continue") !== null) {
        expired++;
        answer(response, 410, status(410, "Expired", "The provided continue parameter is too old"));
      } else if (seen.query.get("limit") === null) {
        answer(response, 200, { metadata: { resourceVersion: "3" }, items: [pool("a"), pool("b")] });
      } else answer(response, 200, { metadata: { continue: "t" }, items: [pool("a")] });
    });
    const { items } = await cluster.list(KINDS.SpiderIPPool);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    expect(expired).toBe(2);
    expect(server.seen).toHaveLength(5);
  });

  it("knows which kinds are served", async () => {
    const { cluster } = await start((seen, response) => {
      if (seen.path === "/apis/batch/v1") answer(response, 200, { resources: [{ name: "jobs", kind: "Job" }] });
      else if (seen.path === "/apis/apps.kruise.io") {
        answer(response, 200, {
          preferredVersion: { groupVersion: "apps.kruise.io/v1beta1" },
          versions: [{ groupVersion: "apps.kruise.io/v1beta1" }, { groupVersion: "apps.kruise.io/v1alpha1" }],
        });
      } else if (seen.path === "/apis/apps.kruise.io/v1alpha1") {
        const resources = [
          { name: "clonesets/status", kind: "CloneSet", namespaced: true },
          { name: "clonesets", kind: "CloneSet", namespaced: true },
        ];
        answer(response, 200, { resources });
      } else answer(response, 404, status(404, "NotFound", "the server could not find the requested resource"));
    });
    const served = await cluster.served([KINDS.Job, KINDS.CronJob, KINDS.SpiderSubnet]);
    expect([...served]).toEqual([KINDS.Job]);
    expect(await cluster.find("apps.kruise.io", "CloneSet")).toEqual(KINDS.CloneSet);
    expect(await cluster.find("unknown.io", "CloneSet")).toBeUndefined();
  });

  it("hands each API warning on once", async () => {
    const told: string[] = [];
    const { cluster } = await start(
      (_seen, response) => {
        response.setHeader("Warning", ['299 - "v1 \\"Thing\\" is deprecated"', '299 kube "other, with comma"']);
        answer(response, 200, pool("a"));
      },
      { onWarning: (text) => told.push(text) },
    );
    for (let i = 0; i < 3; i++) await cluster.get({ kind: KINDS.SpiderIPPool, name: "a" });
    expect(told).toEqual(['v1 "Thing" is deprecated', "other, with comma"]);
  });

  it("keeps to itself what is said of Spiderpool's own finalizer, which nobody here can rename", async () => {
    const told: string[] = [];
    const advice = "prefer a domain-qualified finalizer name including a path (/)";
    const { cluster } = await start(
      (_seen, response) => {
        const warn = (finalizer: string) => `299 - "metadata.finalizers: \\"${finalizer}\\": ${advice}"`;
        response.setHeader("Warning", [warn("spiderpool.spidernet.io"), warn("theirs"), '299 - "unknown field"']);
        answer(response, 200, pool("a"));
      },
      { onWarning: (text) => told.push(text) },
    );
    await cluster.get({ kind: KINDS.SpiderIPPool, name: "a" });
    expect(told).toEqual([`metadata.finalizers: "theirs": ${advice}`, "unknown field"]);
  });
});

describe("typed errors", () => {
  const spiderpool = 'admission webhook "spiderippool.spiderpool.spidernet.io" denied the request: ';
  const table: readonly [string, number, object | string, Partial<ClusterError>][] = [
    [
      "not found",
      404,
      status(404, "NotFound", 'x "a" not found'),
      { reason: "NotFound", transient: false, status: 404 },
    ],
    ["exists", 409, status(409, "AlreadyExists", "already exists"), { reason: "AlreadyExists", transient: false }],
    ["conflict", 409, status(409, "Conflict", "object has been modified"), { reason: "Conflict", transient: false }],
    [
      "denied",
      403,
      status(403, "Forbidden", `${spiderpool}spec.ips: overlap`),
      { reason: "Denied", transient: false, message: "spec.ips: overlap" },
    ],
    ["denied, own code", 422, status(422, "Invalid", `${spiderpool}bad`), { reason: "Denied", message: "bad" }],
    [
      "P7 by the webhook",
      409,
      status(409, "AlreadyExists", `${spiderpool}exists`),
      { reason: "AlreadyExists", message: "exists" },
    ],
    [
      "no explanation",
      400,
      status(400, "", 'admission webhook "w" denied the request without explanation'),
      { reason: "Denied" },
    ],
    [
      "webhook down",
      500,
      status(
        500,
        "InternalError",
        'Internal error occurred: failed calling webhook "w": Post "https://x": dial tcp: refused',
      ),
      { reason: "Unavailable", transient: true },
    ],
    [
      "another uid by now",
      422,
      status(422, "Invalid", "x is invalid: metadata.uid: Invalid value: field is immutable"),
      { reason: "Conflict" },
    ],
    ["invalid", 422, status(422, "Invalid", "spec.subnet: Required value"), { reason: "Invalid", transient: false }],
    ["forbidden", 403, status(403, "Forbidden", 'User "u" cannot list'), { reason: "Forbidden", transient: false }],
    [
      "too many, no wait given",
      429,
      status(429, "TooManyRequests", "slow down"),
      { reason: "TooManyRequests", transient: true },
    ],
    [
      "too many, a long wait",
      429,
      status(429, "TooManyRequests", "slow down", { retryAfterSeconds: 60 }),
      { reason: "TooManyRequests", retryAfterSeconds: 60 },
    ],
    ["gone", 410, status(410, "Expired", "too old"), { reason: "Gone", transient: false }],
    ["timeout", 504, status(504, "Timeout", "request did not complete"), { reason: "Timeout", transient: true }],
    ["overloaded", 503, status(503, "ServiceUnavailable", "later"), { reason: "Unavailable", transient: true }],
    ["a proxy's page", 502, "<html>Bad gateway</html>", { reason: "Unavailable", transient: true, status: 502 }],
    ["a login page", 200, "<html>Please log in</html>", { reason: "BadResponse", transient: false }],
  ];
  it.each(table)("%s", async (_name, code, body, expected) => {
    const { cluster } = await start((_seen, response) => {
      response.writeHead(code).end(typeof body === "string" ? body : JSON.stringify(body));
    });
    expect(await failure(cluster.create(pool("a"), KINDS.SpiderIPPool))).toMatchObject({
      name: "ClusterError",
      ...expected,
    });
  });

  it("waits as a throttling server asks, then goes through", async () => {
    let calls = 0;
    const { cluster } = await start((_seen, response) => {
      if (++calls <= 2) answer(response, 429, status(429, "TooManyRequests", "slow"), { "retry-after": "0" });
      else answer(response, 201, pool("a"));
    });
    await cluster.create(pool("a"), KINDS.SpiderIPPool);
    expect(calls).toBe(3);
  });

  it("sends a write again soon or not at all: who may write is asked before the first time only", async () => {
    let calls = 0;
    const { cluster } = await start((_seen, response) => {
      calls++;
      answer(response, 429, status(429, "TooManyRequests", "slow"), { "retry-after": "5" });
    });
    const began = performance.now();
    const error = await failure(cluster.create(pool("a"), KINDS.SpiderIPPool));
    expect(error).toMatchObject({ reason: "TooManyRequests", transient: true, retryAfterSeconds: 5 });
    expect(calls).toBe(1);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it("names server and context, and no secret, when nothing listens", async () => {
    const server = await scriptedServer(() => {});
    await server.stop();
    const secret = { user: { token: "s3cr3t" } };
    const cluster = await connect({ kubeconfig: kubeconfigFile(server.url.replace("//", "//u:pa55@"), secret) });
    const error = await failure(cluster.list(KINDS.Pod));
    expect(error).toMatchObject({ reason: "Unreachable", transient: true });
    expect(error.message).toBe(
      `cannot reach the Kubernetes API at ${server.url} (context "test"): connection refused; nothing listens there`,
    );
  });

  it("gives up on a server that does not answer in time", async () => {
    const { cluster } = await start(() => {}, { timeouts: { request: 100, list: 100 } });
    const ref = { kind: KINDS.SpiderIPPool, name: "a" };
    expect(await failure(cluster.get(ref))).toMatchObject({ reason: "Timeout", transient: true });
    expect(await failure(cluster.list(KINDS.SpiderIPPool))).toMatchObject({ reason: "Timeout", transient: true });
  });

  it("sends a read again when its connection was cut, a write never", async () => {
    let calls = 0;
    const { cluster } = await start((seen, response) => {
      if (++calls === 1 || seen.method === "POST") response.destroy();
      else answer(response, 200, pool("a"));
    });
    await cluster.get({ kind: KINDS.SpiderIPPool, name: "a" });
    expect(calls).toBe(2);
    const error = await failure(cluster.create(pool("b"), KINDS.SpiderIPPool));
    expect(error).toMatchObject({ reason: "Unreachable", transient: true });
    expect(calls).toBe(3);
  });
});
