import { printable } from "../../core/printable.js";
import type {
  FamilyExplanation,
  NextAddress,
  NicExplanation,
  RefusedPool,
  UsablePool,
} from "../../core/query/explain.js";
import type { ExplainTarget } from "../../core/query/explain-target.js";
import { flow } from "./columns.js";
import { count } from "./count.js";
import type { Palette } from "./palette.js";

const MOST_OTHERS = 40;

/** What is said of one Pod, NIC by NIC. */
export interface Explanation {
  readonly target: ExplainTarget;
  readonly nics: readonly NicExplanation[];
}

/** The answer of `explain` as UX.md shows it, one block a NIC. */
export function explainText(answers: readonly Explanation[], paint: Palette): string {
  const blocks = answers.flatMap(({ target, nics }) => nics.map((nic) => nicText(target, nic, paint)));
  return `${blocks.join("\n\n")}\n`;
}

function nicText(target: ExplainTarget, nic: NicExplanation, paint: Palette): string {
  const node = target.pod.node === undefined ? "" : ` on ${target.pod.node}`;
  const network = nic.network === undefined ? "network not known" : `network ${nic.network}`;
  const title = paint.bold(printable(`${nic.nic} of ${target.title}${node}, ${network}`));
  if (nic.asksNobody !== undefined) return [title, `  => asks Spiderpool for nothing: ${nic.asksNobody}`].join("\n");
  const lines = [
    title,
    printable(`  candidates come from  ${nic.source}`),
    ...nic.unmatched.map((pattern) => printable(`  no pool fits the pattern ${pattern}`)),
  ];
  if (nic.error !== undefined) return [...lines, paint.red(printable(`  => the Pod fails: ${nic.error}`))].join("\n");
  return [...lines, ...nic.families.flatMap((family) => familyText(family, paint))].join("\n");
}

function familyText(family: FamilyExplanation, paint: Palette): string[] {
  const { usable, refused, others } = family;
  const names = [...usable, ...refused, ...others.slice(0, MOST_OTHERS)].map((one) => one.pool.length);
  const width = names.reduce((widest, one) => Math.min(52, Math.max(widest, one)), 0);
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
  return [...yes, ...no, ...apart, ...rest, ...outcome(family, paint)];
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

function outcome(family: FamilyExplanation, paint: Palette): string[] {
  if (family.ordinals.length > 0) {
    return family.ordinals.map(({ pod, next }) =>
      next.length > 0
        ? paint.green(printable(`  => ${pod}: ${choicesText(next)}`))
        : paint.red(printable(`  => ${pod}: no IPv${family.family} pool that it names can serve it (A10)`)),
    );
  }
  if (family.next.length > 0) return [paint.green(printable(`  => ${choicesText(family.next)}`))];
  const named = family.usable.length + family.refused.length > 0;
  if (!named) return [`  => no IPv${family.family} address: nothing names a pool for it`];
  if (family.holding > 0) {
    const keep = `its ${count(family.holding, "Pod")} ${family.holding === 1 ? "keeps its address" : "keep theirs"}`;
    return [paint.yellow(`  => ${keep}; one more Pod would find no IPv${family.family} address (A10)`)];
  }
  return [paint.red(`  => the Pod fails: no IPv${family.family} pool that it names can serve it (A10)`)];
}

function choicesText(next: readonly NextAddress[]): string {
  const choices = next.map((one) => `${one.address} from ${one.pool}${one.kept ? " (its own)" : ""}`);
  return `${choices.join(", or ")}${choices.length > 1 ? "  (equal rank: any of them)" : ""}`;
}

/** What `explain -o json|yaml` prints. */
export function explainDocument(answers: readonly Explanation[]): object {
  const [{ target }] = answers as [Explanation];
  return {
    formatVersion: "1.0",
    target: target.title,
    node: target.pod.node ?? null,
    interfaces: answers
      .flatMap(({ nics }) => nics)
      .map((nic) => ({
        interface: nic.nic,
        network: nic.network ?? null,
        asks: nic.asksNobody === undefined,
        source: nic.source,
        unmatched: nic.unmatched,
        error: nic.error ?? null,
        families: nic.families.map(({ family, usable, refused, others, next, holding, ordinals }) => ({
          family,
          usable: usable.map((one) => ({ ...one, next: one.next ?? null, holds: one.holds ?? null })),
          refused: refused.map(({ pool, rule, reason }) => ({ pool, rule: rule ?? null, reason })),
          others: others.map(({ pool, rule, reason }) => ({ pool, rule: rule ?? null, reason })),
          next,
          holding,
          ordinals,
        })),
      })),
  };
}
