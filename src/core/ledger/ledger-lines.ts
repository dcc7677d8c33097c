import { workloadOfPod } from "../cluster/workload-of.js";
import { type Address, compareAddresses, formatAddress } from "../ip/address.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { formatTime } from "../time.js";
import type { Holder } from "../usage.js";
import type { AllocationLine, GapLine, LedgerLine, WatchedLine } from "./line.js";

/** Around one look at the cluster. Times in milliseconds since 1970. */
export interface LookContext {
  /** When `after` was seen. */
  readonly at: number;
  /** Who writes. */
  readonly install: string;
  /** The plan's revision in force. */
  readonly revision?: string;
  /** The last time somebody is known to have looked, where nobody did since: down, another leader, a watch that began anew. */
  readonly blindSince?: number;
}

/**
 * What changed hands between two looks, in order of address; a release comes before who has the address next.
 * Every change at an address tells again of its other holders, so that its last lines always say who has it.
 * @param before what was seen last; undefined when this writer has seen nothing yet: there is a gap before it then, and
 * all that is held is only `seen`
 */
export function ledgerLines(before: Snapshot | undefined, after: Snapshot, context: LookContext): LedgerLine[] {
  const gap = gapLine(before, context);
  if (before?.use === after.use && before.pools === after.pools) return gap;
  const changed: [Address, AllocationLine[]][] = [];
  const look: Look = { before, after, context };
  for (const [address, holders] of after.use.byAddress) {
    const was = before?.use.byAddress.get(address) ?? [];
    if (isUntouched(look, was, holders)) continue;
    const lines = linesAt(look, was, holders);
    if (lines.length > 0) changed.push([address, lines]);
  }
  for (const [address, holders] of before?.use.byAddress ?? []) {
    if (!after.use.byAddress.has(address)) changed.push([address, linesAt(look, holders, [])]);
  }
  changed.sort(([a], [b]) => (typeof a === typeof b ? compareAddresses(a, b) : typeof a === "number" ? -1 : 1));
  return [...gap, ...changed.flatMap(([, lines]) => lines)];
}

/** Says that the writer watched without a gap; written now and then, so that a quiet time is told from an absent writer. */
export function watchedLine(from: number, to: number, install: string): WatchedLine {
  return { v: 1, event: "watched", from: formatTime(from), to: formatTime(to), install };
}

interface Look {
  readonly before: Snapshot | undefined;
  readonly after: Snapshot;
  readonly context: LookContext;
}

function gapLine(before: Snapshot | undefined, { at, blindSince, install }: LookContext): GapLine[] {
  if (before !== undefined && blindSince === undefined) return [];
  const reason = before === undefined ? "started" : "missed";
  const from = blindSince === undefined ? null : formatTime(blindSince);
  return [{ v: 1, event: "gap", reason, from, to: formatTime(at), install }];
}

/** Nearly every address at nearly every look: one holder, told of by the very same objects. */
function isUntouched({ before, after }: Look, [was, second]: readonly Holder[], holders: readonly Holder[]): boolean {
  const is = holders[0]!;
  return (
    was !== undefined &&
    second === undefined &&
    holders.length === 1 &&
    was.pod === is.pod &&
    was.uid === is.uid &&
    was.pool === is.pool &&
    before!.pools.get(is.pool) === after.pools.get(is.pool) &&
    before!.endpoints.get(is.pod) === after.endpoints.get(is.pod) &&
    before!.pods.get(is.pod) === after.pods.get(is.pod)
  );
}

function linesAt(look: Look, was: readonly Holder[], is: readonly Holder[]): AllocationLine[] {
  const { before, after, context } = look;
  const same = was.length === is.length && is.every((holder) => find(was, holder) !== undefined);
  if (before !== undefined && same) {
    const learned = is.filter((holder) => knowsMore(look, find(was, holder)!, holder));
    return learned.map((holder) => lineOf(after, holder, "seen", context));
  }
  const gone = was.filter((holder) => find(is, holder) === undefined);
  const come = is.filter((holder) => find(was, holder) === undefined);
  const stay = is.filter((holder) => find(was, holder) !== undefined);
  return [
    ...gone.map((holder) => lineOf(before!, holder, "released", context)),
    ...come.map((holder) => lineOf(after, holder, unseenBefore(before, holder) ? "seen" : "allocated", context)),
    ...stay.map((holder) => lineOf(after, holder, "seen", context)),
  ];
}

/** Whether nobody could tell who had addresses of the pool, so that it may have been held before. */
function unseenBefore(before: Snapshot | undefined, { pool }: Holder): boolean {
  return before === undefined || before.use.unreadable.has(pool);
}

/** One Pod's hold on an address: a StatefulSet's next Pod of the same name is another one, though it keeps the address. */
function find(holders: readonly Holder[], { pool, pod, uid }: Holder): Holder | undefined {
  return holders.find((other) => other.pod === pod && other.uid === uid && other.pool === pool);
}

/** A record alone knows no NIC and no node, and a Pod that is gone no workload: losing sight of them is no change. */
function knowsMore({ before, after }: Look, was: Holder, is: Holder): boolean {
  const differs = (old: string, now: string) => now !== "" && now !== old;
  return (
    differs(was.nic, is.nic) ||
    differs(nodeOf(before!, was), nodeOf(after, is)) ||
    differs(ownerOf(before!, was), ownerOf(after, is))
  );
}

function lineOf(
  snapshot: Snapshot,
  holder: Holder,
  event: AllocationLine["event"],
  { at, revision, install }: LookContext,
): AllocationLine {
  const { pool, pod, uid, nic } = holder;
  const time = formatTime(at);
  return {
    v: 1,
    event,
    ip: formatAddress(holder.address),
    ...{ pool, pod, uid, nic },
    node: nodeOf(snapshot, holder),
    owner: ownerOf(snapshot, holder),
    from: event === "released" ? null : time,
    to: event === "released" ? time : null,
    revision: revision ?? null,
    install,
  };
}

function ownerOf(snapshot: Snapshot, { pool, pod }: Holder): string {
  const object = snapshot.pools.get(pool);
  return (object && recordedOwner(object)) ?? workloadOfPod(snapshot, pod) ?? "";
}

function nodeOf(snapshot: Snapshot, { node, pod }: Holder): string {
  const spec = snapshot.pods.get(pod)?.spec as { nodeName?: string } | undefined;
  return node || (spec?.nodeName ?? "");
}
