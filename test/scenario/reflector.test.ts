import { afterEach, describe, expect, it } from "vitest";
import type { EmbeddedOptions } from "../../src/adapters/embedded/embedded-cluster.js";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import { type ObjectChange, Reflector, type ReflectorState } from "../../src/app/watch/reflector.js";
import { systemClock } from "../../src/cli/clock.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import type { WatchableCluster, WatchEvent } from "../../src/ports/cluster.js";
import { configMap, MERGE, type Served, serve } from "../support/embedded.js";
import { flakyProxy } from "../support/flaky-proxy.js";
import { kubeconfigFile } from "../support/kubeconfig-file.js";
import { seenMetrics } from "../support/seen-metrics.js";
import { virtualClock } from "../support/virtual-clock.js";

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const TIMES = { silence: 400, backoff: 20, mostBackoff: 200, missing: 100 };
const MAPS = "/api/v1/namespaces/default/configmaps";

/** A reflector of ConfigMaps of an embedded cluster, through a proxy that can fail. */
async function world(options: EmbeddedOptions = {}, times = TIMES) {
  const server = await serve({ objects: [configMap("a", { n: "0" }), configMap("b")], ...options });
  const proxy = await flakyProxy(server.url);
  const cluster = await connect({ kubeconfig: kubeconfigFile(proxy.url) });
  open.push(
    () => server.stop(),
    () => proxy.stop(),
    () => cluster.close(),
  );
  return { server, proxy, cluster, ...(await reflect(cluster, systemClock, times)) };
}

async function reflect(cluster: WatchableCluster, clock = systemClock, times = TIMES) {
  const metrics = seenMetrics();
  const changes: ObjectChange[] = [];
  const states: ReflectorState[] = [];
  const reflector = new Reflector(cluster, {
    kind: KINDS.ConfigMap,
    clock,
    metrics,
    times,
    project: ({ apiVersion, kind, metadata, data }) => {
      const { name, namespace, resourceVersion } = metadata;
      return { apiVersion, kind, metadata: { name, namespace, resourceVersion }, data };
    },
    onChange: (change) => changes.push(change),
    onState: (state) => states.push(state),
  });
  const ending = new AbortController();
  const ended = reflector.run(ending.signal);
  open.push(() => {
    ending.abort();
    return ended;
  });
  await reflector.settled();
  const told = () =>
    changes.map(({ key, before, after }) => `${key} ${before?.data?.n ?? "-"} -> ${after?.data?.n ?? "-"}`);
  const restarts = (reason: string) => metrics.seen.get(`watch_restarts_total{kind=ConfigMap,reason=${reason}}`) ?? 0;
  return { reflector, changes, states, metrics, told, restarts, ending, ended };
}

/** Names of the test's own objects; Spiderpool's is there too. */
const own = (reflector: Reflector) =>
  reflector
    .objects()
    .filter(({ metadata }) => metadata.namespace === "default")
    .map(({ metadata }) => metadata.name);

