import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import type { KubeObject } from "../spiderpool/objects.js";
import type { Lock, SubnetLock } from "./allocation.js";
import { poolName } from "./naming.js";
import { type Owner, workloadOf } from "./owner.js";

/** The name an owner has after the plan's renamings. */
export function renamer(plan: Plan): (owner: Owner) => Owner {
  const names = new Map((plan.moved ?? []).map(({ from, to }) => [from, to]));
  if (names.size === 0) return (owner) => owner;
  return (owner) => {
    const from = workloadOf(owner);
    const to = names.get(from);
    return to === undefined ? owner : `${to}${owner.slice(from.length)}`;
  };
}

/**
 * The live object of a planned workload: between the commit of a renaming and the renaming itself it still has the name
 * it had before, and says how many Pods there are and which.
 */
export function liveWorkload(plan: Plan, name: string, snapshot: Snapshot): KubeObject | undefined {
  const own = snapshot.workloads.get(name);
  if (own !== undefined) return own;
  const from = plan.moved?.find(({ to }) => to === name)?.from;
  return from === undefined ? undefined : snapshot.workloads.get(from);
}

/** The lock with renamed owners under their new names; their pools keep the old ones (DESIGN 5, `pools`). */
export function renamedLock(lock: Lock, plan: Plan): Lock {
  const rename = renamer(plan);
  if ((plan.moved ?? []).length === 0) return lock;
  return { ...lock, subnets: new Map([...lock.subnets].map(([key, content]) => [key, renamed(key, content, rename)])) };
}

function renamed(subnet: string, lock: SubnetLock, rename: (owner: Owner) => Owner): SubnetLock {
  const keys = <T>(map: ReadonlyMap<Owner, T>) => new Map([...map].map(([owner, value]) => [rename(owner), value]));
  const kept = [...lock.held.keys()].flatMap((owner): [Owner, string][] =>
    rename(owner) === owner ? [] : [[rename(owner), lock.pools.get(owner) ?? poolName(owner, subnet)]],
  );
  return {
    ...lock,
    held: keys(lock.held),
    pools: new Map([...keys(lock.pools), ...kept]),
    released: keys(lock.released),
  };
}
