import type { Recorded } from "../../cluster/tenants.js";
import { type Address, formatAddress } from "../../ip/address.js";
import { contains } from "../../ip/range-set.js";
import { Competition } from "../../verdict/competition.js";
import type { Competitor, Ranks } from "../../verdict/competitor.js";
import { type NodeClass, NodeClasses } from "../../verdict/node-classes.js";
import { candidatesIn, type Scene } from "../../verdict/replay.js";
import { standingWith } from "../../verdict/standing.js";
import { type Actor, type Demand, onNode } from "./actors.js";
import { Rooms } from "./rooms.js";
import type { Choice, Served, Start } from "./start.js";

/** Why those who come at once may leave nothing for a demand that tries these pools; undefined if they cannot. */
type Rivalry = (demand: Demand, ranks: Ranks) => string | undefined;

interface Taken extends Served {
  readonly pool: string;
  readonly address: Address;
}

/** The cluster while Pods stop and start in it: replays Spiderpool's choice on the addresses that are free by then. */
export class Stage {
  readonly scene: Scene;
  readonly nodes: NodeClasses;
  readonly #rooms: Rooms;

  /** @param gone nodes nothing can be scheduled to any more */
  constructor(scene: Scene, gone: ReadonlySet<string>) {
    this.scene = scene;
    this.nodes = new NodeClasses(scene.snapshot, gone);
    this.#rooms = new Rooms(scene);
  }

  /** A Pod is gone: its addresses are free, unless its record outlives it (A17-A21). */
  stop(actor: Actor, forGood = false): void {
    if (actor.keeps === "nothing" || forGood) for (const demand of actor.demands) this.#giveBack(demand);
  }

  /** Nodes its successor may run on. */
  placesOf(actor: Actor): NodeClass {
    const { workloads } = this.scene.snapshot;
    return this.nodes.allowed(actor.workload === undefined ? undefined : workloads.get(actor.workload));
  }

  /**
   * Starts a Pod on any of these nodes; it gets all its addresses or none.
   * @param rivals who else comes for the same pools at the same time
   */
  start(actor: Actor, places: NodeClass, rivals?: Rivalry): Start {
    if (places.length === 0) return { type: "waits", reasons: ["no node may take it"] };
    for (const demand of actor.demands) if (actor.keeps !== "nothing") this.#giveBack(demand);
    const pools = this.#poolsOf(actor);
    const tries = this.nodes.classes(pools, places).map((nodes) => {
      const taken = this.#attempt(actor, nodes[0], rivals);
      if (taken.done !== undefined) this.#undo(taken.done);
      return { nodes, ...taken };
    });
    const good = tries.filter((one) => one.done !== undefined);
    const failures = tries.flatMap(({ nodes, failure }) =>
      failure === undefined ? [] : [`${nodes.length === places.length ? "" : where(nodes)}${failure}`],
    );
    const [first] = good;
    if (first?.done === undefined) return { type: "none", reasons: failures };
    const recorded = actor.demands.map(({ nic }) => recordOf(first.done!, nic));
    for (const { demand, pool, address } of first.done) {
      this.#rooms.take(pool, address);
      Object.assign(demand, { own: { pool, address }, pool, holds: true, recorded });
    }
    const crowds = good.flatMap(({ crowd }) => crowd);
    return {
      type: "started",
      served: first.done.map((one, index) =>
        merged(
          one,
          good.map(({ done }) => done![index]!),
        ),
      ),
      risk: [...new Set([...failures, ...crowds])],
    };
  }

