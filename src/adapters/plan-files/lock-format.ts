import type { SubnetLock } from "../../core/allocate/allocation.js";
import type { Owner } from "../../core/allocate/owner.js";
import { compareAddresses } from "../../core/ip/address.js";
import { formatRange } from "../../core/ip/range.js";
import type { RangeSet } from "../../core/ip/range-set.js";
import { compareText } from "../../core/plan/scope.js";
import { stringifyYaml } from "./yaml.js";

/**
 * The text of a subnet's lock file: one line an address or run, sorted by address, so that a line diff is the diff of
 * addresses and two branches that take the next free one meet in the same line (DESIGN 5).
 */
export function formatLock(lock: SubnetLock): string {
  return [
    "apiVersion: spiderplan.io/v1alpha1",
    "kind: AddressLock",
    ...section("held", lock.held),
    ...pending(lock.pending ?? new Map()),
    ...keptPools(lock.pools),
    ...(lock.released.size === 0 ? [] : section("released", lock.released)),
    ...autoPools(lock.autoPools ?? new Map()),
    "",
  ].join("\n");
}

function section(name: string, owners: ReadonlyMap<Owner, RangeSet>): string[] {
  const lines = [...owners].flatMap(([owner, set]) => set.map((range) => ({ owner, range })));
  if (lines.length === 0) return [`${name}: {}`];
  lines.sort((a, b) => compareAddresses(a.range.first, b.range.first) || compareText(a.owner, b.owner));
  return [`${name}:`, ...lines.map(({ owner, range }) => `  ${key(formatRange(range))}: ${owner}`)];
}

function autoPools(pools: ReadonlyMap<string, RangeSet>): string[] {
  if (pools.size === 0) return [];
  return section("autoPools", new Map([...pools].map(([pool, set]) => [stringifyYaml(pool).trim(), set])));
}

function pending(tickets: ReadonlyMap<string, RangeSet>): string[] {
  const entries = [...tickets].flatMap(([ticket, set]) => set.map((range) => ({ ticket, range })));
  if (entries.length === 0) return [];
  entries.sort((a, b) => compareAddresses(a.range.first, b.range.first));
  const texts = entries.map(({ ticket, range }) => `${flowKey(formatRange(range))}: ${flowText(ticket)}`);
  return [`pending: {${texts.join(", ")}}`];
}

/** Inside braces a colon anywhere in a plain key would end it. */
function flowKey(text: string): string {
  return text.includes(":") ? `"${text}"` : text;
}

/** Plain where it can only be a text. */
function flowText(text: string): string {
  return /^[A-Z][A-Za-z0-9]*[-_0-9][-\w]*$/.test(text) ? text : JSON.stringify(text);
}

function keptPools(pools: ReadonlyMap<Owner, string>): string[] {
  const entries = [...pools].sort(([a], [b]) => compareText(a, b));
  if (entries.length === 0) return [];
  return [`pools: {${entries.map(([owner, pool]) => `${owner}: ${stringifyYaml(pool).trim()}`).join(", ")}}`];
}

/** An IPv6 address may begin or end with a colon, which YAML would take for its own. */
function key(text: string): string {
  return text.startsWith(":") || text.endsWith(":") ? `"${text}"` : text;
}
