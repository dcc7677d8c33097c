import type { Step } from "../../core/change/step.js";
import type { SourceRef } from "../../core/diagnostics.js";
import { amount } from "../../core/ip/amount.js";
import { formatRangeSet, type RangeSet, size } from "../../core/ip/range-set.js";
import { printable } from "../../core/printable.js";
import { flow, shortList } from "./columns.js";
import type { Palette } from "./palette.js";

const SYMBOLS = { create: "+", update: "~", delete: "-", adopt: "=" } as const;
const WIDEST_NAME = 46;

/** Where in the plan something stands, as a person opens it. */
type PlaceOf = (source: SourceRef) => string | undefined;

/** The lines of all steps in aligned columns: symbol, kind, name, what changes and why. */
export function stepsText(steps: readonly Step[], paint: Palette, place: PlaceOf): string[] {
  const kinds = steps.reduce((most, step) => Math.max(most, step.kind.kind.length), 0);
  const names = steps.reduce((most, step) => Math.min(WIDEST_NAME, Math.max(most, fullName(step).length)), 0);
  return steps.flatMap((step) => stepText(step, { kinds, names }, paint, place));
}

/** `namespace/name`, or the name of a cluster-scoped object. */
export function fullName(step: Step): string {
  return step.namespace === undefined ? step.name : `${step.namespace}/${step.name}`;
}

interface Widths {
  readonly kinds: number;
  readonly names: number;
}

function stepText(step: Step, { kinds, names }: Widths, paint: Palette, place: PlaceOf): string[] {
  const held = step.blocked !== undefined && step.blocked.type !== "waiting";
  const symbol = held ? "!" : SYMBOLS[step.action];
  const head = `  ${symbol} ${step.kind.kind.padEnd(kinds)}  ${fullName(step).padEnd(names)}`;
  const lines = flow(head, details(step), " ".repeat(6)).map(printable);
  const [first = "", ...rest] = lines;
  return [`  ${symbolPaint(step, held, paint)(symbol)}${first.slice(3)}`, ...rest, ...blockText(step, paint, place)];
}

function details(step: Step): string[] {
  const amounts = step.kind.kind === "SpiderSubnet" && step.action === "create" ? [] : amountsOf(step);
  const fields = step.action === "create" || step.action === "delete" ? [] : step.changes;
  const adopted = step.action === "adopt" ? [adoptionText(step)] : [];
  const note = step.note === undefined ? "" : `(${step.note})`;
  return [...amounts, ...adopted, ...fields, note, step.reason];
}

function amountsOf(step: Step): string[] {
  const signed = (sign: string, set: RangeSet) =>
    set.length === 0 ? [] : [`${sign}${amount(size(set))}  ${shortList(formatRangeSet(set))}`];
  return [...signed("+", step.added), ...signed("-", step.removed)];
}

/** Who wrote the object before, as far as the server kept it. */
function adoptionText(step: Step): string {
  const manager = step.live?.metadata.managedFields?.find((entry) => entry.manager !== undefined)?.manager;
  const nothing = step.changes.length === 0 && step.added.length === 0 && step.removed.length === 0;
  return `adopted${manager === undefined ? "" : ` (was: ${manager})`}${nothing ? "; no field changes" : ""}`;
}

function blockText(step: Step, paint: Palette, place: PlaceOf): string[] {
  if (step.blocked === undefined) return [];
  const word = step.blocked.type === "waiting" ? "waiting" : "held back";
  const where = step.source === undefined ? undefined : place(step.source);
  const parts = [`${word}: ${printable(step.blocked.message)}`, where === undefined ? "" : printable(where)];
  const lines = flow("", parts, " ".repeat(6));
  return step.blocked.type === "waiting" ? lines : lines.map(paint.red);
}

function symbolPaint(step: Step, held: boolean, paint: Palette): (text: string) => string {
  if (held) return (text) => paint.bold(paint.red(text));
  return { create: paint.green, update: paint.yellow, delete: paint.red, adopt: paint.cyan }[step.action];
}
