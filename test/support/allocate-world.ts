import { type AllocateInput, allocate } from "../../src/core/allocate/allocate.js";
import type { Lock, SubnetLock } from "../../src/core/allocate/allocation.js";
import type { SourceRef } from "../../src/core/diagnostics.js";
import { parseAddress } from "../../src/core/ip/address.js";
import { parseCidr } from "../../src/core/ip/range.js";
import {
  addressSet,
  EMPTY,
  formatRangeSet,
  parseRangeSet,
  type RangeSet,
  subtract,
} from "../../src/core/ip/range-set.js";
import type { DeclaredPool, NicAsk, Plan, Reservation, Subnet, Workload } from "../../src/core/plan/plan.js";
import { buildSnapshot, EMPTY_SNAPSHOT, type Snapshot } from "../../src/core/snapshot.js";
import type { KubeObject, SpiderEndpoint, SpiderIPPool } from "../../src/core/spiderpool/objects.js";

/** Small plans, locks and clusters for the allocation tests, written the short way. */

const SOURCE: SourceRef = { file: "plan.yaml", document: 0, pointer: "" };

export function ranges(...texts: string[]): RangeSet {
  const set = parseRangeSet(texts);
  if (set === undefined) throw new Error(`not a range set: ${texts.join(" ")}`);
  return set;
}

export function subnet(
  name: string,
  cidr: string,
  rangeTexts: string[],
  options: { gateway?: string; exclude?: string[] } = {},
): Subnet {
  const parsed = parseCidr(cidr)!;
  const set = ranges(...rangeTexts);
  const exclude = options.exclude ? ranges(...options.exclude) : EMPTY;
  const gateway = options.gateway === undefined ? undefined : parseAddress(options.gateway);
  const usable = subtract(subtract(set, exclude), gateway === undefined ? EMPTY : addressSet([gateway]));
  return {
    name,
    source: SOURCE,
    meta: {},
    objectName: name,
    family: parsed.family,
    cidr: parsed,
    ...(gateway === undefined ? {} : { gateway }),
    ranges: set,
    exclude,
    usable,
    routes: [],
    networks: [],
  };
}

export interface FixedOptions {
  replicas?: number;
  elastic?: number | "auto";
  subnets?: string[];
  wishes?: string[];
  pool?: string;
  nic?: string;
  /** One address for each ordinal, with wishes. */
  perPod?: Record<number, string>;
  perSubnet?: Record<string, number>;
  /** Ticket that what it gains waits for. */
  pending?: string;
  /** Declared pools to cut a slice from, in place of subnets. */
  slices?: string[];
}

/** A workload with one fixed NIC; key is `namespace/Kind/name`. */
export function fixed(key: string, options: FixedOptions = {}): Workload {
  const [namespace, kind, workload] = key.split("/") as [string, string, string];
  const nic = options.nic ?? "net1";
  const wishes = options.wishes ?? [];
  const families = [wishes.filter((text) => !text.includes(":")), wishes.filter((text) => text.includes(":"))];
  const ask: NicAsk = {
    type: "fixed",
    subnets: options.slices === undefined ? (options.subnets ?? ["a"]) : [],
    ...(options.slices && { slices: options.slices }),
    elastic: options.elastic ?? 0,
    wishes: families.filter((texts) => texts.length > 0).map((texts) => ranges(...texts)),
    ...(options.pool === undefined ? {} : { pool: options.pool }),
    ...(options.perPod && {
      perPod: new Map(Object.entries(options.perPod).map(([ordinal, text]) => [Number(ordinal), parseAddress(text)!])),
    }),
    ...(options.perSubnet && { perSubnet: new Map(Object.entries(options.perSubnet)) }),
  };
  return {
    name: key,
    source: SOURCE,
    meta: {},
    namespace,
    kind,
    workload,
    ...(options.replicas === undefined ? {} : { bound: options.replicas }),
    interfaces: new Map([
      [nic, { name: nic, source: SOURCE, ask, ...(options.pending && { pending: options.pending }) }],
    ]),
    routes: [],
    annotate: false,
  };
}

export function declared(
  name: string,
  subnetKey: string,
  content: { addresses?: string[]; count?: number; from?: string },
): DeclaredPool {
  return {
    name,
    source: SOURCE,
    meta: {},
    subnet: subnetKey,
    ...(content.addresses ? { addresses: ranges(...content.addresses) } : {}),
    ...(content.count === undefined
      ? {}
      : { take: { count: content.count, ...(content.from ? { from: parseAddress(content.from)! } : {}) } }),
    networks: [],
    routes: [],
    default: false,
    disabled: false,
  };
}

export function reservation(name: string, v4: string[], v6: string[] = []): Reservation {
  return { name, source: SOURCE, meta: {}, addresses: { v4: ranges(...v4), v6: ranges(...v6) } };
}

