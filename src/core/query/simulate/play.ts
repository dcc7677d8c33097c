import { formatAddress } from "../../ip/address.js";
import type { KubeObject } from "../../spiderpool/objects.js";
import type { NodeClass } from "../../verdict/node-classes.js";
import { paceOf } from "../../verdict/pace.js";
import { type Actor, byName, newcomer, renewed, successor } from "./actors.js";
import type { Fate, SimulatedAddress, Simulation } from "./simulation.js";
import type { Stage } from "./stage.js";
import type { Choice, Start } from "./start.js";

/** One Pod and those that take its place, one after the other. */
interface Line {
  readonly first: Actor;
  readonly before: ReadonlyMap<string, Choice>;
  actor: Actor;
  /** It left the node it was on. */
  moved: boolean;
  /** Nothing more can happen to it. */
  out: boolean;
  /** What the last event came to; undefined = none concerned it. */
  told: readonly SimulatedAddress[] | undefined;
}

/** The events one after the other, and what they came to. */
export class Play {
  readonly #stage: Stage;
  readonly #lines: Line[];
  /** Pods on failed nodes: nobody, but their addresses are still taken. */
  readonly #ghosts: Actor[] = [];

  constructor(stage: Stage, actors: readonly Actor[]) {
    this.#stage = stage;
    this.#lines = actors.map(lineOf);
  }

  /** Successors come elsewhere, while the dead ones' addresses stay on record until the garbage collection (A23). */
  failNodes(nodes: ReadonlySet<string>): void {
    const lost: Line[] = [];
    for (const line of this.#on(nodes)) {
      if (isBare(line.actor)) this.#leave(line, "gone", BARE);
      else if (kindOf(line.actor) === "StatefulSet" || isDaemon(line.actor))
        this.#leave(line, "waits", "its node failed; it comes back with the node, or once it is deleted by force");
      else lost.push(line);
    }
    for (const line of lost) {
      this.#ghosts.push(line.actor);
      Object.assign(line, { actor: successor(line.actor), moved: true });
    }
    this.#startAll(lost);
  }

  /** Evicted Pods give their addresses back and come again on another node; DaemonSets are not evicted. */
  drain(nodes: ReadonlySet<string>): void {
    const evicted = this.#on(nodes).filter((line) => !isDaemon(line.actor));
    for (const line of evicted) this.#stage.stop(line.actor, isBare(line.actor));
    for (const line of evicted) {
      if (isBare(line.actor)) this.#leave(line, "gone", BARE);
      line.moved = true;
    }
    this.#startAll(evicted.filter((line) => !line.out));
  }

