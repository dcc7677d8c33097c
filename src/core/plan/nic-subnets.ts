import type { NicAsk, Plan } from "./plan.js";

/** Keys of the subnets an interface's addresses come from, as far as it says so; none for default pools. */
export function subnetsOfAsk(ask: NicAsk, pools: Plan["pools"]): readonly string[] {
  const ofPools = (names: readonly string[]) => names.flatMap((name) => pools.get(name)?.subnet ?? []);
  if (ask.type === "pools") return ofPools(ask.pools);
  return ask.type === "fixed" ? [...ask.subnets, ...ofPools(ask.slices ?? [])] : [];
}
