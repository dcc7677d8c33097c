import type { Demand } from "./actors.js";

/** An address a Pod has or may get. */
export interface Choice {
  readonly pool: string;
  readonly address: string;
}

/** What one demand comes to. */
export interface Served {
  readonly demand: Demand;
  /** What it gets in the order shown, then what it may get in its place. */
  readonly choices: readonly Choice[];
  /** It took its own address back (A19, A21). */
  readonly kept: boolean;
}

/** What the start of a Pod comes to. */
export type Start =
  | {
      readonly type: "started";
      readonly served: readonly Served[];
      /** Why another order or another node would leave it without. */
      readonly risk: readonly string[];
    }
  | { readonly type: "none"; readonly reasons: readonly string[] }
  | { readonly type: "waits"; readonly reasons: readonly string[] };
