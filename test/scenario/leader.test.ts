import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { guardWrites } from "../../src/app/guard-writes.js";
import { type LeadOptions, lead } from "../../src/app/leader.js";
import { Lease } from "../../src/app/lease.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import type { Clock } from "../../src/ports/runtime.js";
import { PROJECT } from "../support/cli.js";
import { configMap, serve } from "../support/embedded.js";
import { virtualClock } from "../support/virtual-clock.js";
import { chance } from "../support/worlds/chance.js";

const clusters: EmbeddedCluster[] = [];
afterEach(async () => {
  for (const one of clusters.splice(0)) await one.stop();
});

const NAME = { namespace: "kube-system", name: "spiderplan-operator" };

async function world() {
  const cluster = await startEmbeddedCluster({
    objects: [configMap("journal", {}, "kube-system")],
  });
  clusters.push(cluster);
  const clock = virtualClock();
  const spec = async () => (await cluster.actor.get({ kind: KINDS.Lease, ...NAME })).spec as Record<string, unknown>;
  const told: string[] = [];
  /** Runs for leadership until stopped. */
  const run = (identity: string, options: Partial<LeadOptions> = {}, on = cluster.actor, own: Clock = clock) => {
    const ending = new AbortController();
    const ended = lead(on, own, {
      ...NAME,
      identity,
      signal: ending.signal,
      onStarted: (lost) => {
        told.push(`${identity} leads`);
        lost.addEventListener("abort", () => told.push(`${identity} lost`));
      },
      onStopped: () => void told.push(`${identity} stopped`),
      onWait: (leader) => told.push(`${identity} waits for ${leader}`),
      ...options,
    });
    const stop = async () => {
      ending.abort();
      await ended;
    };
    return { stop, ended };
  };
  return { cluster, clock, spec, told, run };
}

type Call = () => unknown;

/** A cluster whose every call goes through `around`. */
function wrapped<C extends object>(cluster: C, around: (call: Call, name: PropertyKey) => unknown): C {
  return new Proxy(cluster, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => around(() => member.apply(target, given), name);
    },
  });
}

const cuttable = <C extends object>(cluster: C, cut: { off: boolean }) =>
  wrapped(cluster, (call) => (cut.off ? Promise.reject(new ClusterError("Unreachable", "cut", true)) : call()));

const hanging = <C extends object>(cluster: C, hang: { on: boolean }) =>
  wrapped(cluster, (call) => (hang.on ? new Promise(() => {}) : call()));

