import type { PlanRun } from "../../../src/app/plan-run.js";
import { OWN, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { everyAddress, offeredBy } from "./addresses.js";
import type { Before, CheckContext } from "./checks.js";
import type { Violation } from "./findings.js";
import { poolsOf } from "./objects.js";
import { cidrOf } from "./plan-model.js";
import { ownerOf, reservedAll } from "./standing.js";

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
        ownerOf(step.object as SpiderIPPool) === one.about,
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

/** Whether what all fixed owners of the plan lack is there, subnet by subnet, at a time when nobody rests anywhere. */
function fits(before: Before, run: PlanRun, { model, install }: CheckContext): boolean {
  if (model.pools.some((pool) => pool.take > 0) || model.fixed.some((one) => one.slice !== undefined)) return false;
  const { objects } = before;
  const reserved = reservedAll(objects);
  for (const [key, lock] of [...before.lock.subnets, ...install.lock.subnets]) {
    void key;
    for (const set of lock.released.values()) if (set.length > 0) return false;
  }
  const taken = new Map<string, string>();
  for (const pool of poolsOf(objects).values())
    for (const address of offeredBy(pool)) taken.set(address, ownerOf(pool) ?? "somebody");
  for (const [address] of run.snapshot.use.byAddress)
    taken.set(String(address), taken.get(String(address)) ?? "somebody");
  for (const [index, subnet] of model.subnets.entries()) {
    const spec = run.decided!.plan.subnets.get(subnet.key);
    if (spec === undefined) return false;
    const declared = new Set(subnet.zone.flatMap((number, offset) => (number === 0 ? [] : [offset])));
    void declared;
    const all = everyAddress([`${first(subnet)}-${last(subnet)}`]);
    const free = all.filter(
      (address, offset) => !reserved.has(address) && !taken.has(address) && !(offset < 10 && subnet.zone[offset] !== 0),
    ).length;
    let missing = 0;
    for (const one of model.fixed) {
      if (!one.present || !one.subnets.includes(index)) continue;
      const want = one.replicas + one.elastic;
      const have = [...poolsOf(objects).values()]
        .filter(
          (pool) =>
            pool.metadata.annotations?.[OWN.owner]?.includes(`/${one.name}/`) && pool.spec.subnet === cidrOf(subnet),
        )
        .reduce((sum, pool) => sum + offeredBy(pool).length, 0);
      missing += Math.max(0, want - have);
    }
    if (missing > free) return false;
  }
  return true;
}

function first(subnet: { family: 4 | 6; index: number }): string {
  return subnet.family === 4 ? `10.0.${subnet.index}.10` : `fd00:${(subnet.index + 1).toString(16)}::a`;
}

function last(subnet: { family: 4 | 6; index: number; room: number }): string {
  const offset = 10 + 10 + subnet.room - 1;
  return subnet.family === 4
    ? `10.0.${subnet.index}.${offset}`
    : `fd00:${(subnet.index + 1).toString(16)}::${offset.toString(16)}`;
}
