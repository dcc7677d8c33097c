import type { Diagnostic } from "../diagnostics.js";
import { addressesText, amount } from "../ip/amount.js";
import { formatRange } from "../ip/range.js";
import { clip, overlaps, type RangeSet, size, subtract, union, unionAll } from "../ip/range-set.js";
import type { Demand } from "./demand.js";
import { ownerShown } from "./owner.js";
import { type Obstacles, type Space, spaceKey } from "./space.js";
import { largestRuns, listed } from "./text.js";

/** A demand that cannot be met. */
export interface Shortage {
  readonly demand: Demand;
  /** Addresses it has already, wishes included. */
  readonly held: number;
  /** Addresses it could still get. */
  readonly available: number;
  readonly missing: number;
  /** The owner's demands in all its subnets. */
  readonly request: readonly Demand[];
}

/** FIXED-6: how many are missing, and where free ones are. The demand's own share still counts as free. */
export function notEnough(shortage: Shortage, spaces: ReadonlyMap<string, Space>): Diagnostic {
  const { demand, held, available, missing, request } = shortage;
  const { owner, subnet } = demand;
  const from =
    demand.take?.from === undefined
      ? ""
      : ` from ${formatRange({ first: demand.take.from, last: demand.take.from })} on`;
  const places = [...new Set([demand, ...request].map(spaceKey))].map((key) => freeIn(spaces.get(key)!)).join("; ");
  const where = demand.slice === undefined ? `subnets.${subnet.name}.ranges` : `pools.${demand.slice}.addresses`;
  return {
    code: "SP3101",
    severity: "error",
    message: `${ownerShown(owner, subnet.name)} needs ${addressesText(demand.count)} (${demand.reason}), holds ${held}, and ${amount(available)} more can be had${from}: ${missing} missing`,
    hint: `${places}; widen spec.${where}, or ask for fewer`,
    source: demand.source,
    about: owner,
  };
}

/** A wished address that somebody else has, or nobody may have. */
export function wishTaken(
  demand: Demand,
  missing: RangeSet,
  space: Space,
  holder: string | undefined,
  obstacles: Obstacles,
): Diagnostic {
  const { owner, subnet } = demand;
  const outside = subtract(missing, clip(missing, subnet.usable));
  const why =
    outside.length > 0
      ? `outside the usable ranges of ${subnet.name}`
      : (holder ?? inTheWay(missing, space, obstacles));
  return {
    code: "SP3102",
    severity: "error",
    message: `${ownerShown(owner, subnet.name)} wishes for ${listed(outside.length > 0 ? outside : missing)}: ${why}`,
    hint: `choose other addresses; ${freeIn(space)}`,
    source: demand.source,
    about: owner,
  };
}

/** Why nobody may have one of the addresses; each reason that holds for any of them. */
function inTheWay(
  wanted: RangeSet,
  { subnet: { family }, holdings }: Space,
  { reserved, inUse, declared, foreign }: Obstacles,
): string {
  const reasons: [string, RangeSet][] = [
    ["resting", unionAll([...holdings.released.values()])],
    ["reserved", reserved[family]],
    ["in use", inUse[family]],
    ["in another pool", union(declared[family], foreign[family])],
  ];
  const holding = reasons.filter(([, set]) => overlaps(wanted, set)).map(([words]) => words);
  return holding.join(" and ") || "taken";
}

function freeIn(space: Space): string {
  const { runs } = space.free;
  const name = space.slice === undefined ? space.subnet.name : `pool ${space.slice}`;
  const total = size(runs);
  if (total === 0) return `none is free in ${name}`;
  const largest = largestRuns(runs, 3).map(formatRange).join(", ");
  return `${amount(total)} free in ${name}, largest runs ${largest}`;
}
