import type { NetworkPlanSpec } from "../../../src/core/plan/plan.generated.js";

/** How many addresses of each subnet declared pools may share out; the rest is for fixed owners. */
export const ZONE = 10;
const FIRST = 10;

export const NAMESPACES = ["blue", "red"] as const;
export const NETWORKS = ["kube-system/n0", "kube-system/n1"] as const;

export type NicName = "eth0" | "net1";

export interface SubnetModel {
  readonly key: string;
  readonly index: number;
  readonly family: 4 | 6;
  /** Who has each declared address: 0 nobody, n the pool with number n. */
  zone: number[];
  /** Addresses beyond the declared ones. */
  room: number;
  zoneLabel?: string;
}

export interface PoolModel {
  readonly number: number;
  name: string;
  readonly subnet: number;
  namespaces?: "blue" | "red" | "color";
  pods?: "tier-x" | "tier-y" | "all" | "app-0" | "app-1";
  nodes?: "node-0" | "node-1" | "zone-a" | "zone-b";
  network?: 0 | 1;
  isDefault: boolean;
  disabled: boolean;
  slicesOnly: boolean;
  take: number;
}

/** What one NIC of a workload has to itself. */
export interface FixedModel {
  readonly workload: number;
  readonly nic: NicName;
  name: string;
  replicas: number;
  elastic: number;
  subnets: number[];
  perPod: boolean;
  /** Number of the declared pool it is a slice of. */
  slice: number | undefined;
  present: boolean;
  /** Numbers of subnets; a slice migrates from its pool. */
  migration?: Migration;
  /** The name it had before it was renamed, as long as the plan tells. */
  formerly?: string;
  /** What it gains waits for a ticket. */
  pending?: boolean;
  /** Addresses it wishes for in its first subnet. */
  wish?: { readonly offset: number; readonly count: number };
  /** How many it wants in its first subnet, whatever its replicas. */
  perSubnet?: number;
  annotate?: boolean;
}

export interface Migration {
  readonly from: number;
  readonly to: number;
  readonly phase: "prepare" | "drain";
}

/** A plan, as the worlds change it. */
export interface PlanModel {
  quarantine: "0" | "1h";
  subnets: SubnetModel[];
  pools: PoolModel[];
  reserved: ({ subnet: number; offset: number; length: number } | undefined)[];
  /** Pool numbers. */
  namespaceDefaults: Record<string, number[]>;
  networkDefaults: Record<string, number[]>;
  fixed: FixedModel[];
  networks: boolean;
  /** Networks that leave Spiderpool's IPAM out. */
  withoutIpam?: Record<string, boolean>;
  /** Networks that the plan has no more. */
  gone?: Record<string, boolean>;
  /** The cluster's own network, where it is another one's. */
  clusterNetwork?: string;
}

/** What a workload looks like that a fixed entry is about. */
export interface FixedWorkload {
  readonly namespace: string;
  readonly kind: "Deployment" | "StatefulSet";
  readonly labels: Readonly<Record<string, string>>;
  readonly networks: Readonly<Partial<Record<NicName, string>>>;
  /** Numbers of the declared pools a NIC names that has none to itself. */
  readonly chosen: Readonly<Partial<Record<NicName, readonly number[]>>>;
}

/** The address with this number in the subnet. */
export function addressAt({ family, index }: SubnetModel, offset: number): string {
  return family === 4
    ? `10.0.${index}.${FIRST + offset}`
    : `fd00:${(index + 1).toString(16)}::${(FIRST + offset).toString(16)}`;
}

export function cidrOf({ family, index }: SubnetModel): string {
  return family === 4 ? `10.0.${index}.0/24` : `fd00:${(index + 1).toString(16)}::/64`;
}

/** The addresses a pool has in the plan, as numbers. */
function offsetsOf(subnet: SubnetModel, pool: PoolModel): number[] {
  return subnet.zone.flatMap((number, offset) => (number === pool.number ? [offset] : []));
}

/** Pools with something to offer: a plan may not name others. */
export function livePools(model: PlanModel): PoolModel[] {
  return model.pools.filter((pool) => pool.take > 0 || offsetsOf(model.subnets[pool.subnet]!, pool).length > 0);
}

