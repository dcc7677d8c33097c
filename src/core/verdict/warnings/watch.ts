import type { Allocation } from "../../allocate/allocation.js";
import { wholeNic } from "../../allocate/owner.js";
import type { Step } from "../../change/step.js";
import { type Naming, referencesIn } from "../../cluster/references.js";
import type { Family } from "../../ip/address.js";
import { cidrRange, parseCidr } from "../../ip/range.js";
import { type RangeSet, rangeSet, size, within } from "../../ip/range-set.js";
import type { Plan } from "../../plan/plan.js";
import type { Snapshot } from "../../snapshot.js";
import type { SpiderpoolFacts } from "../../spiderpool/facts.js";
import type { SpiderIPPool } from "../../spiderpool/objects.js";
import { snapshotAfter } from "../after.js";
import type { NodeClasses } from "../node-classes.js";
import { type Scene, sceneOf } from "../replay.js";

/** What warnings are found from. */
export interface Watched {
  readonly plan: Plan;
  readonly allocations: readonly Allocation[];
  /** As they will run; those held back do nothing. */
  readonly steps: readonly Step[];
  readonly snapshot: Snapshot;
  readonly facts: SpiderpoolFacts;
}

/** The change once more, with views of it that are worked out when the first warning asks for them. */
export class Watch {
  readonly plan: Plan;
  readonly steps: readonly Step[];
  readonly snapshot: Snapshot;
  /** The cluster once the steps ran. */
  readonly after: Snapshot;
  readonly facts: SpiderpoolFacts;
  readonly #allocations: readonly Allocation[];
  readonly #kept = new Map<string, unknown>();

  constructor({ plan, allocations, steps, snapshot, facts }: Watched) {
    this.plan = plan;
    this.#allocations = allocations;
    this.steps = steps.filter((step) => step.blocked === undefined);
    this.snapshot = snapshot;
    this.after = this.steps.length === 0 ? snapshot : snapshotAfter(snapshot, this.steps);
    this.facts = facts;
  }

  get before(): Scene {
    return this.#once("before", () => sceneOf(this.snapshot, this.facts));
  }

  get last(): Scene {
    return this.#once("last", () => sceneOf(this.after, this.facts));
  }

  get nodes(): NodeClasses {
    return this.before.nodes;
  }

  /** Who names pools once the steps ran, as far as Spiderpool reads it. */
  get namings(): readonly Naming[] {
    return this.#once("namings", () => referencesIn(this.after).namings.filter(({ refused }) => !refused));
  }

  /** Steps on pools that come or go. */
  poolSteps(action: "create" | "delete"): readonly Step[] {
    return this.steps.filter((step) => step.kind.kind === "SpiderIPPool" && step.action === action);
  }

  /** The pools a NIC of the plan has once the steps ran, by workload and NIC. */
  poolsOf(workload: string, nic: string): readonly SpiderIPPool[] {
    const index = this.#once("pools", () => this.#poolsByNic());
    const ask = this.plan.workloads.get(workload)?.interfaces.get(nic)?.ask;
    const names = ask?.type === "pools" ? ask.pools : (index.get(`${workload}/${nic}`) ?? []);
    return names.flatMap((name) => this.after.pools.get(name) ?? []);
  }

  /** How many addresses of a family the plan gives a fixed NIC. */
  givenTo(workload: string, nic: string, family: Family): number | undefined {
    const index = this.#once("given", () => {
      const given = new Map<string, number>();
      for (const one of this.#allocations) {
        const key = `${wholeNic(one.owner)} ${one.family}`;
        given.set(key, (given.get(key) ?? 0) + size(one.addresses));
      }
      return given;
    });
    return index.get(`${workload}/${nic} ${family}`);
  }

  /** Whether a pool lies in a subnet of the plan: what is elsewhere is nobody's business here. */
  inPlan(pool: SpiderIPPool): boolean {
    return this.#once(`in plan ${pool.spec.subnet}`, () => {
      const cidr = parseCidr(pool.spec.subnet);
      return cidr !== undefined && within(this.#cidrs(cidr.family), cidrRange(cidr)).length > 0;
    });
  }

  #cidrs(family: Family): RangeSet {
    return this.#once(`CIDRs ${family}`, () => {
      const subnets = [...this.plan.subnets.values()].filter((subnet) => subnet.family === family);
      return rangeSet(subnets.map((subnet) => cidrRange(subnet.cidr)));
    });
  }

  #poolsByNic(): ReadonlyMap<string, readonly string[]> {
    const index = new Map<string, string[]>();
    for (const { owner, pool } of this.#allocations) {
      const key = wholeNic(owner);
      const pools = index.get(key);
      if (pools === undefined) index.set(key, [pool]);
      else pools.push(pool);
    }
    return index;
  }

  #once<T>(key: string, make: () => T): T {
    if (!this.#kept.has(key)) this.#kept.set(key, make());
    return this.#kept.get(key) as T;
  }
}
