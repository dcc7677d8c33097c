import { nicOwner, sliceOwner } from "../allocate/owner.js";
import { routeMeaning } from "../change/compare.js";
import type { Family } from "../ip/address.js";
import { subnetsOfAsk } from "../plan/nic-subnets.js";
import type { Nic, Plan, Workload } from "../plan/plan.js";
import { KEYS } from "../spiderpool/objects.js";
import { anchorName } from "./anchor.js";
import type { Binding } from "./binding.js";

/** One item of the `ippools` annotation (A3). */
interface PoolChoice {
  interface: string;
  ipv4?: string[];
  ipv6?: string[];
  cleangateway?: boolean;
}

/**
 * The Pod-template annotations that bind a workload to its pools and networks (DESIGN 4, binding by pattern).
 * @returns annotation key -> text; empty for a workload whose NICs all use default pools and name no network
 */
export function templateAnnotations(plan: Plan, workload: Workload, binding: Binding): Record<string, string> {
  const annotations: Record<string, string> = {};
  const nics = [...workload.interfaces.values()].sort(byPosition);
  const chosen = nics.filter((nic) => nic.ask.type !== "defaultPools");
  if (chosen.length > 0) {
    const choices = chosen.map((nic) => {
      // With an overlay on eth0 only our first NIC may take the default route; else Spiderpool's own default holds.
      const defaultRoute = nic.defaultRoute ?? (nic === nics[0] || workload.interfaces.has("eth0"));
      return poolChoice(plan, workload, nic, defaultRoute, binding);
    });
    annotations[KEYS.ippools] = JSON.stringify(choices);
  }
  const eth0 = workload.interfaces.get("eth0");
  if (eth0?.network !== undefined) annotations[KEYS.defaultNetwork] = eth0.network;
  const secondary = nics.filter((nic) => nic.name !== "eth0" && nic.network !== undefined).map((nic) => nic.network);
  if (secondary.length > 0) annotations[KEYS.networks] = secondary.join(",");
  if (workload.routes.length > 0) annotations[KEYS.routes] = JSON.stringify(workload.routes);
  return annotations;
}

/** eth0, net1, net2, ... net10: the order in which Multus attaches. */
function byPosition(a: Nic, b: Nic): number {
  const position = (nic: Nic) => (nic.name === "eth0" ? 0 : Number(/\d+$/.exec(nic.name)?.[0] ?? 0) + 1);
  return position(a) - position(b) || (a.name < b.name ? -1 : 1);
}

function poolChoice(
  plan: Plan,
  workload: Workload,
  nic: Nic,
  defaultRoute: boolean,
  { facts, familyOfPool, names }: Binding,
): PoolChoice {
  const choice: PoolChoice = { interface: nic.name };
  let v4: string[] = [];
  let v6: string[] = [];
  if (nic.ask.type === "pools") {
    for (const pool of nic.ask.pools) (familyOfPool(pool) === 6 ? v6 : v4).push(pool);
  } else if (nic.ask.type === "fixed") {
    const families = new Set(subnetsOfAsk(nic.ask, plan.pools).map((subnet) => familyOfSubnet(plan, subnet)));
    if (nic.ask.pool !== undefined) {
      // A literal name fails loudly by itself, so it needs no anchor (A5).
      (families.has(6) ? v6 : v4).push(nic.ask.pool);
    } else {
      const anchored: Family = families.has(4) ? 4 : 6; // A10: in one family only
      const named = (family: Family) => [
        ...(anchored === family ? [anchorName(family)] : []),
        ...(narrowed(plan, workload, nic, names, family) ?? [names.pattern(nicOwner(workload, nic.name))]),
      ];
      if (facts.enableIPv4) v4 = named(4);
      if (facts.enableIPv6) v6 = named(6);
    }
  }
  if (v4.length > 0) choice.ipv4 = v4;
  if (v6.length > 0) choice.ipv6 = v6;
  if (!defaultRoute) choice.cleangateway = true;
  return choice;
}

/**
 * A StatefulSet leaves a subnet only when its template no longer names the pools there (A19): while a migration drains,
 * each of its other homes by itself, in the list of its family, since a pool of the other one fails the Pod (A10);
 * undefined = the one pattern over all of them.
 */