describe("leader election", () => {
  it("has one leader, tells the others who it is, and hands over within seconds", async () => {
    const { clock, told, run, spec } = await world();
    const a = run("a");
    await clock.sleep(1_000);
    const b = run("b");
    await clock.sleep(60_000);
    expect(told).toEqual(["a leads", "b waits for a"]);
    await a.stop();
    expect((await spec()).holderIdentity ?? "").toBe("");
    const before = clock.now();
    while (!told.includes("b leads")) await clock.sleep(100);
    expect(clock.now() - before).toBeLessThan(2_600);
    expect(told).toEqual(["a leads", "b waits for a", "a lost", "a stopped", "b leads"]);
    await b.stop();
  });

  it("ends the work before the deadline runs out for others, leads no more, and tries again", async () => {
    const { cluster, clock, told, run } = await world();
    const cut = { off: false };
    const a = run("a", {}, cuttable(cluster.actor, cut));
    await clock.sleep(5_000);
    const b = run("b");
    await clock.sleep(5_000);
    cut.off = true;
    const since = clock.now();
    while (!told.includes("a lost")) await clock.sleep(100);
    expect(clock.now() - since).toBeLessThanOrEqual(10_200);
    expect(told).not.toContain("b leads");
    while (!told.includes("b leads")) await clock.sleep(100);
    cut.off = false;
    await clock.sleep(10_000);
    expect(told.at(-1)).toBe("a waits for b");
    await Promise.all([a.stop(), b.stop()]);
  });

  it("notices a lost deadline also while a renewal hangs", async () => {
    const { cluster, clock, told, run } = await world();
    const hang = { on: false };
    run("a", {}, hanging(cluster.actor, hang));
    await clock.sleep(3_000);
    hang.on = true;
    await clock.sleep(11_000);
    expect(told).toEqual(["a leads", "a lost", "a stopped"]);
  });

  it("does not wait for a cluster that is silent when it is told to end", async () => {
    const { cluster, clock, run } = await world();
    const hang = { on: false };
    const a = run("a", {}, hanging(cluster.actor, hang));
    await clock.sleep(3_000);
    hang.on = true;
    await clock.sleep(3_000);
    const asked = clock.now();
    await a.stop();
    expect(clock.now() - asked).toBeLessThanOrEqual(2_000);
  });

  it("waits through a cluster that does not answer, and says why", async () => {
    const { cluster, clock, told, run } = await world();
    const cut = { off: true };
    const errors: string[] = [];
    const a = run("a", { onError: ({ message }) => errors.push(message) }, cuttable(cluster.actor, cut));
    await clock.sleep(30_000);
    expect(told).toEqual([]);
    expect(new Set(errors)).toEqual(new Set(["cut"]));
    cut.off = false;
    await clock.sleep(5_000);
    expect(told).toEqual(["a leads"]);
    await a.stop();
  });

  it("gives the Lease back when the work fails, and says so", async () => {
    const { run, spec } = await world();
    const { ended } = run("a", { onStarted: () => Promise.reject(new Error("a bug")) });
    await expect(ended).rejects.toThrow("a bug");
    expect((await spec()).holderIdentity ?? "").toBe("");
  });

  it("counts a Lease from before the renewal was asked for: a pause in the middle of it is no renewal", async () => {
    const { cluster, clock } = await world();
    let skipped = 0;
    const paused: Clock = {
      now: () => clock.now() + skipped,
      monotonic: () => clock.monotonic() + skipped,
      sleep: clock.sleep,
    };
    let pauseNext = false;
    const slow = wrapped(cluster.actor, async (call, name) => {
      const answer = await call();
      if (pauseNext && name === "patch") skipped = 30_000;
      return answer;
    });
    const lease = await Lease.acquire(slow, paused, { ...NAME, identity: "a", timeout: 0 });
    pauseNext = true;
    await clock.sleep(3_000);
    expect(lease.isHeld()).toBe(false);
    expect(lease.lost.aborted).toBe(true);
    await lease.release();
  });

  it("is not held right after a pause, before any timer has run", async () => {
    const { cluster } = await world();
    let now = 0;
    const stopped: Clock = { now: () => now, monotonic: () => now, sleep: () => new Promise(() => {}) };
    const lease = await Lease.acquire(cluster.actor, stopped, { ...NAME, identity: "a", timeout: 0 });
    now = 9_999;
    expect(lease.isHeld()).toBe(true);
    now = 10_000;
    expect(lease.isHeld()).toBe(false);
    now = 0;
    expect(lease.isHeld(), "what is lost stays lost").toBe(false);
  });
});

describe("a wall clock that jumps", () => {
  /** The cluster's time, with a wall clock of one machine's own. */
  const jumping = (clock: Clock) => {
    const jump = { by: 0 };
    return { jump, clock: { ...clock, now: () => clock.now() + jump.by } };
  };
  const HOUR = 3_600_000;

  it("set back at a holder that is cut off: it holds no longer than without", async () => {
    const { cluster, clock } = await world();
    let cut = false;
    const actor = wrapped(cluster.actor, async (call) => {
      if (cut) throw new ClusterError("Unavailable", "cut off", true);
      return call();
    });
    const a = jumping(clock);
    const lease = await Lease.acquire(actor, a.clock, { ...NAME, identity: "a", timeout: 0 });
    cut = true;
    a.jump.by = -HOUR;
    await clock.sleep(10_001);
    expect(lease.isHeld()).toBe(false);
    const other = await Lease.acquire(cluster.actor, clock, { ...NAME, identity: "b", timeout: 60_000 });
    expect([lease.isHeld(), other.isHeld()]).toEqual([false, true]);
    await Promise.all([lease.release(), other.release()]);
  });

  it.each([HOUR, -HOUR])("by %d ms at a holder that renews: it keeps the Lease", async (by) => {
    const { cluster, clock } = await world();
    const a = jumping(clock);
    const lease = await Lease.acquire(cluster.actor, a.clock, { ...NAME, identity: "a", timeout: 0 });
    a.jump.by = by;
    expect(lease.isHeld()).toBe(true);
    await clock.sleep(20_000);
    expect(lease.isHeld()).toBe(true);
    await lease.release();
  });

  it("back and forth at two machines with a network that comes and goes: there are never two holders", async () => {
    const { cluster, clock } = await world();
    const drawn = chance(7);
    const machines = ["a", "b"].map((identity) => {
      const { jump, clock: own } = jumping(clock);
      const network = { cut: false };
      const actor = wrapped(cluster.actor, async (call) => {
        if (network.cut) throw new ClusterError("Unavailable", "cut off", true);
        return call();
      });
      const held: { now: () => boolean } = { now: () => false };
      const ending = new AbortController();
      const ended = lead(actor, own, {
        ...NAME,
        identity,
        signal: ending.signal,
        onStarted: (_lost, isHeld) => {
          held.now = isHeld;
        },
      });
      return { jump, network, held, ending, ended };
    });
    const led = new Set<number>();
    for (let second = 0; second < 1_200; second++) {
      await clock.sleep(1_000);
      const holders = machines.flatMap(({ held }, index) => (held.now() ? [index] : []));
      expect(holders.length, `second ${second}`).toBeLessThan(2);
      for (const one of holders) led.add(one);
      for (const { jump, network } of machines) {
        if (drawn.below(10) === 0) jump.by = drawn.below(4 * HOUR) - 2 * HOUR;
        if (drawn.below(20) === 0) network.cut = !network.cut;
      }
    }
    expect(led.size, "both led at some time, or the test shows nothing").toBe(2);
    for (const { ending, network } of machines) {
      network.cut = false;
      ending.abort();
    }
    await Promise.all(machines.map(({ ended }) => ended));
  });
});