  /** Missing Pods come, superfluous ones go: of a StatefulSet the highest ordinals. */
  scale(key: string, replicas: number): void {
    const workload = this.#workload(key);
    const own = this.#linesOf(key);
    const ordinals = workload.kind === "StatefulSet";
    const start = ordinals ? startOf(workload) : 0;
    const inside = (line: Line) => {
      const ordinal = ordinalOf(line.actor);
      return ordinal >= start && ordinal < start + replicas;
    };
    for (const line of ordinals ? own.filter((one) => !inside(one)) : own.slice(replicas)) {
      this.#stage.stop(line.actor, true);
      this.#leave(line, "gone", ordinals ? "its ordinal is scaled away" : "scaled away; Kubernetes chooses which one");
    }
    const like = own[0]?.actor;
    const fresh = ordinals
      ? missingOrdinals(own, start, replicas).map((ordinal) => ({ ordinal }))
      : Array.from({ length: Math.max(0, replicas - own.length) }, (_, i) => ({
          name: `${short(key)} (new ${i + 1})`,
        }));
    const lines = fresh.map((which) => lineOf(newcomer(this.#stage.scene, key, workload, like, which)));
    for (const line of lines) line.moved = true;
    for (const line of lines) this.#lines.push(line);
    this.#startAll(lines);
  }

  /** Replaces every Pod by one of the template as it is now, as fast as the workload allows (A22). */
  rollOut(key: string): void {
    const workload = this.#workload(key);
    const lines = this.#linesOf(key);
    if (workload.kind === "StatefulSet") lines.reverse();
    const total = lines.length;
    const { surge, unavailable } = paceOf(workload, total);
    const old = lines.map((line) => line.actor);
    const queue = [...lines];
    let waiting: Line[] = [];
    let running = 0;
    const progress = () => running - old.length - queue.length;
    for (let before = Number.NaN; before !== progress(); ) {
      before = progress();
      while (queue.length > 0 && old.length + running + waiting.length < total + surge) {
        const line = queue.shift()!;
        line.actor = renewed(successor(line.actor), workload);
        waiting.push(line);
      }
      const started = waiting.filter((line) => this.#start(line));
      running += started.length;
      waiting = waiting.filter((line) => !started.includes(line));
      while (old.length > 0 && old.length + running > total - unavailable) this.#stage.stop(old.shift()!);
    }
    this.#tellStuck([...waiting, ...queue], old.length, total);
  }

  /** Every Pod stops, then all come back on their nodes. */
  restartAll(): void {
    const lines = this.#lines.filter((line) => !line.out);
    for (const line of lines) this.#stage.stop(line.actor);
    this.#startAll(lines);
  }

  result(): Simulation {
    const concerned = this.#lines.filter((line) => line.told !== undefined);
    const untouched = this.#lines.filter((line) => line.told === undefined);
    return {
      addresses: concerned.sort((a, b) => byName(a.first.name, b.first.name)).flatMap((line) => line.told ?? []),
      untouched: untouched.reduce((sum, line) => sum + line.actor.demands.length, 0),
    };
  }

  #startAll(lines: readonly Line[]): void {
    const comers = lines.map((line) => ({ actor: line.actor, places: this.#placesIn(line) }));
    const others = [...this.#ghosts, ...this.#lines.map((line) => line.actor)];
    const rivals = this.#stage.rivalry(comers, others);
    for (const [index, line] of lines.entries()) {
      const start = this.#stage.start(line.actor, comers[index]!.places, rivals);
      line.told = tell(line, start);
    }
  }

  #start(line: Line): boolean {
    const start = this.#stage.start(line.actor, this.#placesIn({ ...line, moved: true }));
    line.told = tell(line, start);
    return start.type === "started";
  }

  #placesIn({ actor, moved }: Line): NodeClass {
    if (isDaemon(actor) || !moved) return [actor.node];
    return this.#stage.placesOf(actor);
  }

  #tellStuck(lines: readonly Line[], left: number, total: number): void {
    for (const line of lines) {
      const reasons = line.told?.flatMap((one) => (one.fate === "none" ? one.reasons : [])) ?? [];
      const stop = `the rollout stops with ${left} of ${total} old Pods left (A22)`;
      line.told = tell(line, { type: "none", reasons: [...new Set([...reasons, stop])] });
      line.out = true;
    }
  }

  #leave(line: Line, fate: Fate, reason: string): void {
    line.out = true;
    line.told = line.actor.demands.map((demand) => ({
      ...rowOf(line, demand.nic, demand.family),
      fate,
      after: [],
      reasons: [reason],
    }));
  }

  #on(nodes: ReadonlySet<string>): Line[] {
    return this.#lines.filter(
      ({ actor, out, moved }) => !out && !moved && actor.node !== undefined && nodes.has(actor.node),
    );
  }

  #linesOf(key: string): Line[] {
    return this.#lines.filter((line) => !line.out && line.actor.workload === key);
  }

  #workload(key: string): KubeObject {
    return this.#stage.scene.snapshot.workloads.get(key)!;
  }
}

const BARE = "no workload makes it anew";

function lineOf(actor: Actor): Line {
  const before = new Map(
    actor.demands.flatMap(({ nic, family, own }) =>
      own === undefined ? [] : [[`${nic} ${family}`, { pool: own.pool, address: formatAddress(own.address) }]],
    ),
  );
  return { first: actor, before, actor, moved: false, out: false, told: undefined };
}

function rowOf({ first, before }: Line, nic: string, family: 4 | 6) {
  return { pod: first.name, workload: first.workload, interface: nic, family, before: before.get(`${nic} ${family}`) };
}

function tell(line: Line, start: Start): SimulatedAddress[] {
  if (start.type !== "started") {
    const { type: fate, reasons } = start;
    return line.actor.demands.map(({ nic, family }) => ({ ...rowOf(line, nic, family), fate, after: [], reasons }));
  }
  return start.served.map(({ demand, choices, kept }) => ({
    ...rowOf(line, demand.nic, demand.family),
    fate: start.risk.length > 0 ? "may get none" : kept ? "keeps" : "gets",
    after: choices,
    reasons: start.risk,
  }));
}

/** A Pod that is known and has nothing above it. */
function isBare({ facts, workload }: Actor): boolean {
  return facts !== undefined && workload === undefined;
}

function kindOf({ workload }: Actor): string {
  return workload?.split("/")[1] ?? "";
}

/** Of apps or of Kruise: its Pods come to their own nodes. */
function isDaemon(actor: Actor): boolean {
  return kindOf(actor) === "DaemonSet" || kindOf(actor) === "DaemonSet.apps.kruise.io";
}

function ordinalOf({ name }: Actor): number {
  return Number(/-(\d+)$/.exec(name)?.[1] ?? -1);
}

function startOf(workload: KubeObject): number {
  return (workload.spec as { ordinals?: { start?: number } } | undefined)?.ordinals?.start ?? 0;
}

function missingOrdinals(own: readonly Line[], start: number, replicas: number): number[] {
  const there = new Set(own.map((line) => ordinalOf(line.actor)));
  return Array.from({ length: replicas }, (_, i) => start + i).filter((ordinal) => !there.has(ordinal));
}

/** `default/Deployment/app` -> `default/app`. */
function short(key: string): string {
  const [namespace, , name] = key.split("/");
  return `${namespace}/${name}`;
}