function narrowed(
  plan: Plan,
  workload: Workload,
  nic: Nic,
  names: Binding["names"],
  family: Family,
): string[] | undefined {
  const { ask, migration } = nic;
  if (migration?.phase !== "drain" || ask.type !== "fixed" || workload.kind !== "StatefulSet") return undefined;
  const owner = nicOwner(workload, nic.name);
  const homes = [
    ...ask.subnets.map((subnet) => ({ subnet, owner })),
    ...(ask.slices ?? []).map((pool) => ({
      subnet: plan.pools.get(pool)?.subnet ?? "",
      owner: sliceOwner(owner, pool),
    })),
  ];
  return homes
    .filter(({ subnet }) => familyOfSubnet(plan, subnet) === family)
    .map((home) => names.poolName(home.owner, home.subnet))
    .map((name) => (ask.perPod === undefined ? name : `${name}.*`));
}

function familyOfSubnet(plan: Plan, subnet: string): Family {
  return plan.subnets.get(subnet)?.family ?? 4;
}

/**
 * What a live or rendered template's annotations say otherwise than the plan, by meaning: JSON parsed, names in any
 * order, `ippool` and `ippools` on a one-NIC Pod equal.
 * @returns one sentence a difference; empty when they agree
 */
export function compareTemplate(
  expected: Readonly<Record<string, string>>,
  live: Readonly<Record<string, string>>,
  namespace: string,
): string[] {
  const differences: string[] = [];
  for (const key of [KEYS.ippools, KEYS.defaultNetwork, KEYS.networks, KEYS.routes]) {
    const want = expected[key];
    if (want === undefined) continue;
    const have = key === KEYS.ippools ? livePools(expected, live) : live[key];
    if (have === undefined) differences.push(`annotation ${key} is missing; it must be ${want}`);
    else if (want !== have && annotationMeaning(key, want, namespace) !== annotationMeaning(key, have, namespace)) {
      differences.push(`annotation ${key} is ${have}; it must be ${want}`);
    }
  }
  const stronger = expected[KEYS.ippools] === undefined ? [] : [KEYS.subnets, KEYS.subnet];
  for (const key of stronger) {
    if (live[key] !== undefined)
      differences.push(`annotation ${key} is set and wins over ${KEYS.ippools} (A1); remove it`);
  }
  return differences;
}

/** `ippools` as the template has it; `ippool` counts as its one-NIC form. */
function livePools(
  expected: Readonly<Record<string, string>>,
  live: Readonly<Record<string, string>>,
): string | undefined {
  if (live[KEYS.ippools] !== undefined || live[KEYS.ippool] === undefined) return live[KEYS.ippools];
  const items = parseJson(expected[KEYS.ippools] ?? "");
  const single = parseJson(live[KEYS.ippool] ?? "");
  if (!Array.isArray(items) || items.length !== 1 || typeof single !== "object" || single === null)
    return live[KEYS.ippool];
  return JSON.stringify([{ ...single, interface: (items[0] as PoolChoice).interface }]);
}

function annotationMeaning(key: string, text: string, namespace: string): string {
  if (key === KEYS.defaultNetwork) return qualified(text, namespace);
  if (key === KEYS.networks) return networkNames(text, namespace).join(",");
  const value = parseJson(text);
  if (!Array.isArray(value) || !value.every(isObject)) return `unreadable: ${text}`;
  if (key === KEYS.routes) return value.map(routeText).sort().join("; ");
  return value
    .map((item, index) =>
      JSON.stringify([
        item.interface || (index === 0 ? "eth0" : `net${index}`), // A4: unnamed items count by position
        inAnyOrder(item.ipv4 ?? []),
        inAnyOrder(item.ipv6 ?? []),
        item.cleangateway === true,
      ]),
    )
    .sort()
    .join(";");
}

function routeText(route: Readonly<Record<string, unknown>>): string {
  const { dst, gw } = route;
  return typeof dst === "string" && typeof gw === "string" ? routeMeaning({ dst, gw }) : JSON.stringify(route);
}

function inAnyOrder(names: unknown): unknown {
  return Array.isArray(names) ? [...names].sort() : names;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/**
 * `namespace/name` of each entry of the Multus networks annotation, in order; text and JSON form, `@nic` dropped. An entry
 * that is none has no name, but keeps its place: a list with it is not the list without.
 */
export function networkNames(text: string, namespace: string): string[] {
  const json = text.trim().startsWith("[") ? parseJson(text) : undefined;
  if (Array.isArray(json)) {
    return json.map(
      (item: { name?: string; namespace?: string } | null) => `${item?.namespace ?? namespace}/${item?.name ?? ""}`,
    );
  }
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => qualified(part, namespace));
}

function qualified(text: string, namespace: string): string {
  const name = text.trim().split("@")[0] ?? "";
  return name.includes("/") ? name : `${namespace}/${name}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