const write = async (server: Served, name: string, n: string) => {
  const { code } = await server.call("PATCH", `${MAPS}/${name}`, { data: { n } }, MERGE);
  expect(code).toBe(200);
};

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a reflector", () => {
  it("holds projections in order, tells each change once with its writer, and counts", async () => {
    const { server, reflector, told, changes, metrics } = await world();
    const names = () => own(reflector);
    expect(names()).toEqual(["a", "b"]);
    expect(reflector.objects()[0]).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", namespace: "default", resourceVersion: expect.stringMatching(/^\d+$/) },
      data: { n: "0" },
    });
    await server.call("POST", `${MAPS}?fieldManager=me`, configMap("aa", { n: "1" }));
    await write(server, "a", "2");
    await server.call("DELETE", `${MAPS}/b`);
    await until("all are told", () => changes.length >= 3);
    expect(told()).toEqual(["default/aa - -> 1", "default/a 0 -> 2", "default/b - -> -"]);
    expect(names()).toEqual(["a", "aa"]);
    expect(changes[0]?.writer).toMatchObject({ manager: "me", operation: "Update", time: expect.stringMatching(/Z$/) });
    expect(changes[2]?.writer).toBeUndefined();
    expect(metrics.seen.get("watch_objects{kind=ConfigMap}")).toBe(3);
  });

  it("resumes a watch that is cut, without a list and without telling anything twice", async () => {
    const { server, proxy, told, changes } = await world();
    for (let n = 1; n <= 20; n++) {
      if (n % 3 === 0) proxy.cut();
      await write(server, "a", `${n}`);
    }
    await until("the last write is told", () => told().at(-1)?.endsWith("-> 20") === true);
    expect(told()).toEqual(Array.from({ length: 20 }, (_, n) => `default/a ${n} -> ${n + 1}`));
    expect(
      changes.every(({ writer }) => writer !== undefined),
      "a list tells no writer",
    ).toBe(true);
  });

  it("takes up a watch that is silently dead, and tells what it missed", async () => {
    const { server, proxy, told, states, restarts } = await world();
    await write(server, "a", "1");
    await until("the watch is there", () => told().length > 0);
    proxy.pauseOpen();
    await write(server, "a", "2");
    await until("the write is told", () => told().length > 1);
    expect(told()).toEqual(["default/a 0 -> 1", "default/a 1 -> 2"]);
    expect(states.map(({ type }) => type)).toEqual(["watching", "retrying", "watching"]);
    expect(restarts("silent")).toBeGreaterThanOrEqual(1);
  });

  it("survives a network without any answer for many silences", async () => {
    const { server, proxy, told, restarts } = await world();
    proxy.pause();
    await until("it tried several times", () => restarts("silent") >= 3);
    await write(server, "a", "1");
    proxy.resume();
    await until("the write is told", () => told().length > 0);
    expect(told()).toEqual(["default/a 0 -> 1"]);
  });

  it("lists again when its version is too old, and tells the difference", async () => {
    const { server, proxy, reflector, told } = await world({ history: 3 });
    proxy.refuse();
    for (let n = 1; n <= 10; n++) await write(server, "a", `${n}`);
    await server.call("DELETE", `${MAPS}/b`);
    await server.call("POST", MAPS, configMap("c", { n: "c" }));
    proxy.resume();
    await until("all is told", () => told().length >= 3);
    expect(told().sort()).toEqual(["default/a 0 -> 10", "default/b - -> -", "default/c - -> c"]);
    expect(own(reflector)).toEqual(["a", "c"]);
    await write(server, "c", "d");
    await until("the watch goes on", () => told().length >= 4);
  });

  it("keeps what it knows while the server is down, and says so", async () => {
    const { proxy, reflector, states } = await world({}, { ...TIMES, silence: 60_000 });
    proxy.refuse();
    await until("it says so", () => reflector.state.type === "retrying");
    expect(own(reflector)).toEqual(["a", "b"]);
    proxy.resume();
    await until("it watches again", () => reflector.state.type === "watching");
    expect(states.map(({ type }) => type).slice(0, 3)).toEqual(["watching", "retrying", "watching"]);
  });

  it("ends at once when told to, also while nothing answers", async () => {
    const { proxy, ending, ended } = await world();
    proxy.pause();
    const asked = Date.now();
    ending.abort();
    await ended;
    expect(Date.now() - asked).toBeLessThan(200);
  });
});

