import type { SourceRef } from "../diagnostics.js";
import type { Address, Family } from "../ip/address.js";
import type { Cidr } from "../ip/range.js";
import type { RangeSet } from "../ip/range-set.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import type { LabelSelector, Route } from "../spiderpool/objects.js";

/**
 * All plan documents that apply to one cluster, merged and checked: every address parsed, every reference resolved.
 * Keys are the names people wrote. Only `merge.ts` and `check.ts` make one.
 */
export interface Plan {
  /** The name given by `--cluster`; undefined where no document has `clusters`. */
  readonly cluster: string | undefined;
  readonly settings: Settings;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly reserved: ReadonlyMap<string, Reservation>;
  /** Keyed `namespace/name`. */
  readonly networks: ReadonlyMap<string, Network>;
  readonly pools: ReadonlyMap<string, DeclaredPool>;
  readonly namespaces: ReadonlyMap<string, NamespaceDefaults>;
  /** Keyed `namespace/Kind/name`. */
  readonly workloads: ReadonlyMap<string, Workload>;
  /** By the NIC that moves, `namespace/Kind/name/nic`; the workloads say what follows from them. */
  readonly migrations?: ReadonlyMap<string, Migration>;
  /** Workloads that were renamed. */
  readonly moved?: readonly Moved[];
  /** Declared, but not readable: keys of subnets and `pool:<name>`. That was told, and what follows from it is not. */
  readonly unreadable?: ReadonlySet<string>;
}

/** A move the plan wants: the one way an owner may change its addresses (DESIGN 6). */
export interface Migration {
  /** The NIC. */
  readonly owner: string;
  readonly workload: string;
  readonly nic: string;
  /** Keys of subnets, or `pool:<name>`. */
  readonly from: string;
  readonly to: string;
  /** `prepare`: the new addresses are locked, their pool is disabled; `drain`: restarts go over to it. */
  readonly phase: "prepare" | "drain";
  readonly ticket?: string;
  readonly source: SourceRef;
}

/** A renaming: the new name has the old one's addresses and pools. */
export interface Moved {
  /** `namespace/Kind/name`. */
  readonly from: string;
  readonly to: string;
  readonly source: SourceRef;
}

export interface Settings {
  /** How long a released address rests before another owner may have it; 0 = not at all. */
  readonly quarantineSeconds: number;
  readonly pruneBudget: { readonly count: number; readonly percent: number };
  /** Facts F1 as far as the plan states them; they win over chart defaults, live facts win over them. */
  readonly spiderpool: Partial<SpiderpoolFacts>;
  /** Namespaces whose idle templates alone hold changes back; undefined = those of all, by names that are theirs. */
  readonly trustedNamespaces?: ReadonlySet<string>;
}

/** What every named thing carries. */
interface Named {
  readonly name: string;
  readonly source: SourceRef;
  readonly meta: Readonly<Record<string, string>>;
}

/** Nodes or namespaces by name, or by selector; never both (A7). */
export interface Affinity {
  readonly names?: readonly string[];
  readonly selector?: LabelSelector;
}

export interface Subnet extends Named {
  /** Name of the SpiderSubnet: `object` of the plan, else the key. */
  readonly objectName: string;
  readonly family: Family;
  readonly cidr: Cidr;
  readonly gateway?: Address;
  readonly vlan?: number;
  readonly ranges: RangeSet;
  readonly exclude: RangeSet;
  /** ranges - exclude - gateway: what may be allocated at all. */
  readonly usable: RangeSet;
  readonly routes: readonly Route[];
  readonly nodes?: Affinity;
  /** Multus affinity of every pool made in this subnet, `namespace/name`. */
  readonly networks: readonly string[];
}

export interface Reservation extends Named {
  readonly addresses: { readonly v4: RangeSet; readonly v6: RangeSet };
  readonly reason?: string;
  /** RFC 3339 date; past it the plan warns, nothing else. */
  readonly until?: string;
}

export interface Network extends Named {
  readonly namespace: string;
  readonly objectName: string;
  /** SpiderMultusConfig.spec as desired, before Spiderpool's own mutation (S14, M14). */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Input annotations of S30 and X9, when the plan gives them. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly vlan?: number;
  readonly defaultPools: readonly string[];
}

export interface DeclaredPool extends Named {
  /** Key of the subnet. */
  readonly subnet: string;
  /** Exactly one of `addresses` and `take` is set. */
  readonly addresses?: RangeSet;
  readonly take?: { readonly from?: Address; readonly count: number };
  readonly namespaces?: Affinity;
  readonly pods?: LabelSelector;
  readonly nodes?: Affinity;
  readonly networks: readonly string[];
  /** Written value; inherited from the subnet unless given. */
  readonly gateway?: Address;
  readonly routes: readonly Route[];
  readonly default: boolean;
  readonly disabled: boolean;
  /** Addresses no slice holds are offered to nobody. */
  readonly slicesOnly?: boolean;
}

export interface NamespaceDefaults extends Named {
  readonly defaultPools: readonly string[];
}

export interface Workload extends Named {
  readonly namespace: string;
  /** `Deployment`, or `CloneSet.apps.kruise.io` outside apps and batch. */
  readonly kind: string;
  readonly workload: string;
  /** Upper bound of replicas: maxReplicas, maxNodes or replicas, in this order; undefined = follow the live object. */
  readonly bound?: number;
  readonly pods?: LabelSelector;
  readonly interfaces: ReadonlyMap<string, Nic>;
  readonly routes: readonly Route[];
  readonly annotate: boolean;
}

export interface Nic {
  readonly name: string;
  readonly source: SourceRef;
  /** `namespace/name` of the Multus network. */
  readonly network?: string;
  /** Whether the NIC gets the default route; undefined = by position (DESIGN 3). */
  readonly defaultRoute?: boolean;
  readonly ask: NicAsk;
  /** Ticket: addresses it gains are held but not offered while this is set. */
  readonly pending?: string;
  readonly migration?: Migration;
}

/** Where a NIC's addresses come from. */
export type NicAsk =
  | {
      readonly type: "fixed";
      readonly subnets: readonly string[];
      readonly elastic: number | "auto";
      /** Wished addresses of all subnets together. */
      readonly wishes: readonly RangeSet[];
      /** Declared pools a slice is cut from, in place of subnets. */
      readonly slices?: readonly string[];
      /** A live pool kept under its own name. */
      readonly pool?: string;
      /** One address for each ordinal, with the wished ones; absent = all Pods share one set. */
      readonly perPod?: ReadonlyMap<number, Address>;
      /** Size by subnet where it is not replicas + elastic; elastic included. */
      readonly perSubnet?: ReadonlyMap<string, number>;
    }
  | { readonly type: "pools"; readonly pools: readonly string[] }
  | { readonly type: "defaultPools" };
