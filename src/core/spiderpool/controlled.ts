import { parseRange, type Range } from "../ip/range.js";
import type { SpiderSubnet } from "./objects.js";

/**
 * What a subnet's status says its pools hold (T2); entries that cannot be read say nothing.
 * @param wanted by pool name; all unless given
 */
export function controlledRanges(subnet: SpiderSubnet, wanted: (pool: string) => boolean = () => true): Range[] {
  return Object.entries(parse(subnet.status?.controlledIPPools)).flatMap(([name, record]) =>
    wanted(name) && Array.isArray(record?.ips) ? record.ips.flatMap(readRange) : [],
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