/** A cluster that answers as told, without a wire. */
function scripted(answers: { list?: () => unknown; watch?: (version: string) => WatchEvent[] | ClusterError }) {
  const asked: string[] = [];
  const cluster = {
    list: async () => {
      asked.push("list");
      return answers.list?.() ?? { items: [], resourceVersion: "1" };
    },
    async *watch(_kind: unknown, version: string, signal: AbortSignal) {
      asked.push(`watch ${version}`);
      const answer = answers.watch?.(version) ?? [];
      if (answer instanceof ClusterError) throw answer;
      yield* answer;
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
  } as unknown as WatchableCluster;
  return { cluster, asked };
}

const raise = (error: ClusterError) => {
  throw error;
};

describe("what a reflector does about", () => {
  it("silence: begins again after 90 s without a word, counted from the last bookmark", async () => {
    const clock = virtualClock();
    const { cluster, asked } = scripted({ watch: () => [{ type: "BOOKMARK", resourceVersion: "7" }] });
    await reflect(cluster, clock, { ...TIMES, silence: 90_000 });
    await clock.sleep(89_000);
    expect(asked).toEqual(["list", "watch 1"]);
    await clock.sleep(2_000);
    expect(asked).toEqual(["list", "watch 1", "watch 7"]);
  });

  it("throttling: waits as long as the server asks", async () => {
    const clock = virtualClock();
    let throttled = true;
    const { cluster, asked } = scripted({
      watch: () => (throttled ? new ClusterError("TooManyRequests", "429", true, 429, 17) : []),
    });
    await reflect(cluster, clock, { ...TIMES, silence: 1e9 });
    throttled = false;
    await clock.sleep(16_000);
    expect(asked).toEqual(["list", "watch 1"]);
    await clock.sleep(2_000);
    expect(asked, "resumed, not listed again").toEqual(["list", "watch 1", "watch 1"]);
  });

  it("a storm of 410: lists ever more slowly, at most every 30 s on average", async () => {
    const clock = virtualClock();
    const { cluster, asked } = scripted({ watch: () => new ClusterError("Gone", "too old", false, 410) });
    await reflect(cluster, clock, { silence: 90_000, backoff: 1_000, mostBackoff: 30_000, missing: 60_000 });
    await clock.sleep(3_600_000);
    const lists = asked.filter((one) => one === "list").length;
    expect(lists).toBeGreaterThan(100);
    expect(lists).toBeLessThan(400);
  });

  it("a kind that is not served, then is: waits for it, slowly", async () => {
    const clock = virtualClock();
    let served = false;
    const { cluster, asked } = scripted({
      list: () => (served ? undefined : raise(new ClusterError("NotFound", "404 page not found", false, 404))),
    });
    const { reflector, states } = await reflect(cluster, clock, { ...TIMES, silence: 1e9, missing: 60_000 });
    expect(reflector.state).toMatchObject({ type: "missing", reason: "not served" });
    await clock.sleep(600_000);
    expect(asked.length).toBeGreaterThanOrEqual(10);
    expect(asked.length).toBeLessThanOrEqual(21);
    served = true;
    await clock.sleep(61_000);
    expect(states.map(({ type }) => type)).toEqual(["missing", "watching"]);
  });

  it("a kind that is not served while the server is away: nothing new", async () => {
    const clock = virtualClock();
    let away = false;
    const { cluster } = scripted({
      list: () =>
        raise(away ? new ClusterError("Unreachable", "cut", true) : new ClusterError("NotFound", "404", false, 404)),
    });
    const { reflector, states } = await reflect(cluster, clock, { ...TIMES, silence: 1e9 });
    away = true;
    await clock.sleep(10_000);
    away = false;
    await clock.sleep(10_000);
    expect(reflector.state).toMatchObject({ type: "missing", reason: "not served" });
    expect(states).toHaveLength(1);
  });

  it("a refusal that passes, as of an API server that starts: keeps what it knows", async () => {
    const clock = virtualClock();
    let refusals = 2;
    const item = configMap("a");
    const { cluster } = scripted({
      list: () => ({ items: [item], resourceVersion: "1" }),
      watch: () => (refusals-- > 0 ? new ClusterError("Forbidden", "RBAC is not read yet", false, 403) : []),
    });
    const { reflector, states, changes } = await reflect(cluster, clock, { ...TIMES, silence: 1e9 });
    await clock.sleep(60_000);
    expect(reflector.state.type).toBe("watching");
    expect(states.map(({ type }) => type)).not.toContain("missing");
    expect(changes).toEqual([]);
    expect(reflector.objects()).toHaveLength(1);
  });

  it("a right that is taken away: holds nothing any more, and says why", async () => {
    const clock = virtualClock();
    let allowed = true;
    const forbidden = () => new ClusterError("Forbidden", "not allowed", false, 403);
    const { cluster } = scripted({
      list: () => (allowed ? { items: [configMap("a")], resourceVersion: "1" } : raise(forbidden())),
      watch: () => (allowed ? new ClusterError("Unavailable", "cut", true) : forbidden()),
    });
    const { reflector } = await reflect(cluster, clock, { ...TIMES, silence: 1e9 });
    expect(reflector.objects()).toHaveLength(1);
    allowed = false;
    await clock.sleep(10_000);
    expect(reflector.state).toMatchObject({ type: "missing", reason: "forbidden" });
    expect(reflector.objects()).toEqual([]);
  });

  it("a bug: ends with it, for whoever runs the reflector", async () => {
    const { cluster } = scripted({ watch: () => [{ type: "ADDED", object: {} } as unknown as WatchEvent] });
    const { ended } = await reflect(cluster, virtualClock());
    open.pop();
    await expect(ended).rejects.toThrow(TypeError);
  });
});
