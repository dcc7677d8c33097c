import type { SubnetLock } from "../../core/allocate/allocation.js";
import { type Owner, parseNicOwner, takenPool } from "../../core/allocate/owner.js";
import { child, type Diagnostic, keyOf, type SourceRef } from "../../core/diagnostics.js";
import { compareAddresses, familyOf } from "../../core/ip/address.js";
import { formatRange, parseRange, type Range } from "../../core/ip/range.js";
import { formatRangeSet, intersect, type RangeSet, rangeSet, size } from "../../core/ip/range-set.js";
import { compareText, fail, inOrder, type Scope } from "../../core/plan/scope.js";
import type { AddressLock } from "./address-lock.generated.js";
import { Faults } from "./faults.js";
import type { Limits } from "./limits.js";
import { checkDocument } from "./schema-faults.js";
import { readDocuments } from "./yaml-documents.js";

/** One line of a lock file. */
interface Line {
  readonly range: Range;
  readonly owner: Owner;
  readonly section: "held" | "released";
  readonly source: SourceRef;
}

/**
 * Reads one subnet's lock file. A hand edit is accepted if it is consistent; what is not is an error about the subnet
 * that names both owners, and the lock then holds what could be read.
 */
export function parseLock(
  file: string,
  subnet: string,
  text: string,
  limits: Limits,
): { lock: SubnetLock; found: Diagnostic[] } {
  const about = `subnet:${subnet}`;
  const faults = new Faults(limits.faults);
  const documents = readDocuments(file, text, limits, faults).filter(({ data }) => data !== null && data !== undefined);
  const [first, second] = documents;
  if (second !== undefined) {
    const at = { file, document: second.index, pointer: "" };
    faults.add("SP1036", "a lock file holds one document", at, { hint: "keep the first one" });
  }
  const root = { file, document: first?.index ?? 0, pointer: "" };
  if (first === undefined && faults.found.length === 0) {
    faults.add("SP1036", "the lock file is empty", root, { hint: "run spiderplan lock, or restore it from Git" });
  }
  const valid = first !== undefined && checkDocument("AddressLock", first.data, root, faults);
  const found = faults.all().map((diagnostic) => ({ ...diagnostic, about }));
  const lock = valid ? readLock(first.data as AddressLock, { at: root, about, found }) : EMPTY_LOCK;
  return { lock, found: inOrder(found) };
}

const EMPTY_LOCK: SubnetLock = { held: new Map(), pools: new Map(), released: new Map() };

function readLock(data: AddressLock, scope: Scope): SubnetLock {
  const inside = (key: string): Scope => ({ ...scope, at: child(scope.at, key) });
  const lines = [
    ...readLines(data.held ?? {}, "held", inside("held")),
    ...readLines(data.released ?? {}, "released", inside("released")),
  ];
  checkFamilies(lines, scope);
  checkDoubled(lines, scope);
  return {
    held: byOwner(lines, "held"),
    pools: readPools(data.pools ?? {}, inside("pools")),
    released: byOwner(lines, "released"),
    ...(data.pending !== undefined && { pending: readPending(data.pending, lines, inside("pending")) }),
    ...(data.autoPools !== undefined && { autoPools: readAutoPools(data.autoPools, inside("autoPools")) }),
  };
}

function readLines(entries: Record<string, string>, section: Line["section"], scope: Scope): Line[] {
  return Object.entries(entries).flatMap(([text, owner]) => {
    const source = child(scope.at, text);
    const range = readRange(text, keyOf(source), scope);
    const known = checkOwner(owner, { ...scope, at: source });
    return range === undefined || !known ? [] : [{ range, owner, section, source }];
  });
}

function readRange(text: string, at: SourceRef, scope: Scope): Range | undefined {
  const range = parseRange(text);
  if (range === undefined) {
    fail({ ...scope, at }, "SP1031", `${JSON.stringify(text)} is no address or range`, {
      hint: "write 10.6.124.10 or 10.6.124.10-10.6.124.49",
    });
  }
  return range;
}

function checkOwner(owner: Owner, scope: Scope): boolean {
  const pool = takenPool(owner);
  if (pool !== undefined ? pool !== "" && !pool.includes("/") : parseNicOwner(owner) !== undefined) return true;
  fail(scope, "SP1032", `${JSON.stringify(owner)} is no owner`, {
    hint: "write it like default/Deployment/web/net1, or pool:NAME for a declared pool's take",
  });
  return false;
}

/** A subnet has one family; an address of the other cannot be in it. */
function checkFamilies(lines: readonly Line[], scope: Scope): void {
  const first = lines[0];
  if (first === undefined) return;
  const other = lines.find(({ range }) => familyOf(range.first) !== familyOf(first.range.first));
  if (other === undefined) return;
  const message = `${formatRange(other.range)} is of another family than ${formatRange(first.range)}`;
  fail({ ...scope, at: keyOf(other.source) }, "SP1033", message, { hint: "each subnet has a lock file of its own" });
}

