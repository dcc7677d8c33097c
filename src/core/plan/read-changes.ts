import { child, type Diagnostic, type SourceRef } from "../diagnostics.js";
import { type PlanDocument, root } from "./collect.js";
import type { Migration as WrittenMigration } from "./plan.generated.js";
import type { Migration, Moved, Nic, NicAsk, Plan, Workload } from "./plan.js";
import { compareText, fail } from "./scope.js";
import { KnownNames } from "./suggest.js";

/** What `migrations` and `moved` speak of. */
type Parts = Pick<Plan, "subnets" | "pools" | "workloads" | "unreadable">;

/** The renamings of all documents, sorted; each new name is in the plan, each old one is not. */
export function readMoved(documents: readonly PlanDocument[], parts: Parts, found: Diagnostic[]): Moved[] {
  const moves: Moved[] = [];
  const names = new Map<string, SourceRef>();
  const known = new KnownNames(parts.workloads.keys());
  for (const { value, source } of listed(documents, "moved")) {
    const { from, to } = value;
    const refuse = (key: "from" | "to", message: string, hint: string, first?: SourceRef) => {
      const related = first && [{ note: "the other is at", source: first }];
      fail({ at: child(source, key), about: to, found }, "SP2047", message, { hint, ...(related && { related }) });
    };
    if (!parts.workloads.has(to)) {
      const hint = known.didYouMean(to) ?? "declare it under spec.workloads, or remove the entry";
      refuse("to", `there is no workload ${to} in the plan`, hint);
    } else if (parts.workloads.has(from)) {
      refuse("from", `${from} is still in the plan`, "a workload that was renamed has one name only");
    } else if (names.has(from) || names.has(to)) {
      const again = names.has(from) ? ("from" as const) : ("to" as const);
      refuse(again, `${value[again]} moves twice`, "keep one of the two", names.get(value[again]));
    } else moves.push({ from, to, source });
    names.set(from, source);
    names.set(to, source);
  }
  return moves.sort((a, b) => compareText(a.from, b.from));
}

/** The wanted moves of all documents, by the NIC they are of. */
export function readMigrations(
  documents: readonly PlanDocument[],
  parts: Parts,
  found: Diagnostic[],
): ReadonlyMap<string, Migration> {
  const migrations = new Map<string, Migration>();
  for (const { value, source } of listed(documents, "migrations")) {
    if (parts.unreadable?.has(value.from) || parts.unreadable?.has(value.to)) continue;
    const [key, nic] = splitNic(value.owner);
    const fault = migrationFault(value, parts) ?? twice(value.owner, migrations);
    if (fault === undefined) {
      // FIXED-4: in one order, whatever that of the file.
      const { owner, from, to, phase, ticket } = value;
      const optional = ticket === undefined ? {} : { ticket };
      migrations.set(owner, { owner, from, to, phase, ...optional, workload: key, nic, source });
    } else {
      const { at, message, hint } = fault;
      fail({ at: child(source, at), about: key, found }, "SP2048", message, { hint });
    }
  }
  return new Map([...migrations].sort(([a], [b]) => compareText(a, b)));
}

/** The workloads as their migrations leave them: in `prepare` a NIC has the old and the new, in `drain` the new only. */
export function migrated(
  workloads: ReadonlyMap<string, Workload>,
  migrations: ReadonlyMap<string, Migration>,
): ReadonlyMap<string, Workload> {
  if (migrations.size === 0) return workloads;
  return new Map(
    [...workloads].map(([name, workload]) => {
      const interfaces = new Map(
        [...workload.interfaces].map(([nic, one]) => [nic, migratedNic(name, one, migrations)]),
      );
      return [name, { ...workload, interfaces }];
    }),
  );
}

