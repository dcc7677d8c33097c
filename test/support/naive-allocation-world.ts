import type { Plan } from "../../src/core/plan/plan.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { declared, endpoint, fixed, lock, plan, pool, reservation, subnet } from "./allocate-world.js";
import type { Cell, Rest, SubnetKey, Want } from "./naive-allocation.js";
import type { Drawn, DrawnWorld, Wanted } from "./naive-allocation-draw.js";

/** Drawn worlds for the allocation address by address: the same one as a plan, a lock file and a cluster, and as cells. */

const KINDS = ["SpiderIPPool", "SpiderEndpoint", "SpiderReservedIP", "SpiderSubnet", "StatefulSet", "Deployment"];
/** First and last number of each subnet's world; 20-27 of `a` are the declared pool `p`, 16 and 33 are in no range. */
const SPAN = { a: [8, 36], six: [8, 20] } as const;
const SUBNETS = [
  subnet("a", "10.0.0.0/24", ["10.0.0.8-10.0.0.36"], { gateway: "10.0.0.33", exclude: ["10.0.0.16"] }),
  subnet("six", "fd00::/64", ["fd00::8-fd00::14"]),
];
const GIVEN = ["10.0.0.20-10.0.0.27"];
const inPool = (key: SubnetKey, number: number) => key === "a" && number >= 20 && number <= 27;
/** An address as it is written. */
export const text = (key: SubnetKey, number: number) =>
  key === "a" ? `10.0.0.${number}` : `fd00::${number.toString(16)}`;

const SLICERS = ["c", "e"].map((name) => `d/Deployment/${name}`);
const PLAIN = ["p", "q", "r"].map((name) => `d/Deployment/${name}`);
const SET = "d/StatefulSet/w";

/** An address whose drawn role fits its place, and whose it is. */
interface Placed extends Drawn {
  readonly key: SubnetKey;
  readonly number: number;
  readonly owner: string;
}

function placedOf({ a, six, pools }: DrawnWorld): Placed[] {
  const of = (key: SubnetKey, list: readonly Drawn[]) =>
    list.map((one, index): Placed => {
      const number = SPAN[key][0] + index;
      const sliced = inPool(key, number);
      const nics = sliced
        ? SLICERS.map((name) => `${name}/net1/pool:p`)
        : [
            ...[...PLAIN, "d/Deployment/z"].map((name) => `${name}/net1`),
            ...[0, 1, 2, 3].map((ordinal) => `${SET}/net1/${ordinal}`),
            ...(key === "a" ? ["pool:walk"] : []),
          ];
      const unusable = key === "a" && (number === 16 || number === 33);
      const misplaced = (one.role === "busy" && !sliced) || (one.role === "offered" && !pools);
      const held = one.role === "held" || one.role === "offered";
      const role = misplaced || (unusable && held) ? "free" : one.role;
      return { ...one, role, key, number, owner: nics[one.who % nics.length]! };
    });
  return [...of("a", a), ...of("six", six)];
}

/** A slice may hold an address its pool's users have. */
const busy = (one: Placed) => one.role === "busy" || (one.role === "held" && one.also && inPool(one.key, one.number));
const blocked = (one: Placed) => one.role === "blocked" || (one.role === "rests" && one.also);

function cellsOf(all: readonly Placed[], pools: boolean): Cell[] {
  const locked = new Set(all.filter(({ role }) => role === "held").map(({ key, owner }) => `${key} ${owner}`));
  return all.map((one): Cell => {
    const usedAtHome = pools && one.used && !busy(one) && (one.role === "held" || one.role === "offered");
    const barred = blocked(one) && one.how !== "endpoint";
    const offeredOnly = one.role === "offered" && !usedAtHome && locked.has(`${one.key} ${one.owner}`);
    const held = one.role === "held" || (one.role === "offered" && !offeredOnly) ? one.owner : undefined;
    const rests = one.role === "rests" && one.since !== "over" ? restOf(one) : undefined;
    return {
      subnet: one.key,
      number: one.number,
      usable: !(one.key === "a" && (one.number === 16 || one.number === 33)),
      inPool: inPool(one.key, one.number),
      ...(barred && { blocked: one.how === "plan" || one.how === "cluster" ? "reserved" : "pool" }),
      inUse: usedAtHome || busy(one) || (blocked(one) && one.how === "endpoint"),
      busy: busy(one),
      ...(held !== undefined && { held }),
      ...(rests !== undefined && { rests }),
      ...(offeredOnly && { rests: { owner: one.owner } }),
    };
  });
}

