import { offeredBy } from "./addresses.js";
import { clusterObjects, firstPlan, liveWorkload, secondPlan } from "./build.js";
import { type Chance, chance } from "./chance.js";
import { heldAddresses } from "./changes.js";
import { afterSync, type Before, compareOrders } from "./checks.js";
import { WorldCluster } from "./cluster.js";
import type { Edit } from "./edit-spec.js";
import { edit } from "./edits.js";
import { Violated, type Violation } from "./findings.js";
import { foreignEdit } from "./foreign.js";
import { type Keeper, keeperOf } from "./keeper.js";
import { Kubernetes, type LiveWorkload, type Orchestra } from "./kubernetes.js";
import { isNamed, nodesFor, templateFor } from "./life.js";
import { GROW_AUTO, type LifeEvent, LOSE_MARKS } from "./life-spec.js";
import { machineEvent } from "./machines.js";
import { holdingsAtRest, unmarkedKept } from "./marks.js";
import { Copy, poolsOf } from "./objects.js";
import { specOf } from "./plan-model.js";
import { PlayedKubernetes } from "./played.js";
import { compareProjected } from "./projected.js";
import { grows, holdingsOf, ownConflicts, QUARANTINE, Resting } from "./resting.js";
import type { EventSpec, WorldSpec } from "./spec.js";
import { faultsOf, specTexts } from "./standing.js";
import { Story } from "./story.js";
import { lockNow, type Synced, sync } from "./sync.js";

/** What a world came to. */
export interface Told {
  readonly events: number;
  readonly syncs: number;
  readonly blocked: number;
  readonly refused: number;
}

/** Lives one world from its first sync to its last event. @throws Violated */
export async function live(spec: WorldSpec, options: { readonly played?: boolean } = {}): Promise<Told> {
  const world = new World(spec, options.played ?? false);
  return world.run();
}

class World {
  readonly #chance: Chance;
  readonly #cluster: WorldCluster;
  readonly #kubernetes: Orchestra;
  readonly #workloads: LiveWorkload[];
  readonly #keepers: Keeper[];
  readonly #story = new Story();
  readonly #resting = new Resting();
  #meddled = false;
  #events = 0;
  #syncs = 0;
  #blocked = 0;
  #refused = 0;

