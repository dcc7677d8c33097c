import { printable } from "../../core/printable.js";
import type { FamilyExplanation, NicExplanation, RefusedPool, UsablePool } from "../../core/query/explain.js";
import type { ExplainTarget } from "../../core/query/explain-target.js";
import { flow } from "./columns.js";
import { count } from "./count.js";
import type { Palette } from "./palette.js";

const MOST_OTHERS = 40;

/** The answer of `explain` as UX.md shows it, one block a NIC. */
export function explainText(target: ExplainTarget, nics: readonly NicExplanation[], paint: Palette): string {
  return `${nics.map((nic) => nicText(target, nic, paint)).join("\n\n")}\n`;
}

function nicText(target: ExplainTarget, nic: NicExplanation, paint: Palette): string {
  const node = target.pod.node === undefined ? "" : ` on ${target.pod.node}`;
  const network = nic.network === undefined ? "network not known" : `network ${nic.network}`;
  const lines = [
    paint.bold(printable(`${nic.nic} of ${target.title}${node}, ${network}`)),
    printable(`  candidates come from  ${nic.source}`),
    ...nic.unmatched.map((pattern) => printable(`  no pool fits the pattern ${pattern}`)),
  ];
  if (nic.error !== undefined) return [...lines, paint.red(printable(`  => the Pod fails: ${nic.error}`))].join("\n");
  return [...lines, ...nic.families.flatMap((family) => familyText(family, paint))].join("\n");
}

function familyText(family: FamilyExplanation, paint: Palette): string[] {
  const { usable, refused, others } = family;
  const names = [...usable, ...refused, ...others.slice(0, MOST_OTHERS)].map((one) => one.pool.length);
  const width = Math.min(52, Math.max(0, ...names));
  const row = (label: string, name: string, word: string, text: string) =>
    flow(`  ${label}  ${name.padEnd(width)}   ${word}`, [text], " ".repeat(8)).map(printable);
  const label = (index: number) => (index === 0 ? `v${family.family}` : "  ");
  const yes = usable.flatMap((one, i) => row(label(i), one.pool, "yes", usableText(one)));
  const no = refused.flatMap((one, i) => row(label(usable.length + i), one.pool, "no ", one.reason));
  const rest =
    others.length <= MOST_OTHERS ? [] : [`      and ${count(others.length - MOST_OTHERS, "other pool")}: see -o json`];
  const named = usable.length + refused.length;
  const apart = others
    .slice(0, MOST_OTHERS)
    .flatMap((one, i) => row(label(named + i), one.pool, "-  ", otherText(one)));
  return [...yes, ...no, ...apart, ...rest, outcome(family, paint)];
}

function usableText(one: UsablePool): string {
  const assumed = one.assumed.length === 0 ? "" : `; taken as matching: ${one.assumed.join(", ")}`;
  const holds = one.holds === undefined ? "" : `, this Pod has ${one.holds}`;
  const next = one.next === undefined ? "full" : `next ${one.next}`;
  return `${count(one.total, "address")}, ${one.used} in use${holds}, ${next}${assumed}`;
}

function otherText(one: RefusedPool): string {
  return one.rule === undefined ? one.reason : `not named; and ${one.reason}`;
}

function outcome(family: FamilyExplanation, paint: Palette): string {
  if (family.next.length > 0) {
    const choices = family.next.map((one) => `${one.address} from ${one.pool}`);
    const either = choices.length > 1 ? "  (equal rank: any of them)" : "";
    return paint.green(printable(`  => ${choices.join(", or ")}${either}`));
  }
  const named = family.usable.length + family.refused.length > 0;
  if (!named) return `  => no IPv${family.family} address: nothing names a pool for it`;
  return paint.red(`  => the Pod fails: no IPv${family.family} pool that it names can serve it (A10)`);
}

/** What `explain -o json|yaml` prints. */
export function explainDocument(target: ExplainTarget, nics: readonly NicExplanation[]): object {
  return {
    formatVersion: "1.0",
    target: target.title,
    node: target.pod.node ?? null,
    interfaces: nics.map((nic) => ({
      interface: nic.nic,
      network: nic.network ?? null,
      source: nic.source,
      unmatched: nic.unmatched,
      error: nic.error ?? null,
      families: nic.families.map(({ family, usable, refused, others, next }) => ({
        family,
        usable: usable.map((one) => ({ ...one, next: one.next ?? null, holds: one.holds ?? null })),
        refused: refused.map(({ pool, rule, reason }) => ({ pool, rule: rule ?? null, reason })),
        others: others.map(({ pool, rule, reason }) => ({ pool, rule: rule ?? null, reason })),
        next,
      })),
    })),
  };
}