function restOf({ owner, since }: Placed): Rest {
  return since === "" ? { owner } : { owner, since: since === "unlisted" ? "2026-01-03T00:00:00Z" : since };
}

/** Most wishes of a slice lie in its pool; no two slices wish for one address, which the plan is refused for (SP2030). */
function wishingInside(drawnWant: Wanted, key: string): Wanted {
  const start = SLICERS.indexOf(key);
  const inside = (number: number) => (start >= 0 && number < 34 ? 20 + start + 2 * (number % 4) : number);
  return { ...drawnWant, wishes: [...new Set(drawnWant.wishes.map(inside))] };
}

function planOf({ wants, take }: DrawnWorld, reserved: readonly Placed[]): { asked: Plan; wanted: Want[] } {
  const workloads = [...PLAIN, ...SLICERS].flatMap((key, index) => {
    const slice = SLICERS.includes(key);
    const { count, there, places, wishes } = wishingInside(wants[index]!, key);
    if (!there) return [];
    const texts = (slice ? (["a"] as const) : places).flatMap((place) => wishes.map((number) => text(place, number)));
    const where = slice ? { slices: ["p"] } : { subnets: places };
    return [fixed(key, { replicas: count, wishes: texts, ...where })];
  });
  const set = wants[5]!;
  // Of a set with one Pod there is no second ordinal to wish for (SP2052).
  const wish = set.count === 1 ? undefined : set.wishes[0];
  if (set.there) {
    const perPod: Record<number, string> = wish === undefined ? {} : { 1: text("a", wish) };
    workloads.push(fixed(SET, { replicas: set.count, subnets: set.places, perPod }));
  }
  const from = take.from === null ? {} : { from: take.from };
  const walk = { count: take.count, ...(take.from !== null && { from: text("a", take.from) }) };
  const texts = (key: SubnetKey) => reserved.filter((one) => one.key === key).map((one) => text(key, one.number));
  const asked = plan({
    subnets: SUBNETS,
    workloads,
    pools: [declared("p", "a", { addresses: GIVEN }), ...(take.count > 0 ? [declared("walk", "a", walk)] : [])],
    reserved: [reservation("r", texts("a"), texts("six"))],
  });
  const plain = [...PLAIN, ...SLICERS].flatMap((key, index): Want[] => {
    const slice = SLICERS.includes(key);
    const { count, there, places, wishes } = wishingInside(wants[index]!, key);
    return (there ? (slice ? (["a"] as const) : places) : []).map((place): Want => {
      const mine = wishes.filter((number) => !slice || inPool(place, number));
      const owner = `${key}/net1${slice ? "/pool:p" : ""}`;
      const nic = `${key}/net1`;
      return { owner, nic, subnet: place, slice, count: Math.max(count, mine.length), wishes: mine };
    });
  });
  const pinned = Array.from({ length: set.there ? set.count : 0 }, (_, ordinal) =>
    set.places.map((place): Want => {
      const wishes = ordinal === 1 && place === "a" && wish !== undefined ? [wish] : [];
      return { owner: `${SET}/net1/${ordinal}`, nic: `${SET}/net1`, subnet: place, slice: false, count: 1, wishes };
    }),
  ).flat();
  const walks: Want[] =
    take.count > 0
      ? [
          {
            owner: "pool:walk",
            nic: "pool:walk",
            subnet: "a",
            slice: false,
            count: take.count,
            wishes: [],
            walks: from,
          },
        ]
      : [];
  const order = (x: Want, y: Want) => (x.nic === y.nic ? 0 : x.nic < y.nic ? -1 : 1);
  return { asked, wanted: [...plain, ...pinned, ...walks].sort(order) };
}