/** No address stands twice, neither held by two nor held and at rest. */
function checkDoubled(lines: readonly Line[], scope: Scope): void {
  const sorted = [...lines].sort(
    (a, b) =>
      familyOf(a.range.first) - familyOf(b.range.first) ||
      compareAddresses(a.range.first, b.range.first) ||
      compareText(a.section, b.section) ||
      compareText(a.owner, b.owner),
  );
  let furthest: Line | undefined;
  for (const line of sorted) {
    const shared = furthest === undefined ? [] : sharedBy(furthest.range, line.range);
    if (furthest !== undefined && shared.length > 0) {
      const message = `${formatRangeSet(shared).join()} is ${verb(furthest)} and ${verb(line)}`;
      fail({ ...scope, at: keyOf(line.source) }, "SP1034", message, {
        hint: "keep one of the two lines",
        related: [{ note: "the other line is at", source: keyOf(furthest.source) }],
      });
    }
    if (furthest === undefined || line.range.last > furthest.range.last) furthest = line;
  }
}

function sharedBy(a: Range, b: Range): RangeSet {
  return familyOf(a.first) === familyOf(b.first) ? intersect([a], [b]) : [];
}

function verb({ section, owner }: Line): string {
  return section === "held" ? `held by ${owner}` : `released by ${owner}`;
}

/** What waits for a ticket; all of it is held. */
function readPending(entries: Record<string, string>, lines: readonly Line[], scope: Scope): Map<string, RangeSet> {
  const held = lines.filter(({ section }) => section === "held").map(({ range }) => range);
  const ranges = new Map<string, Range[]>();
  for (const [text, ticket] of Object.entries(entries)) {
    const range = readRange(text, keyOf(child(scope.at, text)), scope);
    if (range === undefined) continue;
    const inside = held.flatMap((one) => sharedBy(one, range));
    if (size(rangeSet(inside)) < size([range])) {
      const hint = "remove the line, or restore the file from Git";
      fail({ ...scope, at: keyOf(child(scope.at, text)) }, "SP1038", `${text} is pending but nobody holds it`, {
        hint,
      });
    } else ranges.set(ticket, [...(ranges.get(ticket) ?? []), range]);
  }
  return new Map([...ranges].sort(([a], [b]) => compareText(a, b)).map(([ticket, list]) => [ticket, oneFamily(list)]));
}

/** A note of what was seen: lines that overlap each other or what is held are no fault. */
function readAutoPools(entries: Record<string, string>, scope: Scope): Map<string, RangeSet> {
  const ranges = new Map<string, Range[]>();
  for (const [text, pool] of Object.entries(entries)) {
    const range = readRange(text, keyOf(child(scope.at, text)), scope);
    if (range !== undefined) ranges.set(pool, [...(ranges.get(pool) ?? []), range]);
  }
  return new Map([...ranges].sort(([a], [b]) => compareText(a, b)).map(([pool, list]) => [pool, oneFamily(list)]));
}

function readPools(entries: Record<string, string>, scope: Scope): Map<Owner, string> {
  const pools = new Map<Owner, string>();
  const owners = new Map<string, Owner>();
  for (const [owner, pool] of Object.entries(entries).sort(([a], [b]) => compareText(a, b))) {
    const at = child(scope.at, owner);
    if (!checkOwner(owner, { ...scope, at: keyOf(at) })) continue;
    const other = owners.get(pool);
    if (other !== undefined) {
      fail({ ...scope, at }, "SP1035", `pool ${pool} is kept by ${other} and by ${owner}`, {
        hint: "one pool serves one owner",
        related: [{ note: "the other line is at", source: child(scope.at, other) }],
      });
    }
    owners.set(pool, owner);
    pools.set(owner, pool);
  }
  return pools;
}

function byOwner(lines: readonly Line[], section: Line["section"]): Map<Owner, RangeSet> {
  const ranges = new Map<Owner, Range[]>();
  for (const line of lines) {
    if (line.section !== section) continue;
    const own = ranges.get(line.owner);
    if (own === undefined) ranges.set(line.owner, [line.range]);
    else own.push(line.range);
  }
  const owners = [...ranges.keys()].sort(compareText);
  return new Map(owners.map((owner) => [owner, oneFamily(ranges.get(owner)!)]));
}

/** Of mixed families, already an error, the first one's: a set holds one. */
function oneFamily(ranges: readonly Range[]): RangeSet {
  const family = familyOf(ranges[0]!.first);
  return rangeSet(ranges.filter((range) => familyOf(range.first) === family));
}