describe("guardWrites", () => {
  it("lets nothing be written any more once the Lease is lost, and everything be read", async () => {
    const { cluster } = await world();
    let held = true;
    const fenced = guardWrites(cluster.actor, () => held);
    const ref = { kind: KINDS.ConfigMap, namespace: "kube-system", name: "journal" };
    const live = await fenced.patch(ref, { data: { a: "1" } });
    held = false;
    const writes = {
      create: () => fenced.create(configMap("other", {}, "kube-system"), KINDS.ConfigMap),
      patch: () => fenced.patch(ref, { data: { a: "2" } }),
      patchStatus: () => fenced.patchStatus(ref, { data: { a: "2" } }),
      replace: () => fenced.replace({ ...live, data: { a: "2" } }, KINDS.ConfigMap),
      replaceStatus: () => fenced.replaceStatus({ ...live, data: { a: "2" } }, KINDS.ConfigMap),
      delete: () => fenced.delete(ref, {}),
      bind: () => fenced.bind({ kind: KINDS.Pod, namespace: "default", name: "p" }, "node"),
    };
    for (const [name, write] of Object.entries(writes)) {
      await expect(write(), name).rejects.toMatchObject({ name: "ClusterError", reason: "Fenced", transient: false });
    }
    expect((await fenced.get(ref)).data).toEqual({ a: "1" });
    expect((await fenced.list(KINDS.ConfigMap)).items).toEqual((await cluster.actor.list(KINDS.ConfigMap)).items);
  });
});

/** A process that leads and writes (leader-main.ts). */
function start(kubeconfig: string, identity: string) {
  const script = path.join(PROJECT, "test/support/leader-main.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, kubeconfig, identity], {
    cwd: PROJECT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => said.push(...text.trim().split("\n")));
  return { child, said };
}

const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once("exit", resolve));

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("two processes", () => {
  it("one paused past its Lease writes nothing when it wakes; on SIGTERM the other hands over", async () => {
    const writers: string[] = [];
    const server = await serve({
      objects: [configMap("journal", {}, "kube-system")],
      intercept: ({ path: target, body }) => {
        if (target.endsWith("/journal")) writers.push((body as { data: { writer: string } }).data.writer);
        return undefined;
      },
    });
    onTestFinished(() => server.stop());
    const kubeconfig = path.join(mkdtempSync(path.join(tmpdir(), "spiderplan-leader-")), "config");
    writeFileSync(kubeconfig, server.kubeconfig);
    const a = start(kubeconfig, "a");
    await until("a leads", () => a.said.includes("leads") && writers.includes("a"));
    const b = start(kubeconfig, "b");
    await until("b waits", () => b.said.includes("waits for a"));
    // A busy machine may have cost it the Lease before.
    const before = a.said.length;
    a.child.kill("SIGSTOP");
    await until("b leads", () => b.said.includes("leads") && writers.includes("b"));
    const [written, first] = [writers.length, writers.indexOf("b")];
    a.child.kill("SIGCONT");
    await until("a was fenced, and waits", () => a.said.at(-1) === "waits for b");
    expect(a.said.slice(before)).toEqual(["fenced", "stops", "waits for b"]);
    await until("b wrote on", () => writers.length > written + 5);
    expect(new Set(writers.slice(0, first))).toEqual(new Set(["a"]));
    expect(new Set(writers.slice(first))).toEqual(new Set(["b"]));

    b.child.kill("SIGTERM");
    const asked = Date.now();
    await until("a leads again", () => a.said.at(-1) === "leads");
    expect(Date.now() - asked).toBeLessThan(2_000);
    await (b.child.exitCode === null ? ended(b.child) : undefined);
    expect(b.said).toEqual(["waits for a", "leads", "stops", "ends"]);
    a.child.kill("SIGTERM");
    expect(await ended(a.child)).toBe(0);
  });
});
