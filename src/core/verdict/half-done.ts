import type { OrderedStep } from "../change/order.js";
import { type Snapshot, usersOf } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { type Judged, judgeSteps } from "./judge.js";

/**
 * Judges what is left of a decision while its steps are being carried out. Whoever has only what the steps so far gave him
 * loses nothing by the others: a harm must be one both to the cluster as it is now and to the one that was decided on.
 * @param snapshot the cluster as it is now
 * @param decidedOn the cluster of the decision
 * @param permit takes out what the plan wants to happen: of either judgement, since a template that is written already
 *   makes a move that was permitted look like another harm
 */
export function judgeRest(
  steps: readonly OrderedStep[],
  { snapshot, decidedOn }: { readonly snapshot: Snapshot; readonly decidedOn: Snapshot },
  facts: SpiderpoolFacts,
  permit: (judged: Judged) => Judged,
): Judged {
  const settled = usersOf(snapshot, (pool) => decidedOn.pools.has(pool));
  const now = permit(judgeSteps(steps, settled, facts));
  if (now.idle.length === 0 && now.classes.every(({ harmed }) => harmed.length === 0)) return now;
  const since = permit(judgeSteps(steps, usersThen(settled, decidedOn), facts, settled));
  const harmed = new Set(since.classes.flatMap((one) => one.harmed.map(({ tenant }) => holderKey(tenant))));
  const idle = new Set(since.idle.map(({ entry }) => entry.owner));
  return {
    ...now,
    judgements: now.judgements.filter(({ tenant }) => harmed.has(holderKey(tenant))),
    classes: now.classes.map((one) => ({
      ...one,
      harmed: one.harmed.filter(({ tenant }) => harmed.has(holderKey(tenant))),
    })),
    idle: now.idle.filter(({ entry }) => idle.has(entry.owner)),
  };
}

/** The cluster that was decided on, with those who are there now; a workload or Namespace that is new is as it is. */
function usersThen(snapshot: Snapshot, decidedOn: Snapshot): Snapshot {
  return {
    ...snapshot,
    subnets: decidedOn.subnets,
    pools: decidedOn.pools,
    reserved: decidedOn.reserved,
    multusConfigs: decidedOn.multusConfigs,
    networkAttachments: decidedOn.networkAttachments,
    namespaces: new Map([...snapshot.namespaces, ...decidedOn.namespaces]),
    workloads: new Map([...snapshot.workloads, ...decidedOn.workloads]),
  };
}

function holderKey({ pod, nic, address }: { pod: string; nic: string; address: number | bigint }): string {
  return `${pod} ${nic} ${address}`;
}
