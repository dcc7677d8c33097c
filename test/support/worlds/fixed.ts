import type { PlanRun } from "../../../src/app/plan-run.js";
import { OWN, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { everyAddress, offeredBy } from "./addresses.js";
import { heldBy } from "./agent.js";
import type { Before, CheckContext } from "./checks.js";
import type { Violation } from "./findings.js";
import { endpointsOf, poolsOf } from "./objects.js";
import {
  addressAt,
  cidrOf,
  type FixedModel,
  type PlanModel,
  type SubnetModel,
  specOf,
  subnetsOf,
  ZONE,
} from "./plan-model.js";
import { ownerNow, reservedAll } from "./standing.js";

/**
 * FIXED-6, counted by hand: an owner that is told addresses are missing had none to get, and one that is told nothing has
 * all it needs.
 */
export function shortages(before: Before, run: PlanRun, context: CheckContext): Violation[] {
  const { outcome } = run.decided!;
  const found: Violation[] = [];
  const short = run.diagnostics.filter((one) => one.severity === "error" && one.code === "SP3101");
  for (const one of short) {
    const touched = outcome.steps.filter(
      (step) =>
        step.kind.kind === "SpiderIPPool" &&
        step.blocked === undefined &&
        ownerNow(step.object as SpiderIPPool) === one.about,
    );
    if (touched.length > 0)
      found.push({
        invariant: "FIXED-6",
        message: `${one.about} lacks addresses, yet ${touched.map((step) => step.name).join()} is written`,
      });
  }
  if (short.length === 1 && fits(before, run, context))
    found.push({ invariant: "FIXED-6", message: `there are enough addresses, yet: ${short[0]!.message}` });
  return found;
}

/** Whether what all fixed owners of the plan lack is there, subnet by subnet, at a time when nothing rests anywhere. */
function fits(before: Before, run: PlanRun, { model, install }: CheckContext): boolean {
  if (model.pools.some((pool) => pool.take > 0)) return false;
  if (model.fixed.some((one) => one.slice !== undefined || one.pending || one.wish || one.perSubnet)) return false;
  const locks = [...before.lock.subnets.values(), ...install.lock.subnets.values()];
  if (locks.some((lock) => [...lock.released.values()].some((set) => set.length > 0))) return false;
  const pools = [...poolsOf(before.objects).values()];
  const reserved = reservedAll(before.objects);
  // What the plan reserves or declares is spoken for, written already or not.
  const taken = new Set([...pools.flatMap(offeredBy), ...spokenFor(model)]);
  for (const endpoint of endpointsOf(before.objects).values())
    for (const { address } of heldBy(endpoint)) taken.add(address);
  return model.subnets.every((subnet, index) => {
    if (run.decided?.plan.subnets.get(subnet.key) === undefined) return false;
    const offsets = Array.from({ length: ZONE + subnet.room }, (_, offset) => offset);
    const free = offsets.filter((offset) => {
      const address = addressAt(subnet, offset);
      return !reserved.has(address) && !taken.has(address) && (offset >= ZONE || subnet.zone[offset] === 0);
    });
    const missing = model.fixed
      .filter((one) => one.present && subnetsOf(one).includes(index))
      .reduce((sum, one) => sum + Math.max(0, one.replicas + one.elastic - has(pools, one, subnet)), 0);
    return missing <= free.length;
  });
}

/** Addresses the plan's own reservations and declared pools name. */
function spokenFor(model: PlanModel): string[] {
  const spec = specOf({ ...model, fixed: [] }, []) as { reserved?: Lists; pools?: Lists };
  return [...Object.values(spec.reserved ?? {}), ...Object.values(spec.pools ?? {})].flatMap(({ addresses }) =>
    everyAddress(addresses),
  );
}

type Lists = Record<string, { readonly addresses?: readonly string[] }>;

/** How many addresses of the subnet the workload's pools offer now; under a name nobody tells of they are another's. */
function has(pools: readonly SpiderIPPool[], { nic, name, formerly = name }: FixedModel, subnet: SubnetModel): number {
  return pools
    .filter(({ spec, metadata }) => {
      const owner = metadata.annotations?.[OWN.owner] ?? "";
      return spec.subnet === cidrOf(subnet) && [name, formerly].some((each) => owner.includes(`/${each}/${nic}/`));
    })
    .reduce((sum, pool) => sum + offeredBy(pool).length, 0);
}
