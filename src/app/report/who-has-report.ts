import { formatAddress } from "../../core/ip/address.js";
import { formatRangeSet } from "../../core/ip/range-set.js";
import { printable } from "../../core/printable.js";
import type { Statement } from "../../core/query/statements.js";
import type { WhoQuestion } from "../../core/query/who-has.js";
import { shortList, table } from "./columns.js";

/** Which source says what, one line each. */
export function whoHasText(question: WhoQuestion, found: readonly Statement[]): string {
  const asked = printable(questionText(question));
  if (found.length === 0) return `${asked}: no plan, lock, pool, endpoint or reservation speaks of it.\n`;
  const rows = found.map(({ source, who, addresses, says }) => [
    source,
    who,
    ...(question.type === "address" ? [] : [shortList(formatRangeSet(addresses)) || "-"]),
    says,
  ]);
  const head = ["SOURCE", "WHO", ...(question.type === "address" ? [] : ["ADDRESSES"]), "SAYS"];
  return `${asked}\n\n${table([head, ...rows].map((row) => row.map(printable)))}`;
}

/** What `who-has -o json|yaml` prints. */
export function whoHasDocument(question: WhoQuestion, found: readonly Statement[]): object {
  return {
    formatVersion: "1.0",
    query: {
      address: question.type === "address" ? formatAddress(question.address) : null,
      owner: question.type === "owner" ? question.owner : null,
      meta: question.type === "meta" ? { [question.key]: question.value } : null,
    },
    statements: found.map(({ source, who, addresses, says, meta }) => ({
      source,
      who,
      addresses: formatRangeSet(addresses),
      says,
      meta: Object.fromEntries(Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : 1))),
    })),
  };
}

function questionText(question: WhoQuestion): string {
  if (question.type === "address") return formatAddress(question.address);
  return question.type === "owner" ? question.owner : `${question.key}=${question.value}`;
}
