import { ownershipOf } from "../change/ownership.js";
import type { Diagnostic, Result } from "../diagnostics.js";
import type { Moved, Plan } from "../plan/plan.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import type { Lock } from "./allocation.js";
import { renamer } from "./moved.js";
import { plainStem, stemIn } from "./naming.js";
import { type Owner, parseNicOwner, splitOwner, takenPool, wholeNic, workloadOf } from "./owner.js";

/**
 * The plan with the renamings that it takes back: a workload of the plan holds nothing, a pool bears its name, and the
 * pool's owner is gone from the plan. Only a `moved` makes that, and whoever reverts the commit that had it means the
 * workload to have its addresses again, without a `moved` for the way back.
 */
export function withReturned(plan: Plan, lock: Lock, snapshot: Snapshot, install: string): Result<Plan> {
  const rename = renamer(plan);
  const recorded = [...recordedPools(lock, snapshot, install)].map((one) => ({ ...one, owner: rename(one.owner) }));
  const strays = recorded.filter(({ owner }) => isNic(owner) && !plan.workloads.has(workloadOf(owner)));
  if (strays.length === 0) return { value: plan, diagnostics: [] };
  const named = workloadsByStem(plan);
  const homes = new Map<string, Set<string>>();
  for (const { owner, subnet, pool } of strays) {
    const stem = stemIn(pool, owner, subnet) ?? "";
    const home = stem === plainStem(wholeNic(owner)) ? undefined : named.get(stem);
    if (home !== undefined) homes.set(workloadOf(owner), (homes.get(workloadOf(owner)) ?? new Set()).add(home));
  }
  const holding = new Set(recorded.map(({ owner }) => workloadOf(owner)));
  const held = new Set([...lock.subnets.values()].flatMap((one) => [...one.held.keys()].map(rename).map(workloadOf)));
  const back = [...homes].flatMap(([from, [to, other]]): Moved[] => {
    if (to === undefined || other !== undefined || holding.has(to) || (held.has(from) && held.has(to))) return [];
    return [{ from, to, source: plan.workloads.get(to)!.source }];
  });
  const alone = back.filter(({ to }) => back.filter((one) => one.to === to).length === 1);
  if (alone.length === 0) return { value: plan, diagnostics: [] };
  return { value: { ...plan, moved: [...(plan.moved ?? []), ...alone] }, diagnostics: alone.map(told) };
}

interface RecordedPool {
  readonly owner: Owner;
  readonly subnet: string;
  readonly pool: string;
}

/** Whose a pool is, by the lock and by the pools of ours themselves. */
function* recordedPools(lock: Lock, snapshot: Snapshot, install: string): Generator<RecordedPool> {
  for (const [subnet, { pools }] of lock.subnets) for (const [owner, pool] of pools) yield { owner, subnet, pool };
  for (const pool of snapshot.pools.values()) {
    const owner = recordedOwner(pool);
    if (owner === undefined || ownershipOf(pool, install).type !== "ours") continue;
    yield { ...splitOwner(owner), pool: pool.metadata.name };
  }
}

/** Workloads of the plan by the stems that pools of theirs have had: under their name, or one they had before. */
function workloadsByStem(plan: Plan): ReadonlyMap<string, string> {
  const stems = new Map<string, string>();
  const names = [...plan.workloads.keys()].map((name): [string, string] => [name, name]);
  for (const [name, to] of [...(plan.moved ?? []).map((one): [string, string] => [one.from, one.to]), ...names]) {
    for (const nic of plan.workloads.get(to)?.interfaces.keys() ?? []) stems.set(plainStem(`${name}/${nic}`), to);
  }
  return stems;
}

function isNic(owner: Owner): boolean {
  return takenPool(owner) === undefined && parseNicOwner(owner) !== undefined;
}

function told({ from, to, source }: Moved): Diagnostic {
  return {
    code: "SP4123",
    severity: "info",
    message: `${from} is gone from the plan and its pools bear the name of ${to}: the renaming is taken back, ${to} has its addresses again`,
    source,
    about: to,
  };
}
