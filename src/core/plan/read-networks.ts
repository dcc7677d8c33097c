import type { Diagnostic } from "../diagnostics.js";
import type { Entry } from "./collect.js";
import type { PlanNetwork } from "./plan.generated.js";
import type { DeclaredPool, Network, Subnet } from "./plan.js";
import { sorted } from "./read-affinity.js";
import { checkPoolNames, type References } from "./references.js";
import { compareText, fail, into, named, type Scope } from "./scope.js";

/** Block of the plan -> `cniType` of Spiderpool (S14: only ib-sriov is spelled in two ways). */
const CNI_TYPES = {
  macvlan: "macvlan",
  ipvlan: "ipvlan",
  vlan: "vlan",
  sriov: "sriov",
  ibsriov: "ib-sriov",
  ipoib: "ipoib",
  ovs: "ovs",
  customCNI: "custom",
} as const;
type BlockName = keyof typeof CNI_TYPES;

/** One network as a SpiderMultusConfig's spec in Spiderpool's own field names (S14); undefined without a block. */
export function readNetwork(
  entry: Entry<PlanNetwork>,
  pools: ReadonlyMap<string, DeclaredPool>,
  references: References,
  found: Diagnostic[],
): Network | undefined {
  const { name, value, source } = entry;
  const scope: Scope = { at: source, found };
  const blockName = theBlock(value, scope);
  const names = checkPoolNames(value.defaultPools ?? [], references, into(scope, "defaultPools"));
  if (blockName === undefined) return undefined;
  const defaults = byPoolFamily(names, pools, references.subnets);
  const [namespace, objectName] = name.split("/") as [string, string];
  return {
    name,
    source,
    meta: sorted(value.meta ?? {}),
    namespace,
    objectName,
    spec: {
      cniType: CNI_TYPES[blockName],
      [blockName]: blockName === "customCNI" ? customBlock(value, scope) : block(value, blockName, defaults, scope),
      ...pick(value, ["enableCoordinator", "disableIPAM", "coordinator", "chainCNIJsonData"]),
    },
    annotations: sorted({ ...value.annotations }),
    vlan: vlanOf(value, blockName),
    defaultPools: names,
  };
}

/** X1: exactly one block. */
function theBlock(value: PlanNetwork, scope: Scope): BlockName | undefined {
  const present = (Object.keys(CNI_TYPES) as BlockName[]).filter((name) => value[name] !== undefined);
  if (present.length === 1) return present[0];
  const known = Object.keys(CNI_TYPES).join(", ");
  if (present.length === 0) {
    fail(named(scope), "SP2032", "the network has no CNI block", { hint: `give one of ${known}` });
  } else {
    fail(named(scope), "SP2032", `the network has several CNI blocks: ${present.join(", ")}`, {
      hint: "keep one (X1)",
    });
  }
  return present[0];
}

/** G15, M14: Spiderpool forces the coordinator away and reads no pools where the CNI is custom. */
function customBlock(value: PlanNetwork, scope: Scope): string {
  for (const key of ["coordinator", "defaultPools"] as const) {
    if (value[key] !== undefined) {
      fail(named(into(scope, key)), "SP2033", `${key} has no effect with customCNI (G15)`, { hint: "leave it out" });
    }
  }
  if (value.enableCoordinator === true) {
    fail(into(scope, "enableCoordinator"), "SP2033", "the coordinator cannot be enabled with customCNI (G15)", {
      hint: "leave it out",
    });
  }
  return value.customCNI ?? "";
}

function block(
  value: PlanNetwork,
  name: Exclude<BlockName, "customCNI">,
  defaults: { ipv4?: string[]; ipv6?: string[] },
  scope: Scope,
): Record<string, unknown> {
  const written = value[name]!;
  if (written.ippools !== undefined && value.defaultPools !== undefined) {
    fail(named(into(scope, "defaultPools")), "SP2033", `default pools are given twice, here and as ${name}.ippools`, {
      hint: "keep defaultPools",
    });
  }
  const ippools = Object.keys(defaults).length > 0 ? { ippools: defaults } : {};
  return ordered({ ...written, ...ippools }) as Record<string, unknown>;
}

/** `defaultPools` lists both families; Spiderpool wants them apart. */
function byPoolFamily(
  names: readonly string[],
  pools: ReadonlyMap<string, DeclaredPool>,
  subnets: ReadonlyMap<string, Subnet>,
): { ipv4?: string[]; ipv6?: string[] } {
  const of = (family: number) => names.filter((name) => subnets.get(pools.get(name)?.subnet ?? "")?.family === family);
  const [ipv4, ipv6] = [of(4), of(6)];
  return { ...(ipv4.length > 0 ? { ipv4 } : {}), ...(ipv6.length > 0 ? { ipv6 } : {}) };
}

/** The tag Pods of this network use, where the plan states it; without a tag the master may itself be a VLAN interface. */
function vlanOf(value: PlanNetwork, name: BlockName): number | undefined {
  if (name === "ovs") return value.ovs?.vlan;
  if (name === "macvlan" || name === "ipvlan" || name === "vlan" || name === "sriov") return value[name]?.vlanID;
  return undefined;
}

function pick(value: PlanNetwork, keys: readonly (keyof PlanNetwork)[]): Record<string, unknown> {
  return Object.fromEntries(
    keys.filter((key) => value[key] !== undefined).map((key) => [key, ordered(value[key])] as const),
  );
}

/** The same value with the keys of every map in order, so that their order in the file never shows. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => compareText(a, b))
      .map(([key, inner]) => [key, ordered(inner)]),
  );
}
