import { cidrRange } from "../ip/range.js";
import { clip, intersect, size, subtract, union, unionAll, within } from "../ip/range-set.js";
import type { SubnetUsage } from "./allocation.js";
import type { Obstacles, Space } from "./space.js";
import { largestRuns } from "./text.js";

/**
 * How full a subnet is after the plan. Every usable address counts once, the first that applies: held (by owners,
 * declared and foreign pools, or just in use), resting, reserved, free.
 */
export function usageOf(space: Space, obstacles: Obstacles): SubnetUsage {
  const { subnet, holdings } = space;
  const range = cidrRange(subnet.cidr);
  const { usable, family } = subnet;
  const inside = (set: Obstacles["inUse"]) => intersect(usable, within(set[family], range));
  const owned = intersect(usable, unionAll([...holdings.held.values()]));
  const held = union(owned, inside(obstacles.declared), inside(obstacles.foreign), inside(obstacles.inUse));
  const resting = subtract(intersect(usable, unionAll([...holdings.released.values()])), held);
  const reserved = subtract(subtract(inside(obstacles.reserved), held), resting);
  const free = subtract(subtract(subtract(usable, held), resting), reserved);
  return {
    subnet: subnet.name,
    total: size(usable),
    held: size(held),
    resting: size(resting),
    reserved: size(reserved),
    free: size(free),
    largestFree: clip(largestRuns(free, 1), free),
  };
}