export function plan(parts: {
  subnets?: Subnet[];
  workloads?: Workload[];
  pools?: DeclaredPool[];
  reserved?: Reservation[];
  quarantineSeconds?: number;
  moved?: Record<string, string>;
}): Plan {
  const named = <T extends { name: string }>(things: readonly T[] | undefined) =>
    new Map((things ?? []).map((thing) => [thing.name, thing]));
  return {
    cluster: undefined,
    settings: {
      quarantineSeconds: parts.quarantineSeconds ?? 86_400,
      pruneBudget: { count: 5, percent: 20 },
      spiderpool: {},
    },
    subnets: named(parts.subnets ?? [SMALL]),
    reserved: named(parts.reserved),
    networks: new Map(),
    pools: named(parts.pools),
    namespaces: new Map(),
    workloads: named(parts.workloads),
    moved: Object.entries(parts.moved ?? {}).map(([from, to]) => ({ from, to, source: SOURCE })),
  };
}

/** 10.0.0.0/24 with .10-.29 to give away. */
export const SMALL = subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.29"], { gateway: "10.0.0.1" });

type Holdings = Record<string, string[]>;

/** A lock: `{subnet: {held: {owner: [ranges]}, ...}}`. */
export function lock(
  subnets: Record<string, { held?: Holdings; released?: Holdings; pools?: Record<string, string> }>,
  files = true,
): Lock {
  const sets = (holdings: Holdings | undefined) =>
    new Map(Object.entries(holdings ?? {}).map(([owner, texts]) => [owner, ranges(...texts)]));
  const entries = Object.entries(subnets).map(([key, { held, released, pools }]): [string, SubnetLock] => [
    key,
    { held: sets(held), released: sets(released), pools: new Map(Object.entries(pools ?? {})) },
  ]);
  return { files, subnets: new Map(entries) };
}

export const NO_LOCK: Lock = { files: false, subnets: new Map() };

export interface PoolOptions {
  cidr?: string;
  /** `owner/subnet`: made by spiderplan for this owner. */
  owner?: string;
  /** Install that keeps it; default `default` when it has an owner. */
  install?: string;
  /** address -> Pod */
  used?: Record<string, string>;
  labels?: Record<string, string>;
  terminating?: boolean;
  excludeIPs?: string[];
}

export function pool(name: string, ips: string[], options: PoolOptions = {}): SpiderIPPool {
  const install = options.install ?? (options.owner === undefined ? undefined : "default");
  const annotations: Record<string, string> = {};
  if (install !== undefined) {
    annotations["spiderplan.io/tracking-id"] = `${install}:spiderpool.spidernet.io/SpiderIPPool:/${name}`;
  }
  if (options.owner !== undefined) annotations["spiderplan.io/owner"] = options.owner;
  const used = Object.entries(options.used ?? {}).map(([ip, pod]) => [ip, { pod, podUid: `uid-${pod}` }]);
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderIPPool",
    metadata: {
      name,
      annotations,
      ...(options.labels ? { labels: options.labels } : {}),
      ...(options.terminating ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: {
      subnet: options.cidr ?? (ips[0]?.includes(":") ? "fd00::/64" : "10.0.0.0/24"),
      ips,
      ...(options.excludeIPs ? { excludeIPs: options.excludeIPs } : {}),
    },
    ...(used.length > 0 ? { status: { allocatedIPs: JSON.stringify(Object.fromEntries(used)) } } : {}),
  };
}

export function endpoint(pod: string, address: string, poolName: string, workload = "Deployment/x"): SpiderEndpoint {
  const [namespace, name] = pod.split("/") as [string, string];
  const [type, owner] = workload.split("/") as [string, string];
  const v6 = address.includes(":");
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderEndpoint",
    metadata: { name, namespace },
    status: {
      current: {
        uid: `uid-${pod}`,
        node: "node-a",
        ips: [
          v6
            ? { interface: "net1", ipv6: `${address}/64`, ipv6Pool: poolName }
            : { interface: "net1", ipv4: `${address}/24`, ipv4Pool: poolName },
        ],
      },
      ownerControllerType: type,
      ownerControllerName: owner,
    },
  };
}

const ALL_KINDS = ["SpiderIPPool", "SpiderEndpoint", "SpiderSubnet", "SpiderReservedIP", "Deployment", "StatefulSet"];

/** A completely listed cluster. */
export function cluster(...objects: KubeObject[]): Snapshot {
  return buildSnapshot(objects, ALL_KINDS);
}

/** Runs the allocation; no cluster and no lock unless given. */
export function run(input: Partial<AllocateInput> & { plan: Plan }) {
  return allocate({ lock: NO_LOCK, snapshot: EMPTY_SNAPSHOT, install: "default", mode: "lock", ...input });
}

/** `owner/subnet` -> addresses as text, of the allocations. */
export function shown(result: ReturnType<typeof allocate>): Record<string, string> {
  return Object.fromEntries(
    result.allocations.map((one) => [`${one.owner}/${one.subnet}`, formatRangeSet(one.addresses).join(",")]),
  );
}

/** The lock as plain text, for comparison. */
export function written(recorded: Lock): unknown {
  const text = (map: ReadonlyMap<string, RangeSet>) =>
    Object.fromEntries([...map].map(([owner, set]) => [owner, formatRangeSet(set).join(",")]));
  return Object.fromEntries(
    [...recorded.subnets].map(([key, { held, pools, released }]) => [
      key,
      { held: text(held), pools: Object.fromEntries(pools), released: text(released) },
    ]),
  );
}
