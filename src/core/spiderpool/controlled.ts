import { parseRange, type Range } from "../ip/range.js";
import type { SpiderSubnet } from "./objects.js";

/**
 * What a subnet's status says its pools hold (T2); entries that cannot be read say nothing.
 * @param wanted by pool name; all unless given
 */
export function controlledRanges(subnet: SpiderSubnet, wanted: (pool: string) => boolean = () => true): Range[] {
  return controlledByPool(subnet, wanted).flatMap(([, ranges]) => ranges);
}

/** The same, pool by pool. */
export function controlledByPool(
  subnet: SpiderSubnet,
  wanted: (pool: string) => boolean,
): (readonly [pool: string, ranges: readonly Range[]])[] {
  return Object.entries(parse(subnet.status?.controlledIPPools)).flatMap(([name, record]) =>
    wanted(name) && Array.isArray(record?.ips) ? [[name, record.ips.flatMap(readRange)] as const] : [],
  );
}

function readRange(text: unknown): Range[] {
  const range = typeof text === "string" ? parseRange(text) : undefined;
  return range === undefined ? [] : [range];
}

function parse(text: string | undefined): Record<string, { ips?: unknown[] } | null> {
  if (!text) return {};
  try {
    return (JSON.parse(text) ?? {}) as Record<string, { ips?: unknown[] } | null>;
  } catch {
    return {};
  }
}