  constructor(
    readonly spec: WorldSpec,
    readonly played: boolean,
  ) {
    this.#chance = chance(spec.noise);
    this.#cluster = new WorldCluster(clusterObjects(spec), played);
    const { actor, objects } = this.#cluster;
    this.#kubernetes = played
      ? new PlayedKubernetes(actor, objects, () => this.#cluster.settle())
      : new Kubernetes(objects, (count) => this.#chance.below(count), "u");
    const first = firstPlan(spec);
    this.#workloads = spec.workloads.map((one, index) => liveWorkload(one, index, first));
    const keepers = [keeperOf("default", first, spec.lockFiles, this.#workloads)];
    if (spec.second) {
      const index = spec.workloads.length;
      const second = secondPlan(spec, index);
      const own = { ...spec.workloads[0]!, ask: "fixed" as const, stateful: false, replicas: 2, net1: undefined };
      this.#workloads.push(liveWorkload(own, index, second));
      keepers.push(keeperOf("other", second, spec.lockFiles, this.#workloads));
    }
    this.#keepers = keepers;
  }

  async run(): Promise<Told> {
    try {
      return await this.#history();
    } finally {
      await this.#cluster.stop();
    }
  }

  async #history(): Promise<Told> {
    for (const keeper of this.#keepers) {
      if ((await this.#sync(keeper, 0, 0)) !== "refused") continue;
      // A slice its pool cannot give is an error of the whole plan: a world needs one to begin with.
      for (const one of keeper.model.fixed) one.slice = undefined;
      await this.#sync(keeper, 0, 0);
    }
    for (const [index, one] of this.#workloads.entries())
      await this.#kubernetes.scale(one, this.spec.workloads[index]?.replicas ?? 2);
    await this.#kubernetes.retryWaiting();
    this.#story.say("the workloads start");
    for (const event of this.spec.events) {
      this.#events++;
      await this.#happen(event);
      await this.#cluster.settle();
      await this.#kubernetes.retryWaiting();
    }
    return { events: this.#events, syncs: this.#syncs, blocked: this.#blocked, refused: this.#refused };
  }

  async #happen(event: EventSpec): Promise<void> {
    const { objects } = this.#cluster;
    switch (event.type) {
      case "commit": {
        const keeper = this.#keepers[event.second ? this.#keepers.length - 1 : 0]!;
        return this.#commit(keeper, event.edits, event.crash, event.restart);
      }
      case "sync":
        await this.#sync(this.#keepers[0]!, 0, 0);
        return;
      case "revert":
        return this.#revert(this.#keepers[0]!);
      case "restart":
        return this.#restart(event.pods);
      case "move": {
        const pods = this.#kubernetes.pods();
        const pod = pods[event.pod % Math.max(1, pods.length)];
        if (pod === undefined) return;
        const nodes = nodesFor(objects, templateFor(objects, pod));
        if (nodes.length === 0) return;
        const node = nodes[event.node % nodes.length]!;
        this.#story.say(`${pod.metadata.name} moves to ${node}`);
        await this.#kubernetes.restart(pod, node);
        return;
      }
      case "scale": {
        const one = this.#workloads[event.workload % this.#workloads.length]!;
        this.#story.say(`${one.name} is scaled to ${event.replicas}`);
        // What its Pods no longer ask for may go with the next sync, whatever that is about.
        for (const keeper of this.#keepers) Object.assign(keeper, { atRest: false, unmarked: undefined });
        await this.#kubernetes.scale(one, event.replicas);
        return;
      }
      case "time":
        this.#story.say(`${event.minutes} minutes pass`);
        this.#cluster.clock.advance(event.minutes * 60_000);
        return;
      case "template":
      case "machine":
      case "finish":
      case "node":
        return this.#live(event);
      case "foreign": {
        for (const one of this.#keepers)
          one.unmarked = event.what === LOSE_MARKS ? (one.unmarked ?? holdingsAtRest(one, objects)) : undefined;
        for (const keeper of this.#keepers) Object.assign(keeper, { atRest: false, remembered: undefined });
        this.#meddled = true;
        const keeper = this.#keepers[0]!;
        const promises = this.#promised();
        this.#story.say(await foreignEdit(this.#cluster, keeper.model, event.what, event.target, event.value));
        if (event.what === GROW_AUTO) this.#kept(promises);
        else for (const one of this.#keepers) one.isHeld = false;
      }
    }
  }

  /** What happens to workloads, Pods and nodes in worlds with features. */
  async #live(event: LifeEvent): Promise<void> {
    const kubernetes = this.#kubernetes;
    if (!(kubernetes instanceof Kubernetes)) return;
    const { objects } = this.#cluster;
    for (const keeper of this.#keepers) Object.assign(keeper, { atRest: false, unmarked: undefined });
    if (event.type === "template") {
      const index = event.workload % this.spec.workloads.length;
      const one = this.#workloads[index]!;
      const changed = kubernetes.retemplate(one, event, this.#keepers[0]!.model);
      if (changed) this.#story.say(`somebody changes the template of ${one.name}`);
      return;
    }
    if (event.type === "finish") {
      const pods = kubernetes.pods().filter((pod) => !isNamed(pod));
      const pod = pods[event.pod % Math.max(1, pods.length)];
      if (pod === undefined) return;
      this.#story.say(`${pod.metadata.name} is evicted`);
      kubernetes.replaceOver(pod, { ...pod, status: { phase: "Failed", reason: "Evicted" } });
      return;
    }
    if (event.type === "machine") {
      this.#story.say(machineEvent(objects, event, this.#events));
      return;
    }
    const nodes = [...objects.all("Node").values()];
    const node = nodes[event.node % nodes.length]!;
    this.#story.say(`${node.metadata.name} ${event.dead ? "dies" : "lives"}`);
    kubernetes.setNode(node, event.dead);
  }

  async #commit(keeper: Keeper, edits: readonly Edit[], crash: number, restart: number): Promise<void> {
    const before = keeper.model;
    const next = structuredClone(before);
    for (const one of edits) edit(next, one);
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    keeper.model = next;
    const { remembered } = keeper;
    keeper.remembered =
      keeper.atRest && !grows(before, next)
        ? { holdings: holdingsOf(this.#cluster.objects, keeper.install.name), at: this.#cluster.clock.now() }
        : undefined;
    this.#story.say(`commit ${JSON.stringify(edits)}${crash > 0 ? `, sync dies before write ${crash}` : ""}`);
    const done = await this.#sync(keeper, crash, restart, edits);
    if (done === "refused") {
      // A revert then takes back the commit before this one.
      Object.assign(keeper, { model: before, remembered });
      return;
    }
    keeper.previous = before;
    // FIXED-5: whatever is left of a sync that died, the next one makes good.
    if (done === "crashed") await this.#sync(keeper, 0, 0);
  }

  async #revert(keeper: Keeper): Promise<void> {
    if (keeper.previous === undefined) return;
    [keeper.model, keeper.previous] = [keeper.previous, keeper.model];
    this.#story.say("the last commit is reverted");
    // It edits what that commit did, so that its owners may well lose something.
    keeper.unmarked = undefined;
    const { remembered } = keeper;
    keeper.remembered = undefined;
    const done = await this.#sync(keeper, 0, 0);
    if (done === "refused") [keeper.model, keeper.previous] = [keeper.previous, keeper.model];
    else if (remembered !== undefined && keeper.atRest) this.#returned(remembered, keeper.install.name);
  }

  /** FIXED-9: within the quarantine everybody has again what they had. */
  #returned({ holdings, at }: NonNullable<Keeper["remembered"]>, install: string): void {
    const { objects, clock } = this.#cluster;
    if (this.spec.quarantine === "0" || clock.now() - at >= QUARANTINE) return;
    const now = holdingsOf(objects, install);
    const violations = [...holdings]
      // More, if Pods came to use it meanwhile; never others.
      .filter(([owner, had]) => had.split(" ").some((address) => !now.get(owner)?.split(" ").includes(address)))
      .map(([owner, had]) => ({
        invariant: "FIXED-9",
        message: `${owner} had ${had} before the commit and has ${now.get(owner) ?? "nothing"} after its revert`,
      }));
    if (violations.length > 0) throw new Violated(violations, this.#story.told(objects));
  }

  /** What the locks promise to fixed owners and the last sync has put in the cluster, in pools or in reservations. */
  #promised(): ReadonlySet<string> {
    const held = this.#keepers.filter((one) => one.isHeld && one.install.lockFiles);
    return new Set(held.flatMap(({ install }) => heldAddresses(install.lock)));
  }

  /** Z9: an automatic pool takes what nothing in the cluster holds. */
  #kept(promises: ReadonlySet<string>): void {
    const autos = [...poolsOf(this.#cluster.objects).values()].filter(({ metadata }) =>
      metadata.name.startsWith("auto-"),
    );
    const taken = autos.flatMap(offeredBy).filter((address) => promises.has(address));
    if (taken.length === 0) return;
    const message = `an automatic pool took ${taken.join(", ")}, which the lock promises to a fixed owner`;
    throw new Violated([{ invariant: "FIXED-2", message }], this.#story.told(this.#cluster.objects));
  }

  async #restart(numbers: readonly number[]): Promise<void> {
    const pods = this.#kubernetes.pods();
    const chosen = [...new Set(numbers.map((number) => pods[number % Math.max(1, pods.length)]))].filter(
      (pod) => pod !== undefined,
    );
    this.#story.say(`restart of ${chosen.map((pod) => pod.metadata.name).join(", ")}`);
    for (const pod of chosen) await this.#kubernetes.restart(pod);
  }

  /** One `spiderplan lock` and `sync`, with every promise checked. */
  async #sync(
    keeper: Keeper,
    crash: number,
    restart: number,
    edits?: readonly Edit[],
  ): Promise<"done" | "refused" | "crashed"> {
    this.#syncs++;
    const { objects } = this.#cluster;
    const spec = specOf(keeper.model, keeper.workloads);
    const lockBefore = keeper.install.lock;
    await this.#cluster.settle();
    await lockNow(this.#cluster, keeper.install, spec);
    const before: Before = {
      objects: new Copy(objects),
      texts: specTexts(objects),
      lock: lockBefore,
      time: this.#cluster.clock.now(),
    };
    this.#story.plan(keeper.install.name, spec);
    this.#story.cluster(before.objects);
    const found: Violation[] = [];
    let known = faultsOf(objects);
    let restarted = false;
    const { crashed, run, report, writes } = await this.#guarded(() =>
      sync(this.#cluster, keeper.install, spec, {
        crash,
        afterWrite: async (count, told) => {
          const now = faultsOf(objects);
          for (const [key, message] of now)
            if (!known.has(key)) found.push({ invariant: "FIXED-1", message: `${message} after ${told}` });
          known = now;
          if (this.#chance.below(2) === 0) await this.#cluster.settle();
          if (restart > 0 && count === restart) {
            const pods = this.#kubernetes.pods();
            const pod = pods[this.#chance.below(Math.max(1, pods.length))];
            if (pod !== undefined) {
              restarted = true;
              await this.#kubernetes.restart(pod);
              known = faultsOf(objects);
            }
          }
        },
      }),
    );
    await this.#cluster.settle();
    this.#story.outcome(run, writes);
    if (run.decided === undefined) {
      keeper.isHeld = false;
      keeper.install.lock = lockBefore;
      this.#refused++;
      return "refused";
    }
    if (run.decided.outcome.steps.some((step) => step.blocked?.type === "verdict")) this.#blocked++;
    const done: Synced = { crashed, run, report, writes };
    const context = {
      cluster: this.#cluster,
      install: keeper.install,
      spec,
      model: keeper.model,
      workloads: keeper.workloads,
      chance: this.#chance,
      restarted,
      edits: keeper.atRest ? edits : undefined,
    };
    const checked = await this.#guarded(() => afterSync(before, done, context));
    found.push(...checked.violations);
    if (this.#chance.below(4) === 0) {
      found.push(...compareOrders(run, keeper.install, spec, this.#chance));
      found.push(...compareProjected(run, keeper.install, spec));
    }
    found.push(...this.#resting.afterSync(before, objects, keeper, this.#cluster.clock.now()));
    if (!this.#meddled && !restarted && !crashed) found.push(...ownConflicts(run));
    if (!restarted && !crashed) found.push(...unmarkedKept(objects, run, keeper, edits));
    keeper.unmarked = undefined;
    if (found.length > 0) throw new Violated(found, this.#story.told(objects));
    keeper.atRest = checked.atRest;
    keeper.isHeld =
      !crashed && !restarted && report !== undefined && report.failed.length + report.withheld.length === 0;
    await this.#kubernetes.retryWaiting();
    return crashed ? "crashed" : "done";
  }

  /** A bug of the engine is a counterexample like any other. */
  async #guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof Violated) throw error;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Violated([{ invariant: "bug", message: text }], this.#story.told(this.#cluster.objects));
    }
  }
}