/** The plan's `spec`. */
export function specOf(model: PlanModel, workloads: readonly FixedWorkload[]): NetworkPlanSpec {
  const there = new Map(livePools(model).map((pool) => [pool.number, pool]));
  const names = (numbers: readonly number[]) => [...new Set(numbers)].flatMap((one) => there.get(one)?.name ?? []);
  const subnets = Object.fromEntries(model.subnets.map((subnet) => [subnet.key, subnetSpec(subnet)]));
  const pools = Object.fromEntries([...there.values()].map((pool) => [pool.name, poolSpec(model, pool)]));
  const reserved = Object.fromEntries(
    model.reserved.flatMap((one, index) => {
      if (one === undefined) return [];
      const subnet = model.subnets[one.subnet]!;
      const addresses = [`${addressAt(subnet, one.offset)}-${addressAt(subnet, one.offset + one.length - 1)}`];
      return [[`r${index}`, { addresses }]];
    }),
  );
  const namespaces = Object.fromEntries(
    Object.entries(model.namespaceDefaults).flatMap(([name, numbers]) =>
      names(numbers).length > 0 ? [[name, { defaultPools: names(numbers) }]] : [],
    ),
  );
  const kept = Object.entries(model.networkDefaults).filter(([name]) => !model.gone?.[name]);
  const networks = Object.fromEntries(
    kept.map(([name, numbers]) => [
      name,
      {
        macvlan: { master: ["ens1"] },
        ...(model.withoutIpam?.[name] && { disableIPAM: true }),
        ...(names(numbers).length > 0 && { defaultPools: names(numbers) }),
      },
    ]),
  );
  const present = model.fixed.filter((one) => one.present);
  const fixed = Object.fromEntries(
    present.map((one) => [
      fixedKey(one, workloads),
      workloadSpec(
        model,
        present.filter(({ workload }) => workload === one.workload),
        workloads[one.workload]!,
        names,
      ),
    ]),
  );
  return {
    settings: {
      quarantine: model.quarantine === "0" ? 0 : model.quarantine,
      pruneBudget: { count: 50, percent: 100 },
      // The strongest promise: whatever stands idle here holds back what would harm it.
      trustedNamespaces: [...NAMESPACES],
      ...(model.clusterNetwork !== undefined && { spiderpool: { clusterNetwork: model.clusterNetwork } }),
    },
    subnets,
    pools,
    reserved,
    namespaces,
    ...(model.networks && { networks }),
    workloads: fixed,
    ...changesOf(model, workloads),
  } as NetworkPlanSpec;
}

/** Where a fixed workload has addresses to itself, by its migration. */
export function subnetsOf({ subnets, migration }: FixedModel): readonly number[] {
  if (migration === undefined) return subnets;
  const stays = subnets.filter((index) => migration.phase === "prepare" || index !== migration.from);
  return [...new Set([...stays, migration.to])];
}

/** What the plan says of fixed workloads that migrate or have a new name. */
function changesOf(
  model: PlanModel,
  workloads: readonly FixedWorkload[],
): Pick<NetworkPlanSpec, "migrations" | "moved"> {
  const present = model.fixed.filter((one) => one.present);
  const migrations = present.flatMap((one) => {
    if (one.migration === undefined) return [];
    const { from, to, phase } = one.migration;
    const pool = sliceOf(model, one);
    const place = pool === undefined ? model.subnets[from]!.key : `pool:${pool.name}`;
    return [{ owner: `${fixedKey(one, workloads)}/${one.nic}`, from: place, to: model.subnets[to]!.key, phase }];
  });
  const names = new Map(
    present.flatMap((one): [string, string][] => {
      if (one.formerly === undefined) return [];
      return [[fixedKey({ ...one, name: one.formerly }, workloads), fixedKey(one, workloads)]];
    }),
  );
  const moved = [...names].map(([from, to]) => ({ from, to }));
  return { ...(migrations.length > 0 && { migrations }), ...(moved.length > 0 && { moved }) };
}

/** The declared pool a fixed workload has a slice of, if that pool can give one. */
function sliceOf(model: PlanModel, one: FixedModel): PoolModel | undefined {
  return livePools(model).find(({ number, take }) => number === one.slice && take === 0);
}

/** `namespace/Kind/name`. */
export function fixedKey(one: FixedModel, workloads: readonly FixedWorkload[]): string {
  const { namespace, kind } = workloads[one.workload]!;
  return `${namespace}/${kind}/${one.name}`;
}