/** Where the subnet is not given by the place: before the ordinal. */
function ownerText(owner: string, key: SubnetKey): string {
  const ordinal = /\/\d+$/.exec(owner)?.[0] ?? "";
  return `${owner.slice(0, owner.length - ordinal.length)}/${key}${ordinal}`;
}

function objectsOf(all: readonly Placed[], pools: boolean): KubeObject[] {
  const texts = (some: readonly Placed[]) => some.map(({ key, number }) => text(key, number));
  const by = (how: Drawn["how"]) => all.filter((one) => blocked(one) && one.how === how);
  const rests = all.filter(({ role, since }) => role === "rests" && since !== "");
  const record = (one: Placed) => {
    const since = one.since === "over" || one.since === "unlisted" ? "2026-01-03T00:00:00Z" : one.since;
    return [text(one.key, one.number), { owner: ownerText(one.owner, one.key), since }] as const;
  };
  const quarantine = {
    "spiderplan.io/tracking-id": "default:spiderpool.spidernet.io/SpiderReservedIP:/quarantine",
    "spiderplan.io/quarantine": JSON.stringify(Object.fromEntries(rests.map(record))),
  };
  const spiderpool = (kind: string, name: string, spec: object, more: object = {}, annotations = {}): KubeObject => ({
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind,
    metadata: { name, annotations },
    spec,
    ...more,
  });
  const mine = all.filter((one) => pools && (one.role === "held" || one.role === "offered") && !busy(one));
  const homes = [...new Set(mine.map(({ key, owner }) => ownerText(owner, key)))].map((owner, index) => {
    const here = mine.filter((one) => ownerText(one.owner, one.key) === owner);
    const used = Object.fromEntries(texts(here.filter((one) => one.used)).map((ip) => [ip, `d/pod-${ip}`]));
    return pool(`home-${index}`, texts(here), { owner, used });
  });
  return [
    spiderpool("SpiderReservedIP", "theirs", { ips: texts(by("cluster")) }),
    spiderpool(
      "SpiderReservedIP",
      "quarantine",
      { ips: texts(rests.filter(({ since }) => since !== "over")) },
      {},
      quarantine,
    ),
    ...(["a", "six"] as const).flatMap((key) => {
      const ips = texts(by("foreign").filter((one) => one.key === key));
      const controlled = texts(by("controlled").filter((one) => one.key === key));
      const status = { status: { controlledIPPools: JSON.stringify({ gone: { ips: controlled } }) } };
      return [
        ...(ips.length > 0 ? [pool(`foreign-${key}`, ips)] : []),
        spiderpool("SpiderSubnet", key, { subnet: SUBNETS.find(({ name }) => name === key)!.name }, status),
      ];
    }),
    ...by("endpoint").map((one) => endpoint(`d/far-${one.key}-${one.number}`, text(one.key, one.number), "elsewhere")),
    pool("p", GIVEN, {
      used: Object.fromEntries(texts(all.filter(busy)).map((ip) => [ip, `d/user-${ip}`])),
    }),
    ...homes,
  ];
}

function lockOf(all: readonly Placed[]) {
  const by = (key: SubnetKey, which: (one: Placed) => boolean) => {
    const owners: Record<string, string[]> = {};
    for (const one of all.filter((each) => each.key === key && which(each))) {
      owners[one.owner] = [...(owners[one.owner] ?? []), text(key, one.number)];
    }
    return owners;
  };
  const of = (key: SubnetKey) => ({
    held: by(key, ({ role }) => role === "held"),
    released: by(key, ({ role, since }) => role === "rests" && since !== "unlisted"),
  });
  return lock({ a: of("a"), six: of("six") });
}

/** One drawn world, told both ways. */
export function toldBothWays(drawnWorld: DrawnWorld) {
  const all = placedOf(drawnWorld);
  const reserved = all.filter((one) => blocked(one) && one.how === "plan");
  const { asked, wanted } = planOf(drawnWorld, reserved);
  const complete = drawnWorld.endpointsKnown ? KINDS : KINDS.filter((kind) => kind !== "SpiderEndpoint");
  const snapshot = buildSnapshot(objectsOf(all, drawnWorld.pools), complete);
  return { plan: asked, lock: lockOf(all), snapshot, cells: cellsOf(all, drawnWorld.pools), wanted };
}
