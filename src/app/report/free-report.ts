import { amount } from "../../core/ip/amount.js";
import { formatCidr } from "../../core/ip/range.js";
import { formatRangeSet } from "../../core/ip/range-set.js";
import { printable } from "../../core/printable.js";
import type { FreeAddresses, Wanted } from "../../core/query/free.js";
import { shortList, table } from "./columns.js";
import { count } from "./count.js";

/** Free addresses by subnet; with a number asked for, what would be given. */
export function freeText(found: readonly FreeAddresses[], wanted: Wanted | undefined): string {
  if (found.length === 0) return "The plan has no subnet.\n";
  if (wanted === undefined) {
    const rows = found.map((one) => [
      one.subnet,
      formatCidr(one.cidr),
      amount(one.count),
      amount(one.longest),
      shortList(formatRangeSet(one.free)) || "-",
    ]);
    return table([["SUBNET", "CIDR", "FREE", "LONGEST", "ADDRESSES"], ...rows.map((row) => row.map(printable))]);
  }
  const rows = found.map((one) => [one.subnet, amount(one.count), amount(one.longest), offerText(one)]);
  const asked = `${count(wanted.count, "address")}${wanted.contiguous ? " in one run" : ""}`;
  return `${asked}\n\n${table([["SUBNET", "FREE", "LONGEST", "WOULD BE"], ...rows.map((row) => row.map(printable))])}`;
}

function offerText({ offer }: FreeAddresses): string {
  return offer === undefined ? "not to be had" : shortList(formatRangeSet(offer));
}

/** What `free -o json|yaml` prints. */
export function freeDocument(found: readonly FreeAddresses[], wanted: Wanted | undefined): object {
  return {
    formatVersion: "1.0",
    wanted: wanted === undefined ? null : { count: wanted.count, contiguous: wanted.contiguous },
    subnets: found.map((one) => ({
      subnet: one.subnet,
      cidr: formatCidr(one.cidr),
      free: one.count,
      longest: one.longest,
      addresses: formatRangeSet(one.free),
      offer: one.offer === undefined ? null : formatRangeSet(one.offer),
    })),
  };
}
