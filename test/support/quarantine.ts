import { allocate } from "../../src/core/allocate/allocate.js";
import type { Lock } from "../../src/core/allocate/allocation.js";
import { decide } from "../../src/core/engine.js";
import { formatRangeSet } from "../../src/core/ip/range-set.js";
import type { Options, Outcome } from "../../src/core/outcome.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { KINDS, type KubeObject, OWN, type SpiderReservedIP } from "../../src/core/spiderpool/objects.js";
import { applied, NO_LOCK, OPTIONS, planOf } from "./decide.js";

const HOUR = 3_600_000;

/** A cluster through its life: plans are synced into it one after another, as time passes. */
export class Life {
  objects: KubeObject[] = [];
  lock: Lock = NO_LOCK;
  hours = 0;

  /** @param files whether `spiderplan lock` is run and committed with every plan */
  constructor(
    readonly files: boolean,
    readonly options: Partial<Options> = {},
  ) {
    this.lock = { files, subnets: new Map() };
  }

  get now(): number {
    return OPTIONS.now + this.hours * HOUR;
  }

  snapshot() {
    return buildSnapshot(this.objects, Object.keys(KINDS));
  }

  async plan(spec: string): Promise<Outcome> {
    return decide(await planOf(spec), this.lock, this.snapshot(), { ...OPTIONS, ...this.options, now: this.now });
  }

  /** What `spiderplan lock` would write. */
  async relock(spec: string): Promise<void> {
    const input = { plan: await planOf(spec), lock: this.lock, snapshot: this.snapshot(), install: this.install };
    this.lock = { ...allocate({ ...input, mode: "lock" }).lock, files: true };
  }

  get install(): string {
    return this.options.install ?? OPTIONS.install;
  }

  /** Locks where there are lock files, plans, and carries every step out that is not held back. */
  async sync(spec: string): Promise<Outcome> {
    if (this.files) await this.relock(spec);
    const outcome = await this.plan(spec);
    this.carryOut(outcome);
    return outcome;
  }

  /** @param most how many steps are carried out before the process dies */
  carryOut(outcome: Outcome, most = Number.POSITIVE_INFINITY): void {
    const due = outcome.steps.filter((step) => step.blocked === undefined);
    this.objects = applied({ ...outcome, steps: due.slice(0, most) }, this.objects, this.now);
  }

  /** `addresses` of every owner that stays. */
  static held(outcome: Outcome): Record<string, string> {
    const kept = outcome.allocations.filter(({ leaving }) => !leaving);
    return Object.fromEntries(kept.map(({ owner, addresses }) => [owner, formatRangeSet(addresses).join(",")]));
  }

  /** What the quarantine reserves and records; undefined when there is none. */
  quarantine(name = "spiderplan-quarantine-default-v4"): { ips: string[]; records: object } | undefined {
    const found = this.snapshot().reserved.get(name);
    return found && contentOf(found);
  }
}

/** What a quarantine reserves and records. */
export function contentOf(reserved: KubeObject): { ips: string[]; records: object } {
  const { spec, metadata } = reserved as SpiderReservedIP;
  return { ips: spec.ips ?? [], records: JSON.parse(metadata.annotations?.[OWN.quarantine] ?? "{}") };
}
