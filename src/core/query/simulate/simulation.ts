import type { Choice } from "./start.js";

/**
 * What becomes of one address. `keeps`: the Pod has its own again, as by right; `gets`: it has one; `may get none`: in
 * another order or on another node it has none; `none`; `gone`: it does not come back; `waits`: it cannot start yet.
 */
export type Fate = "keeps" | "gets" | "may get none" | "none" | "gone" | "waits";

/** One address of one Pod that an event concerns. */
export interface SimulatedAddress {
  readonly pod: string;
  readonly workload: string | undefined;
  readonly interface: string;
  readonly family: 4 | 6;
  readonly fate: Fate;
  readonly before: Choice | undefined;
  /** Empty for no address; several: one of them, by Spiderpool's choice among equals or by the scheduler's (A12). */
  readonly after: readonly Choice[];
  readonly reasons: readonly string[];
}

/** What the events come to. */
export interface Simulation {
  /** In order of Pod, NIC and family. */
  readonly addresses: readonly SimulatedAddress[];
  /** How many addresses nothing happens to. */
  readonly untouched: number;
}
