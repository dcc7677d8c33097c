import { printable } from "../../core/printable.js";
import type { SimulationRequest } from "../../core/query/simulate/simulate.js";
import type { Fate, SimulatedAddress, Simulation } from "../../core/query/simulate/simulation.js";
import type { Choice } from "../../core/query/simulate/start.js";
import { flow, table } from "./columns.js";
import type { Palette } from "./palette.js";

/** A simulation with what was asked. */
export interface ToldSimulation {
  readonly simulation: Simulation;
  readonly request: SimulationRequest;
  /** What it was played on, in words. */
  readonly against: string;
}

const FATES: readonly Fate[] = ["keeps", "gets", "may get none", "none", "gone", "waits"];
const MOST_CHOICES = 3;

/** Whether somebody would be, or might be, without an address. */
export function simulationFails({ addresses }: Simulation): boolean {
  return addresses.some((one) => one.fate === "none" || one.fate === "may get none");
}

/** One line an address; those who get none below, with the reasons. */
export function simulationText({ simulation, request, against }: ToldSimulation, paint: Palette): string {
  const { addresses, untouched } = simulation;
  const rows = addresses.map((one) => [
    one.pod,
    one.interface,
    one.before?.address ?? "-",
    outcomeText(one),
    one.after[0]?.pool ?? "-",
  ]);
  const shown =
    rows.length === 0
      ? ""
      : `${table([["POD", "NIC", "BEFORE", "AFTER", "POOL"], ...rows].map((row) => row.map(printable)))}\n`;
  const told = addresses.filter((one) => one.reasons.length > 0).flatMap((one) => reasonLines(one, paint));
  const head = `${eventTexts(request).join(", ")}; played on ${against}`;
  return [
    paint.bold(printable(head)),
    "",
    shown + told.map((line) => `${line}\n`).join("") + (told.length > 0 ? "\n" : ""),
  ]
    .join("\n")
    .concat(`${summaryText(addresses, untouched)}\n`);
}

function outcomeText({ fate, after, before }: SimulatedAddress): string {
  const some = after.slice(0, MOST_CHOICES).map((one) => one.address);
  const more = after.length > MOST_CHOICES ? ` and ${after.length - MOST_CHOICES} more` : "";
  const text = after.length > 1 ? `one of ${some.join(", ")}${more}` : (some[0] ?? "");
  if (fate === "keeps") return `${text} (its own)`;
  if (fate === "gets") return after.length === 1 && after[0]?.address === before?.address ? `${text} (the same)` : text;
  return fate === "may get none" ? `${text}, or none` : fate;
}

function reasonLines(one: SimulatedAddress, paint: Palette): string[] {
  const harmed = one.fate === "none" || one.fate === "may get none";
  const lines = flow(`  ${harmed ? "!" : "-"} ${one.pod}   ${one.interface}   ${one.fate}`, one.reasons, "      ").map(
    printable,
  );
  return harmed ? lines.map((line) => paint.red(line)) : lines;
}

function summaryText(addresses: readonly SimulatedAddress[], untouched: number): string {
  const counted = countFates(addresses);
  const some = FATES.filter((fate) => counted[fate] > 0).map((fate) => `${counted[fate]} ${SUMMARY[fate]}`);
  return `Simulated addresses: ${[...some, `${untouched} not concerned`].join(", ")}. Without an address: ${counted.none}${counted["may get none"] > 0 ? `, perhaps ${counted["may get none"]} more` : ""}.`;
}

const SUMMARY: Readonly<Record<Fate, string>> = {
  keeps: "kept",
  gets: "handed out",
  "may get none": "at risk",
  none: "missing",
  gone: "given back",
  waits: "waiting",
};

function countFates(addresses: readonly SimulatedAddress[]): Record<Fate, number> {
  const counted: Record<Fate, number> = { keeps: 0, gets: 0, "may get none": 0, none: 0, gone: 0, waits: 0 };
  for (const { fate } of addresses) counted[fate]++;
  return counted;
}

function eventTexts({ failed, drained, scale, rollout, restart }: SimulationRequest): string[] {
  return [
    ...(failed.length > 0 ? [`fail ${failed.join(", ")}`] : []),
    ...drained.map((node) => `drain ${node}`),
    ...[...scale].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, replicas]) => `scale ${key} to ${replicas}`),
    ...rollout.map((key) => `roll out ${key}`),
    ...(restart ? ["restart all"] : []),
  ];
}

/** What `simulate -o json|yaml` prints (schema/simulate-output.schema.json). */
export function simulationDocument({ simulation, request }: ToldSimulation): object {
  const { addresses, untouched } = simulation;
  const counted = countFates(addresses);
  const choice = (one: Choice) => ({ pool: one.pool, address: one.address });
  return {
    formatVersion: "1.0",
    events: eventTexts(request),
    summary: {
      keeps: counted.keeps,
      gets: counted.gets,
      mayGetNone: counted["may get none"],
      none: counted.none,
      gone: counted.gone,
      waits: counted.waits,
      untouched,
    },
    addresses: addresses.map((one) => ({
      pod: one.pod,
      workload: one.workload ?? null,
      interface: one.interface,
      family: one.family,
      fate: one.fate,
      before: one.before === undefined ? null : choice(one.before),
      after: one.after.slice(0, 1).map(choice)[0] ?? null,
      oneOf: one.after.length > 1 ? one.after.map(choice) : [],
      reasons: [...one.reasons],
    })),
  };
}