function subnetSpec(subnet: SubnetModel): object {
  const last = addressAt(subnet, ZONE + subnet.room - 1);
  return {
    cidr: cidrOf(subnet),
    gateway: subnet.family === 4 ? `10.0.${subnet.index}.1` : `fd00:${(subnet.index + 1).toString(16)}::1`,
    ranges: [`${addressAt(subnet, 0)}-${last}`],
    ...(subnet.zoneLabel && { nodes: { labels: { zone: subnet.zoneLabel } } }),
  };
}

function poolSpec(model: PlanModel, pool: PoolModel): object {
  const subnet = model.subnets[pool.subnet]!;
  const addresses = offsetsOf(subnet, pool).map((offset) => addressAt(subnet, offset));
  return {
    subnet: subnet.key,
    ...(addresses.length > 0 ? { addresses } : { take: { count: pool.take } }),
    ...(pool.namespaces && {
      namespaces: pool.namespaces === "color" ? { labels: { kind: "color" } } : { names: [pool.namespaces] },
    }),
    ...(pool.pods && { pods: podSelector(pool.pods) }),
    ...(pool.nodes && {
      nodes: pool.nodes.startsWith("zone-") ? { labels: { zone: pool.nodes.slice(5) } } : { names: [pool.nodes] },
    }),
    ...(pool.network !== undefined && { networks: [NETWORKS[pool.network]] }),
    ...(pool.isDefault && { default: true }),
    ...(pool.disabled && { disabled: true }),
    ...(pool.slicesOnly && { slicesOnly: true }),
  };
}

function podSelector(pods: NonNullable<PoolModel["pods"]>): object {
  switch (pods) {
    case "all":
      return { expressions: [{ key: "app", operator: "Exists" }] };
    case "tier-x":
    case "tier-y":
      return { labels: { tier: pods.slice(5) } };
    default:
      return { labels: { app: `w${pods.slice(4)}` } };
  }
}

/** The addresses a fixed workload wishes for, one by one. */
export function wishesOf(model: PlanModel, { subnets, wish }: FixedModel): string[] {
  const subnet = model.subnets[subnets[0]!]!;
  return Array.from({ length: wish?.count ?? 0 }, (_, at) => addressAt(subnet, wish!.offset + at));
}

/** @param entries what its NICs have to themselves, at least one */
function workloadSpec(
  model: PlanModel,
  entries: readonly FixedModel[],
  workload: FixedWorkload,
  names: (numbers: readonly number[]) => string[],
): object {
  const [{ replicas, annotate }] = entries as [FixedModel];
  const interfaces: Record<string, object> = {};
  for (const [nic, numbers] of Object.entries(workload.chosen)) {
    const pools = names(numbers);
    if (pools.length > 0) interfaces[nic] = { network: workload.networks[nic as NicName], pools };
  }
  for (const one of entries) interfaces[one.nic] = fixedSpec(model, one, workload);
  return { replicas, pods: { labels: { app: workload.labels.app } }, ...(annotate && { annotate: true }), interfaces };
}

/** Whether each Pod has an address of its own; then the plan gives it none to spare. */
export function hasOrdinals({ perPod }: FixedModel, kind: FixedWorkload["kind"]): boolean {
  return perPod && kind === "StatefulSet";
}

function fixedSpec(model: PlanModel, one: FixedModel, { kind, networks }: FixedWorkload): object {
  const pool = sliceOf(model, one);
  const keys = [...new Set(one.subnets)].map((index) => model.subnets[index]!.key);
  const from = pool === undefined ? { subnets: keys } : { pools: [pool.name] };
  const perPod = kind === "StatefulSet" ? { perPod: one.perPod } : {};
  const ordinals = hasOrdinals(one, kind);
  const wishes = pool === undefined && !ordinals ? wishesOf(model, one) : [];
  const sized = pool === undefined && one.perSubnet !== undefined && { perSubnet: { [keys[0]!]: one.perSubnet } };
  return {
    network: networks[one.nic],
    fixed: {
      ...from,
      elastic: ordinals ? 0 : one.elastic,
      ...perPod,
      ...(wishes.length > 0 && { addresses: [`${wishes[0]}-${wishes.at(-1)}`] }),
      ...sized,
    },
    ...(one.pending && { pending: "CHG1" }),
  };
}
