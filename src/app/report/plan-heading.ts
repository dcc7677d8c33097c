import type { Snapshot } from "../../core/snapshot.js";
import { count } from "./count.js";

/** Where a plan comes from and what it was judged against. */
export interface PlanHeading {
  /** As one would type it. */
  readonly path: string;
  /** Short Git revision, with a mark when files differ from it; undefined outside a repository. */
  readonly revision?: string;
  readonly cluster?: string;
  readonly install: string;
  /** `the cluster`, or the names of snapshot files. */
  readonly against: string;
}

/** `Plan of examples/x @ 3f2c9d1 for cluster dc1, install default` */
export function headingLine(heading: PlanHeading): string {
  const revision = heading.revision === undefined ? "" : ` @ ${heading.revision}`;
  const cluster = heading.cluster === undefined ? "" : ` for cluster ${heading.cluster}`;
  return `Plan of ${heading.path}${revision}${cluster}, install ${heading.install}`;
}

/** `judged against the cluster: 41 pools, 212 addresses in use, Spiderpool's settings read from the cluster` */
export function snapshotLine(heading: PlanHeading, snapshot: Snapshot): string {
  const pools = count(snapshot.pools.size, "pool");
  const used = count(snapshot.use.byAddress.size, "address");
  const read = Object.values(snapshot.facts).some((fact) => fact !== undefined);
  const from = heading.against === "the cluster" ? "the cluster" : "the snapshot";
  const facts = `Spiderpool's settings ${read ? `read from ${from}` : "from the plan and the chart's defaults"}`;
  return `judged against ${heading.against}: ${pools}, ${used} in use, ${facts}`;
}