function migratedNic(workload: string, nic: Nic, migrations: ReadonlyMap<string, Migration>): Nic {
  const migration = migrations.get(`${workload}/${nic.name}`);
  if (migration === undefined || nic.ask.type !== "fixed") return nic;
  const { from, to, phase } = migration;
  const leaves = (name: string) => phase === "drain" && name === from && from !== to;
  const subnets = nic.ask.subnets.filter((name) => !leaves(name));
  const slices = (nic.ask.slices ?? []).filter((name) => !leaves(`pool:${name}`));
  const slice = poolOf(to);
  const ask: NicAsk = {
    ...nic.ask,
    subnets: slice === undefined ? [...new Set([...subnets, to])] : subnets,
    slices: slice === undefined ? slices : [...new Set([...slices, slice])],
    // A pool kept by its name is the one that is left.
    ...(phase === "drain" && { pool: undefined }),
  };
  return { ...nic, ask, migration };
}

interface Fault {
  readonly at: "owner" | "from" | "to";
  readonly message: string;
  readonly hint: string;
}

/** A VM and what it runs as; a replica set of VMs makes new ones, which keep nothing. */
const KEEPS_ITS_OWN: ReadonlySet<string> = new Set([
  "VirtualMachine.kubevirt.io",
  "VirtualMachineInstance.kubevirt.io",
]);

function migrationFault({ owner, from, to }: WrittenMigration, parts: Parts): Fault | undefined {
  const [key, name] = splitNic(owner);
  const workload = parts.workloads.get(key);
  const nic = workload?.interfaces.get(name);
  if (workload === undefined || nic?.ask.type !== "fixed") {
    const hint = "write it like default/Deployment/web/net1; its interface must be fixed";
    return { at: "owner", message: `${owner} is no fixed interface of the plan`, hint };
  }
  if (KEEPS_ITS_OWN.has(workload.kind)) {
    const hint =
      "delete the VM but keep its disks (`kubectl delete vm NAME --cascade=orphan`, then `kubectl delete vmi NAME`), sync the plan with the new subnet, and create the VM again";
    const message = `${owner} is a VM: it keeps its address as long as the VM object exists, stopped or not (A21), so it cannot migrate`;
    return { at: "owner", message, hint };
  }
  for (const [at, place] of [
    ["from", from],
    ["to", to],
  ] as const) {
    if (at === "from" && poolOf(place) !== undefined) continue; // any pool it uses now, foreign ones too
    if (familyOf(place, parts) !== undefined) continue;
    return { at, message: `there is no ${place} in the plan`, hint: "name a subnet, or pool:NAME of a declared pool" };
  }
  const [old, fresh] = [familyOf(from, parts), familyOf(to, parts)];
  if (old !== undefined && old !== fresh) {
    return { at: "to", message: `${from} and ${to} are of different families`, hint: "migrate each family by itself" };
  }
  if (from !== to || nic.ask.perPod !== undefined || poolOf(to) !== undefined) return undefined;
  return { at: "to", message: `${owner} moves from ${from} to itself`, hint: "name where it goes to" };
}

function twice(owner: string, migrations: ReadonlyMap<string, Migration>): Fault | undefined {
  if (!migrations.has(owner)) return undefined;
  return { at: "owner", message: `${owner} migrates twice at once`, hint: "finish one migration before the next" };
}

function familyOf(place: string, { subnets, pools }: Parts): number | undefined {
  const pool = poolOf(place);
  return subnets.get(pool === undefined ? place : (pools.get(pool)?.subnet ?? ""))?.family;
}

function poolOf(place: string): string | undefined {
  return place.startsWith("pool:") ? place.slice("pool:".length) : undefined;
}

function splitNic(owner: string): [workload: string, nic: string] {
  const slash = owner.lastIndexOf("/");
  return [owner.slice(0, Math.max(0, slash)), owner.slice(slash + 1)];
}

function listed<K extends "moved" | "migrations">(documents: readonly PlanDocument[], key: K) {
  return [...documents]
    .sort((a, b) => compareText(a.file, b.file) || a.index - b.index)
    .flatMap((document) =>
      (document.spec[key] ?? []).map((value, index) => ({
        value: value as NonNullable<PlanDocument["spec"][K]>[number],
        source: child(root(document), "spec", key, index),
      })),
    );
}
