import { type AllocationLine, type GapLine, type LedgerLine, lineTime } from "../ledger/line.js";
import { parseTime } from "../time.js";

/** Who had an address in a span of time; for a moment both ends are the same. Milliseconds since 1970, both included. */
export interface PastQuestion {
  /** As the ledger writes it. */
  readonly ip: string;
  readonly first: number;
  readonly last: number;
}

/** A time in which nobody looked. */
export interface Span {
  /** -Infinity where the ledger begins. */
  readonly from: number;
  /** Infinity where the ledger never tells of the address. */
  readonly to: number;
}

/** One Pod's hold on the address, and how well its ends are known. */
export interface Hold {
  /** As the last line up to the time asked for told of it, with the revision that was in force when it began. */
  readonly line: AllocationLine;
  /** It began after `after` and not later than `at`; the two are one where it was seen to begin. */
  readonly began: { readonly after: number; readonly at: number; readonly how: "allocated" | "seen" | "unknown" };
  /** It ended after `after` and not later than `at`; absent while it is held, as far as the ledger goes. */
  readonly ended?: { readonly after: number; readonly at: number; readonly how: "released" | "gone" };
  /** Gaps that it outlasted: the same Pod had the address before and after. */
  readonly blind: readonly Span[];
}

/** What a ledger knows of the past of an address. */
export interface Past {
  /** Every hold that may have been in the time asked for, in order of their beginning. */
  readonly holds: readonly Hold[];
  /** The hold that had ended last before. */
  readonly previous: Hold | undefined;
  /** Gaps that touch the time asked for. */
  readonly blind: readonly Span[];
  /** Times of the first and the last line that was read; undefined for an empty ledger. */
  readonly read: { readonly first: number; readonly last: number } | undefined;
}

type OpenHold = { -readonly [K in keyof Hold]: Hold[K] };

/** Outlasted gaps of one hold that are told one by one; the ends count, and a ledger may have very many. */
const MAX_GAPS = 100;

/**
 * Follows one address through the lines of a ledger, in their order. Keeps no more than the holds that may answer, however
 * long the ledger is.
 */
export class PastSearch {
  private readonly open = new Map<string, OpenHold>();
  /** Held before a gap that forgot everything, and not told of again yet. */
  private readonly lost = new Map<string, OpenHold>();
  /** Began after the time asked for. */
  private readonly later = new Set<string>();
  private readonly found: Hold[] = [];
  private readonly blind: Span[] = [];
  private previous: Hold | undefined;
  private gap: Span | undefined;
  private known = false;
  private first: number | undefined;
  private last = Number.NEGATIVE_INFINITY;

  constructor(private readonly question: PastQuestion) {}

  /** Takes the next line; false when no later line can change the answer. */
  feed(line: LedgerLine): boolean {
    const at = lineTime(line);
    this.first ??= line.event === "watched" ? parseTime(line.from)! : at;
    if (line.event === "gap") this.enterGap(line, at);
    else {
      if (this.gap !== undefined && at > this.gap.to) this.settle(this.gap);
      if (line.event !== "watched" && line.ip === this.question.ip) this.follow(line, at);
    }
    this.last = at;
    return at <= this.question.last || this.open.size > 0 || this.lost.size > 0 || this.endsGap(at);
  }

  /** The answer as far as the lines go. */
  past(): Past {
    if (this.gap !== undefined) this.settle(this.gap);
    this.know(Number.POSITIVE_INFINITY);
    const holds = [...this.found, ...this.open.values()].sort((a, b) => a.began.at - b.began.at);
    const read = this.first === undefined ? undefined : { first: this.first, last: this.last };
    return { holds, previous: this.previous, blind: this.blind, read };
  }

  /** What had come to pass in a gap over the time asked for is told by the lines of its end. */
  private endsGap(at: number): boolean {
    return this.gap !== undefined && this.gap.to === at && this.gap.from < this.question.last;
  }

  /** A ledger whose first files are gone says nothing of an address until it tells of it, or of all that is held. */
  private know(at: number): void {
    if (this.known) return;
    this.known = true;
    this.tellBlind({ from: Number.NEGATIVE_INFINITY, to: at });
  }

  private enterGap({ from, reason }: GapLine, to: number): void {
    if (this.gap !== undefined) this.settle(this.gap);
    this.gap = { from: from === null ? this.last : parseTime(from)!, to };
    if (reason === "started" && !this.known) this.know(to);
    else this.tellBlind(this.gap);
    if (reason === "missed") for (const hold of this.open.values()) outlast(hold, this.gap);
    else {
      for (const [key, hold] of this.open) this.lost.set(key, hold);
      this.open.clear();
      this.later.clear();
    }
  }

  private tellBlind(span: Span): void {
    if (span.from < this.question.last && span.to > this.question.first) this.blind.push(span);
  }

  /** All that is held was told of again: who was not has left the address somewhere in the gap. */
  private settle(gap: Span): void {
    for (const hold of this.lost.values()) this.close(hold, { after: gap.from, at: gap.to, how: "gone" });
    this.lost.clear();
  }

  private follow(line: AllocationLine, at: number): void {
    const key = JSON.stringify([line.pool, line.pod, line.uid]);
    const inGap = this.gap?.to === at ? this.gap : undefined;
    const known = this.open.get(key) ?? this.lost.get(key);
    this.know(at);
    if (line.event === "released") {
      if (this.later.delete(key) || (known === undefined && this.wasTold(line, inGap))) return;
      const began = { after: Number.NEGATIVE_INFINITY, at: this.first ?? at, how: "unknown" } as const;
      const hold: OpenHold = known ?? { line, began, blind: [] };
      hold.blind = hold.blind.filter((span) => span !== inGap);
      this.close(hold, { after: inGap?.from ?? at, at, how: "released" });
      this.open.delete(key);
      this.lost.delete(key);
    } else if (known !== undefined) {
      known.line = at > this.question.last ? learned(line, known.line) : learned(known.line, line);
      if (this.lost.delete(key)) outlast(known, this.gap!);
      this.open.set(key, known);
    } else this.start(key, line, at, inGap);
  }

  private start(key: string, line: AllocationLine, at: number, gap: Span | undefined): void {
    const how = line.event === "allocated" ? "allocated" : "seen";
    const after = gap?.from ?? (how === "allocated" ? at : Number.NEGATIVE_INFINITY);
    if (after > this.question.last) this.later.add(key);
    else this.open.set(key, { line, began: { after, at, how }, blind: [] });
  }

  /** Lines that were stored only in part are told again behind a gap. */
  private wasTold({ pool, pod, uid }: AllocationLine, gap: Span | undefined): boolean {
    const closed = this.previous === undefined ? this.found : [...this.found, this.previous];
    const same = closed.filter(({ line }) => line.pool === pool && line.pod === pod && line.uid === uid);
    return gap !== undefined && same.some(({ ended }) => ended!.at >= gap.from);
  }

  private close(hold: OpenHold, ended: NonNullable<Hold["ended"]>): void {
    const closed = { ...hold, ended };
    if (ended.at > this.question.first) this.found.push(closed);
    else this.previous = closed;
  }
}

function outlast(hold: OpenHold, gap: Span): void {
  hold.blind = [...hold.blind, gap].slice(-MAX_GAPS);
}

/** One of two lines of a hold with what only the other knows; the revision is the one in force at the earlier. */
function learned(other: AllocationLine, kept: AllocationLine): AllocationLine {
  const { nic, node, owner } = kept;
  const revision = (other.from! < kept.from! ? other : kept).revision;
  return { ...kept, nic: nic || other.nic, node: node || other.node, owner: owner || other.owner, revision };
}
