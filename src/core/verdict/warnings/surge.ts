import type { Diagnostic } from "../../diagnostics.js";
import type { Family } from "../../ip/address.js";
import type { Nic, Workload } from "../../plan/plan.js";
import { type Pace, paceOf } from "../pace.js";
import type { Watch } from "./watch.js";
import { some } from "./words.js";

/** A NIC with fewer addresses of its own than a rollout of its Deployment asks for. */
interface Short {
  readonly workload: Workload;
  readonly nic: Nic;
  readonly family: Family;
  readonly room: number;
  readonly replicas: number;
  readonly pace: Pace;
}

/**
 * Deployments whose rollout asks for more addresses than the pools that are theirs alone have: replicas + maxSurge (A22).
 * Where no Pod may be missing and none is spare it never gets on; else new Pods only wait for old ones, which is no
 * more than an information.
 */
export function surgeWarnings(watch: Watch): Diagnostic[] {
  const short = [...watch.plan.workloads.values()].flatMap((workload) => shortOf(watch, workload));
  const stopping = short.filter(({ room, replicas, pace }) => pace.unavailable === 0 && room <= replicas);
  const slow = short
    .filter((one) => !stopping.includes(one))
    .map(({ workload, nic }) => `${workload.name}/${nic.name}`);
  return [...stopping.map(stops), ...(slow.length === 0 ? [] : [waits([...new Set(slow)])])];
}

function shortOf(watch: Watch, workload: Workload): Short[] {
  const live = watch.after.workloads.get(workload.name);
  const replicas = (live?.spec as { replicas?: number } | undefined)?.replicas ?? 1;
  if (live?.kind !== "Deployment" || replicas === 0) return [];
  const pace = paceOf(live, replicas);
  if (pace.surge === 0) return [];
  return [...workload.interfaces.values()].flatMap((nic) =>
    ([4, 6] as const).flatMap((family): Short[] => {
      const room =
        nic.ask.type === "fixed" ? watch.givenTo(workload.name, nic.name, family) : own(watch, workload, nic, family);
      return room === undefined || room >= replicas + pace.surge
        ? []
        : [{ workload, nic, family, room, replicas, pace }];
    }),
  );
}

/** Usable addresses of declared pools that only Pods of the workload's labels may use; undefined where others may. */
function own(watch: Watch, workload: Workload, nic: Nic, family: Family): number | undefined {
  const same = watch.poolsOf(workload.name, nic.name).filter((pool) => pool.spec.ipVersion === family);
  if (same.length === 0 || !same.every((pool) => pool.spec.podAffinity)) return undefined;
  return same.filter((pool) => !pool.spec.disable).reduce((sum, pool) => sum + watch.last.capacity(pool), 0);
}

function stops({ workload, nic, family, room, replicas, pace }: Short): Diagnostic {
  return {
    code: "SP4211",
    severity: "warning",
    message: `a rollout of ${workload.name} never gets on: no Pod may be missing, and ${nic.name} has ${room} IPv${family} addresses for ${replicas} replicas + ${pace.surge} surge`,
    hint: "raise elastic, or set the Deployment's maxUnavailable to 1",
    source: nic.source,
    about: `${workload.name}/${nic.name}`,
  };
}

function waits(names: readonly string[]): Diagnostic {
  return {
    code: "SP4211",
    severity: "info",
    message: `fewer addresses than replicas + maxSurge, so that new Pods of a rollout wait for old ones to go: ${some(names)}`,
    hint: "leave elastic to auto, or raise it",
  };
}
