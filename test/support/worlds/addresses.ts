import { formatAddress, parseAddress } from "../../../src/core/ip/address.js";
import type { SpiderIPPool, SpiderReservedIP } from "../../../src/core/spiderpool/objects.js";

const known = new Map<string, readonly string[]>();

/** Every address of `a-b` notation, one by one: the worlds are small, and the oracle shall know no ranges. */
export function everyAddress(ips: readonly string[] = []): readonly string[] {
  const key = ips.join(",");
  const found = known.get(key);
  if (found !== undefined) return found;
  const all = ips.flatMap((text) => {
    const [first = "", last = first] = text.split("-");
    const out: string[] = [];
    const [from, to] = [parseAddress(first)!, parseAddress(last)!];
    for (let address = BigInt(from); address <= BigInt(to); address++)
      out.push(formatAddress(typeof from === "bigint" ? address : Number(address)));
    return out;
  });
  if (known.size > 20_000) known.clear();
  known.set(key, all);
  return all;
}

/** What a pool offers, in its own order (A14). */
export function offeredBy({ spec }: SpiderIPPool): readonly string[] {
  const excluded = new Set(everyAddress(spec.excludeIPs));
  const all = everyAddress(spec.ips);
  return excluded.size === 0 ? all : all.filter((address) => !excluded.has(address));
}

export function reservedBy({ spec }: SpiderReservedIP): readonly string[] {
  return everyAddress(spec.ips);
}
