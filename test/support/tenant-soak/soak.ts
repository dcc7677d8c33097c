import { chance } from "../worlds/chance.js";
import { DEEDS } from "./deeds.js";
import { count, Observer, type Seen } from "./observer.js";
import { honestNames, poolOf, replicasBy, sizeOf } from "./plans.js";
import { TenantStage } from "./stage.js";
import { Tenant } from "./tenant.js";

export interface TenantSoakOptions {
  /** With the tenant; a quarter as long without it. */
  readonly minutes: number;
  readonly seed: number;
  /** On a real API server (KUBEBUILDER_ASSETS), not on the embedded one. */
  readonly real: boolean;
  /** Namespaces that only want their commits carried out. */
  readonly honest: number;
  /** By turns without and with the tenant, so that a slow quarter of an hour of the machine hits both. */
  readonly rounds: number;
  /** How much of everything the tenant makes: 1 is its worst. */
  readonly scale: number;
  readonly onProgress: (line: string) => void;
}

/** What one kind of phase came to. */
export interface Phase {
  /** Seconds from each push until the cluster and the PlanSync had it. */
  readonly seconds: number[];
  /** Commits that took longer than LATE. */
  late: number;
  /** Commits that were never carried out. */
  lost: number;
  readonly seen: Seen[];
}

export interface TenantSoakResult {
  readonly without: Phase;
  readonly beside: Phase;
  readonly violations: readonly string[];
  readonly writes: number;
  readonly deeds: ReadonlyMap<string, number>;
  readonly refused: ReadonlyMap<string, number>;
}

/** After so many seconds a commit counts as a failure, and as lost. */
const LATE = 60;
const LOST = 300;
const BETWEEN_COMMITS = 1_000;

/** Commits for honest namespaces, without and beside one whose tenant does its worst. */
export async function tenantSoak(options: TenantSoakOptions): Promise<TenantSoakResult> {
  const { minutes, seed, rounds, scale, onProgress } = options;
  const random = chance(seed);
  const stage = await TenantStage.open(honestNames(options.honest), options.real);
  const observer = new Observer(stage);
  const tenant = new Tenant(stage.tenant, chance(seed + 1), scale);
  const [without, beside] = [phase(), phase()];
  /** For so long, and until it is enough: a slow machine gets little done in a while. */
  const commits = async (to: Phase, length: number, isEnough = () => true) => {
    for (const end = Date.now() + length; Date.now() < end || !isEnough(); ) {
      const namespace = stage.honest[random.below(stage.honest.length)]!;
      await commit(stage, namespace, replicasBy(random.below), to);
      await pause(random.below(2 * BETWEEN_COMMITS));
    }
    to.seen.push(observer.take());
  };
  try {
    await ready(stage);
    observer.start();
    const length = (minutes * 60_000) / rounds;
    for (let round = 1; round <= rounds; round++) {
      await commits(without, length / 4);
      onProgress(`round ${round} without: ${lineOf(without)}`);
      const ending = new AbortController();
      const hostile = tenant.run(ending.signal);
      await commits(beside, length, () => tenant.deeds.size === DEEDS.length);
      ending.abort();
      await hostile;
      onProgress(`round ${round} beside: ${lineOf(beside)}, ${observer.violations.size} violations`);
      if (round < rounds) await recover(stage, tenant, observer);
    }
  } finally {
    await observer.stop();
    if (observer.violations.size > 0) onProgress(stage.operator.log.slice(-40).join("\n"));
    await stage.close();
  }
  const { writes, deeds, refused } = tenant;
  return { without, beside, violations: [...observer.violations], writes, deeds, refused };
}

/** The tenant's things are gone and the operator has seen it: the next phase is without them. */
async function recover(stage: TenantStage, tenant: Tenant, observer: Observer): Promise<void> {
  await tenant.leave();
  await pause(5_000);
  await ready(stage);
  observer.take();
}

async function commit(stage: TenantStage, namespace: string, replicas: number, to: Phase): Promise<void> {
  const started = performance.now();
  const revision = await stage.push(namespace, replicas);
  const landed = async () =>
    (await stage.status()).lastAppliedRevision === revision &&
    (await stage.poolSize(poolOf(namespace))) === sizeOf(replicas);
  const isThere = await until(landed, LOST);
  const seconds = (performance.now() - started) / 1000;
  to.seconds.push(seconds);
  if (!isThere) to.lost++;
  if (seconds > LATE) to.late++;
}

async function ready(stage: TenantStage): Promise<void> {
  const pods = 3 * stage.honest.length;
  const isReady = async () => {
    const { conditions = [], lastAppliedRevision } = await stage.status();
    const isTrue = conditions.some(({ type, status }) => type === "Ready" && status === "True");
    const addresses = [...(await stage.addresses()).values()].filter((address) => address !== "");
    return isTrue && lastAppliedRevision === stage.tip() && addresses.length >= pods;
  };
  if (!(await until(isReady, LOST)))
    throw new Error(`not ready: ${JSON.stringify(await stage.status())}\n${stage.operator.log.slice(-40).join("\n")}`);
}

async function until(holds: () => Promise<boolean>, seconds: number): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(50)) if (await holds()) return true;
  return false;
}

/** The share p of all values is not above it. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

function lineOf({ seconds, late, lost }: Phase): string {
  const figures = [0.5, 0.95].map((p) => `${percentile(seconds, p).toFixed(2)} s`).join(" and ");
  return `${seconds.length} commits, median and p95 ${figures}, ${late} late, ${lost} lost`;
}

function phase(): Phase {
  return { seconds: [], late: 0, lost: 0, seen: [] };
}

/** What was seen in all phases of a kind. */
export function together(seen: readonly Seen[]): Seen {
  const most = (of: (one: Seen) => number) => Math.max(0, ...seen.map(of));
  const notReady = new Map<string, number>();
  for (const one of seen) for (const [reason, times] of one.notReady) count(notReady, reason, times);
  return {
    slowestHealthMs: most(({ slowestHealthMs }) => slowestHealthMs),
    rssMiB: most(({ rssMiB }) => rssMiB),
    heapMiB: most(({ heapMiB }) => heapMiB),
    notReady,
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
