import { isQuarantine, type QuarantineRecord, quarantineName, recordsOf, shardNumber } from "../allocate/quarantine.js";
import { type Family, familyOf } from "../ip/address.js";
import { formatRange } from "../ip/range.js";
import { type RangeSet, rangeSet, within } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import type { SpiderReservedIP } from "../spiderpool/objects.js";

/**
 * Kubernetes takes 262,144 bytes of annotations on one object, which is about 2,500 records. A record that is split while
 * its addresses come and go needs more room than before, so a quarantine is full long before that.
 */
const MOST_CHARACTERS = 100_000;

/** One SpiderReservedIP of a family's quarantine, and the records that belong there. */
export interface Shard<R extends QuarantineRecord> {
  readonly name: string;
  readonly live: SpiderReservedIP | undefined;
  readonly records: readonly R[];
}

/**
 * Shares the records of one family out: each stays where it is recorded already, as long as there is room, so that a
 * release writes one object; new ones go where room is, lowest number first. What one object held before there were
 * several moves into others by itself.
 */
export function shardsOf<R extends QuarantineRecord>(
  records: readonly R[],
  snapshot: Snapshot,
  install: string,
  family: Family,
): Shard<R>[] {
  const shards = liveShards<R>(snapshot, install, family);
  const homeless: R[] = [];
  for (const record of eachOnce(inAddressOrder(records))) {
    const home = shards.find((shard) => shard.holds(record) && shard.hasRoom(record));
    if (home === undefined) homeless.push(record);
    else home.add(record);
  }
  let at = 0;
  for (const record of homeless) {
    while (shards[at] !== undefined && !shards[at]!.hasRoom(record)) at++;
    shards[at] ??= new OpenShard<R>(nameOf(at, install, family), undefined, install);
    shards[at]!.add(record);
  }
  return shards.map(({ name, live, records: shared }) => ({ name, live, records: shared }));
}

/** Shards that are there, and those between them that are not, by number; the first one always. */
function liveShards<R extends QuarantineRecord>(snapshot: Snapshot, install: string, family: Family): OpenShard<R>[] {
  const live = new Map<number, SpiderReservedIP>();
  for (const [name, reserved] of snapshot.reserved) {
    const number = shardNumber(name, install, family);
    if (number !== undefined && number <= snapshot.reserved.size) live.set(number, reserved);
  }
  const last = [...live.keys()].reduce((most, number) => Math.max(most, number), 0);
  return Array.from({ length: last + 1 }, (_, number) => {
    return new OpenShard<R>(nameOf(number, install, family), live.get(number), install);
  });
}

function nameOf(number: number, install: string, family: Family): string {
  return number === 0 ? quarantineName(install, family) : `${quarantineName(install, family)}-${number}`;
}

class OpenShard<R extends QuarantineRecord> {
  readonly records: R[] = [];
  readonly #had: Readonly<Record<Family, RangeSet>>;
  #characters = 0;

  constructor(
    readonly name: string,
    readonly live: SpiderReservedIP | undefined,
    install: string,
  ) {
    const had = live !== undefined && isQuarantine(live, install) ? recordsOf(live).map(({ range }) => range) : [];
    const of = (family: Family) => rangeSet(had.filter((range) => familyOf(range.first) === family));
    this.#had = { 4: of(4), 6: of(6) };
  }

  holds({ range }: R): boolean {
    return within(this.#had[familyOf(range.first)], range).length > 0;
  }

  hasRoom(record: R): boolean {
    return this.#characters + lengthOf(record) <= MOST_CHARACTERS;
  }

  add(record: R): void {
    this.#characters += lengthOf(record);
    this.records.push(record);
  }
}

/** As written, with the time that a new record gets when the cluster stores it. */
function lengthOf({ range, owner }: QuarantineRecord): number {
  return formatRange(range).length + owner.length + '"":{"owner":"","since":"2026-01-01T00:00:00.000Z"},'.length;
}

/** A move that was cut short left a record in two places. */
function eachOnce<R extends QuarantineRecord>(records: readonly R[]): R[] {
  const known = new Map(records.map((one) => [`${formatRange(one.range)} ${one.owner} ${one.since}`, one]));
  return known.size === records.length ? [...records] : [...known.values()];
}

function inAddressOrder<R extends QuarantineRecord>(records: readonly R[]): R[] {
  return [...records].sort(({ range: a }, { range: b }) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
}