  /** Tells who comes at once: everybody else keeps what they have (DESIGN 6, strands). */
  rivalry(comers: readonly { readonly actor: Actor; readonly places: NodeClass }[], all: readonly Actor[]): Rivalry {
    const coming = new Set(comers.map(({ actor }) => actor));
    const staying = new Map<string, number>();
    for (const actor of all) {
      if (coming.has(actor)) continue;
      for (const { own, holds } of actor.demands) {
        if (own !== undefined && holds && this.#isUsable(own)) staying.set(own.pool, (staying.get(own.pool) ?? 0) + 1);
      }
    }
    const competitors: Competitor[] = [...staying].map(([held, count]) => ({ ways: [], held, count }));
    const known = new Map<string, number>();
    const numbers = new Map<Demand, number>();
    for (const { actor, places } of comers) {
      const classes = this.nodes.classes(this.#poolsOf(actor), places);
      for (const demand of actor.demands) {
        const ways = distinct(classes.flatMap((nodes) => this.#ranks(actor, demand, nodes[0]) ?? []));
        const key = JSON.stringify(ways);
        const number = known.get(key) ?? competitors.push({ ways, count: 0 }) - 1;
        known.set(key, number);
        numbers.set(demand, number);
        competitors[number] = { ...competitors[number]!, count: competitors[number]!.count + 1 };
      }
    }
    const competition = new Competition(this.scene, competitors);
    return (demand, ranks) => competition.tooMany(numbers.get(demand)!, ranks)?.reason;
  }

  /** What a demand competes for on a node; nothing where it takes back an address that nobody else could get. */
  #ranks(actor: Actor, demand: Demand, node: string | undefined): [Ranks] | undefined {
    const pod = actor.facts && onNode(actor.facts, node, this.scene);
    const { keepsOwn, outcome } = standingWith(this.scene, demand, pod, (pool) => this.#rooms.free(pool));
    return keepsOwn && demand.own !== undefined && !this.#isUsable(demand.own) ? undefined : [outcome.eligible];
  }

  /** Whether an address is one its pool could hand out: not reserved, not taken out of it. */
  #isUsable({ pool: name, address }: { readonly pool: string; readonly address: Address }): boolean {
    const pool = this.scene.snapshot.pools.get(name);
    return pool !== undefined && contains(this.scene.occupancy(pool).usable, address);
  }

  #attempt(
    actor: Actor,
    node: string | undefined,
    rivals: Rivalry | undefined,
  ): { done?: Taken[]; failure?: string; crowd: string[] } {
    const done: Taken[] = [];
    const crowd: string[] = [];
    const pod = actor.facts && onNode(actor.facts, node, this.scene);
    for (const demand of actor.demands) {
      // A15: where another NIC of the Pod has an address of the pool already, this one gets the same.
      const shared = new Map(done.map((one) => [one.pool, one.address]));
      const next = (name: string) => shared.get(name) ?? this.#rooms.lowest(name);
      const { keepsOwn, outcome } = standingWith(this.scene, demand, pod, (pool) =>
        shared.has(pool.metadata.name) ? 1 : this.#rooms.free(pool),
      );
      const own = keepsOwn ? demand.own : undefined;
      const [pool] = outcome.pools;
      const address = own?.address ?? (pool === undefined ? undefined : next(pool));
      if (outcome.failure !== undefined || pool === undefined || address === undefined) {
        this.#undo(done);
        return { failure: outcome.failure ?? `${pool ?? "no pool"} is full`, crowd };
      }
      const choices = keepsOwn
        ? [{ pool, address: formatAddress(address) }]
        : outcome.pools.map((name) => ({ pool: name, address: formatAddress(next(name) ?? address) }));
      const many = keepsOwn ? undefined : rivals?.(demand, outcome.eligible);
      if (many !== undefined) crowd.push(many);
      this.#rooms.take(pool, address);
      done.push({ demand, choices, kept: keepsOwn, pool, address });
    }
    return { done, crowd };
  }

  #undo(done: readonly Taken[]): void {
    for (const { pool, address } of done) this.#rooms.give(pool, address);
  }

  #giveBack(demand: Demand): void {
    if (demand.own !== undefined && demand.holds) this.#rooms.give(demand.own.pool, demand.own.address);
    demand.holds = false;
  }

  #poolsOf({ facts, demands }: Actor) {
    if (facts === undefined) return [];
    const names = new Set(
      demands.flatMap(({ nic }) => {
        const { v4, v6 } = candidatesIn(this.scene, facts, nic);
        return [...v4, ...v6];
      }),
    );
    return [...names].map((name) => this.scene.snapshot.pools.get(name));
  }
}

/** What the endpoint of the Pod would say of a NIC (T4). */
function recordOf(done: readonly Taken[], nic: string): Recorded {
  const pool = (family: 4 | 6) => done.find((one) => one.demand.nic === nic && one.demand.family === family)?.pool;
  return { interface: nic, ipv4Pool: pool(4), ipv6Pool: pool(6) };
}

/** The first try's address first, then all others it may get on these or other nodes. */
function merged(first: Served, tries: readonly Served[]): Served {
  const choices = new Map(tries.flatMap((one) => one.choices).map((one) => [`${one.pool} ${one.address}`, one]));
  const [chosen] = first.choices as [Choice];
  const others = [...choices.values()]
    .filter((one) => one.pool !== chosen.pool || one.address !== chosen.address)
    .sort((a, b) => (`${a.pool} ${a.address}` < `${b.pool} ${b.address}` ? -1 : 1));
  return { demand: first.demand, kept: first.kept, choices: [chosen, ...others] };
}

function where(nodes: NodeClass): string {
  const [first] = nodes;
  if (first === undefined) return "";
  return nodes.length === 1 ? `on ${first}: ` : `on ${first} and ${nodes.length - 1} like it: `;
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
