import { formatTime } from "../time.js";
import { podShown } from "../usage.js";
import { certaintyOf, nobodyHad } from "./past-certainty.js";
import type { Hold, Past, PastQuestion, Span } from "./who-had.js";

/** One thing a ledger proves, makes likely, or does not know. */
export interface PastStatement {
  readonly certainty: "proved" | "likely" | "not known";
  readonly says: string;
}

/** What is proof of the past of an address and what is not, in words: of each hold, then of what nobody saw. */
export function pastStatements(past: Past, question: PastQuestion): PastStatement[] {
  const { read } = past;
  if (read === undefined) return [{ certainty: "not known", says: "the ledger is empty" }];
  return [
    ...past.holds.flatMap((hold) => ofHold(hold, past, question)),
    ...(nobodyHad(past, question) ? [nobody(past)] : []),
    ...past.blind.map(ofGap),
    ...(read.last < question.last ? [ofEnd(read.last)] : []),
  ];
}

function ofHold(hold: Hold, past: Past, question: PastQuestion): PastStatement[] {
  const pod = podShown(hold.line.pod);
  const certainty = certaintyOf(hold, past, question);
  const said = `${beginning(hold)}, ${ending(hold, past)}`;
  if (certainty === "possible") return [{ certainty: "not known", says: `whether ${pod} had it then: ${said}` }];
  const watched = certainty === "proved" && isSeenWhole(hold) ? "; the operator watched without a gap between" : "";
  return [
    { certainty, says: `${pod} had it: ${said}${watched}` },
    ...unseenBeginning(hold),
    ...hold.blind.map(
      (span): PastStatement => ({
        certainty: "likely",
        says: `${pod} kept it ${between(span)}, when nobody looked: it had it before and after`,
      }),
    ),
  ];
}

/** Whether it was watched from the first line that told of it to the last. */
function isSeenWhole({ began, ended, blind }: Hold): boolean {
  const beginning = began.how === "seen" || began.after === began.at;
  return beginning && blind.length === 0 && ended?.after === ended?.at;
}

function unseenBeginning({ began }: Hold): PastStatement[] {
  if (began.how === "allocated") return [];
  return [{ certainty: "not known", says: `when it was given: before ${shown(began.at)}, and not in the lines read` }];
}

function beginning({ began }: Hold): string {
  if (began.how === "unknown") return "given before the lines read";
  if (began.how === "seen") return `seen ${shown(began.at)}`;
  return began.after === began.at
    ? `allocated ${shown(began.at)}`
    : `allocated ${between({ from: began.after, to: began.at })}`;
}

function ending({ ended }: Hold, past: Past): string {
  if (ended === undefined) return `not released until the ledger's end ${shown(past.read!.last)}`;
  if (ended.after === ended.at) return `released ${shown(ended.at)}`;
  return `${ended.how === "gone" ? "gone" : "released"} ${between({ from: ended.after, to: ended.at })}`;
}

function nobody({ previous }: Past): PastStatement {
  const last = previous?.ended;
  const before = last === undefined ? "" : `; ${podShown(previous!.line.pod)} had it last, until ${shown(last.at)}`;
  return { certainty: "proved", says: `nobody had it, and the operator watched${before}` };
}

function ofGap(span: Span): PastStatement {
  if (span.to === Number.POSITIVE_INFINITY) {
    return { certainty: "not known", says: "who had it: the ledger neither tells of it nor of all that was held" };
  }
  if (span.from === Number.NEGATIVE_INFINITY) {
    return { certainty: "not known", says: `who had it before ${shown(span.to)}: the ledger does not tell` };
  }
  return { certainty: "not known", says: `who else had it ${between(span)}: the operator was not looking` };
}

function ofEnd(last: number): PastStatement {
  return { certainty: "not known", says: `who had it after ${shown(last)}, where the ledger ends` };
}

function between({ from, to }: Span): string {
  return from === Number.NEGATIVE_INFINITY ? `before ${shown(to)}` : `between ${shown(from)} and ${shown(to)}`;
}

/** Whole seconds without their zeros. */
export function shown(milliseconds: number): string {
  return formatTime(milliseconds).replace(".000Z", "Z");
}
