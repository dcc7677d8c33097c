import { ownershipOf } from "../change/ownership.js";
import { compareAddresses, type Family, familyOf } from "../ip/address.js";
import { formatRange, parseRange, type Range } from "../ip/range.js";
import { type RangeSet, rangeSet, subtract, within } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import { type KubeObject, OWN, type SpiderReservedIP } from "../spiderpool/objects.js";
import { hash8 } from "./naming.js";
import { compareText } from "./order.js";
import { type Owner, splitOwner } from "./owner.js";

/** One entry of a quarantine's annotation: who released an address, and when the cluster stored that. */
export interface Resting {
  readonly range: Range;
  readonly owner: Owner;
  /** Subnet key. */
  readonly subnet: string;
  /** RFC 3339. */
  readonly since: string;
  /** The time is over: the address has left the reservation's `ips`, only the record is still there (DESIGN 5). */
  readonly over: boolean;
}

/** Whether a SpiderReservedIP is a quarantine of this install rather than somebody's; one that lost its marks has the name. */
export function isQuarantine(reserved: KubeObject, install: string): boolean {
  const { name, annotations } = reserved.metadata;
  const { type } = ownershipOf(reserved, install);
  if (type !== "none") return type === "ours" && annotations?.[OWN.quarantine] !== undefined;
  return ([4, 6] as const).some((family) => shardNumber(name, install, family) !== undefined);
}

/** The SpiderReservedIP in which an install's released addresses of one family rest. */
export function quarantineName(install: string, family: Family): string {
  return `spiderplan-quarantine-${installLabel(install)}-v${family}`;
}

/** The number of a shard by its name: the first has the plain name, the others a number behind it; undefined for others. */
export function shardNumber(name: string, install: string, family: Family): number | undefined {
  const plain = quarantineName(install, family);
  if (name === plain) return 0;
  const digits = name.startsWith(`${plain}-`) ? name.slice(plain.length + 1) : "";
  return /^[1-9]\d{0,5}$/.test(digits) ? Number(digits) : undefined;
}

/** An install as part of an object's name; any install gives a legal one. */
export function installLabel(install: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,198}[a-z0-9])?$/.test(install)) return install;
  const spelled = install
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 190);
  return `${spelled}-${hash8(install)}`;
}

/** One entry of the annotation as it is written. */
export interface QuarantineRecord {
  readonly range: Range;
  /** `<owner>/<subnet>`. */
  readonly owner: string;
  /** RFC 3339; empty until the cluster has stored it: the clock starts then (DESIGN 5). */
  readonly since: string;
}

/**
 * All records of this install's quarantines, sorted by address; what cannot be read is passed over, its addresses stay
 * reserved all the same.
 */
export function readQuarantine(snapshot: Snapshot, install: string): Resting[] {
  const records: Resting[] = [];
  for (const reserved of snapshot.reserved.values()) {
    if (!isQuarantine(reserved, install)) continue;
    const sets = reservedSets(reserved);
    for (const { range, owner, since } of recordsOf(reserved)) {
      const resting = within(familyOf(range.first) === 4 ? sets.v4 : sets.v6, range);
      const record = { ...splitOwner(owner), since };
      for (const part of resting) records.push({ ...record, range: part, over: false });
      for (const part of subtract([range], resting)) records.push({ ...record, range: part, over: true });
    }
  }
  return records.sort((a, b) => compareFirst(a.range, b.range) || compareText(a.owner, b.owner));
}

/**
 * The readable records of one quarantine. The annotation is a JSON object
 * `{"10.6.124.30": {"owner": "default/Deployment/old/net1/app-v4", "since": "2026-11-22T04:31:07Z"}}`.
 */
export function recordsOf(reserved: Pick<KubeObject, "metadata">): QuarantineRecord[] {
  const text = reserved.metadata.annotations?.[OWN.quarantine];
  return Object.entries(text === undefined ? {} : parseRecord(text)).flatMap(([key, record]) => {
    const range = parseRange(key);
    if (range === undefined || typeof record?.owner !== "string" || !record.owner.includes("/")) return [];
    return [{ range, owner: record.owner, since: typeof record.since === "string" ? record.since : "" }];
  });
}

/** The annotation's text: runs of one owner and time joined, ascending, so that equal records are equal texts. */
export function recordsText(records: Iterable<QuarantineRecord>): string {
  const groups = new Map<string, QuarantineRecord[]>();
  for (const record of records) {
    const key = `${familyOf(record.range.first)} ${record.owner} ${record.since}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  const joined = [...groups.values()].flatMap((group) => {
    const { owner, since } = group[0]!;
    return rangeSet(group.map(({ range }) => range)).map((range) => ({ range, owner, since }));
  });
  joined.sort((a, b) => compareFirst(a.range, b.range));
  return JSON.stringify(Object.fromEntries(joined.map(({ range, ...record }) => [formatRange(range), record])));
}

/** The addresses of a SpiderReservedIP, by family; unreadable entries reserve nothing. */
export function reservedSets(reserved: SpiderReservedIP): { v4: RangeSet; v6: RangeSet } {
  const ranges = (reserved.spec.ips ?? []).flatMap((text) => parseRange(text) ?? []);
  const of = (family: Family) => rangeSet(ranges.filter((range) => familyOf(range.first) === family));
  return { v4: of(4), v6: of(6) };
}

function compareFirst({ first: a }: Range, { first: b }: Range): number {
  return familyOf(a) - familyOf(b) || compareAddresses(a, b);
}

function parseRecord(text: string): Record<string, { owner?: unknown; since?: unknown } | null> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, { owner?: unknown; since?: unknown } | null>;
  } catch {
    return {};
  }
}
