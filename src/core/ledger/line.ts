import { parseTime } from "../time.js";

/**
 * One allocation as it was when it changed. `allocated`: it began while the operator watched. `released`: it ended while the
 * operator watched. `seen`: it is held, and this line does not say since when: at start-up, when more became known of it,
 * or when the other holders of its address changed. Times are RFC 3339 in UTC.
 */
export interface AllocationLine {
  readonly v: 1;
  readonly event: "allocated" | "released" | "seen";
  readonly ip: string;
  readonly pool: string;
  /** `namespace/name`; empty where Spiderpool's record has lost it. */
  readonly pod: string;
  readonly uid: string;
  /** Empty as long as only the pool's record is known. */
  readonly nic: string;
  readonly node: string;
  /** The plan's owner of the pool, else `namespace/Kind/workload` of the Pod; empty where neither is known. */
  readonly owner: string;
  /** When it was allocated or seen; null in `released`. */
  readonly from: string | null;
  /** When it was released; null otherwise. */
  readonly to: string | null;
  /** The plan's revision in force then. */
  readonly revision: string | null;
  readonly install: string;
}

/**
 * Nobody watched from `from` (null: nobody knows since when) to `to`. After `started` the writer knows nothing from before:
 * all that is held follows as `seen`. After `missed` it compares with what it had seen: what follows at the same time
 * happened somewhere in the gap, and what is not told of was held before and after it.
 */
export interface GapLine {
  readonly v: 1;
  readonly event: "gap";
  readonly reason: "started" | "missed";
  readonly from: string | null;
  readonly to: string;
  readonly install: string;
}

/** The writer watched all the time from `from` to `to`, whether or not anything changed. */
export interface WatchedLine {
  readonly v: 1;
  readonly event: "watched";
  readonly from: string;
  readonly to: string;
  readonly install: string;
}

/** One line of the ledger, stored as JSON. */
export type LedgerLine = AllocationLine | GapLine | WatchedLine;

/** When the line was written, in milliseconds since 1970. Lines of one writer never go back in time. */
export function lineTime(line: LedgerLine): number {
  const text = line.event === "allocated" || line.event === "seen" ? line.from : line.to;
  return parseTime(text!)!;
}

/** Reads a line; undefined if it is torn, or of another format than this one. */
export function parseLine(text: string): LedgerLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const line = value as Record<string, unknown>;
  return line.v === 1 && isSound(line) ? (value as LedgerLine) : undefined;
}

function isSound(line: Record<string, unknown>): boolean {
  switch (line.event) {
    case "allocated":
    case "seen":
      return isAllocation(line) && isTime(line.from) && line.to === null;
    case "released":
      return isAllocation(line) && line.from === null && isTime(line.to);
    case "gap":
      return (line.reason === "started" || line.reason === "missed") && isTimeOrNull(line.from) && isTime(line.to);
    case "watched":
      return isTime(line.from) && isTime(line.to);
    default:
      return false;
  }
}

function isAllocation(line: Record<string, unknown>): boolean {
  const texts = ["ip", "pool", "pod", "uid", "nic", "node", "owner"];
  return (
    texts.every((name) => typeof line[name] === "string") &&
    (line.revision === null || typeof line.revision === "string")
  );
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || isTime(value);
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && parseTime(value) !== undefined;
}
