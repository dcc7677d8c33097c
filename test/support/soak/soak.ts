import type { PlanSyncStatus } from "../../../src/core/plan-sync/plan-sync.generated.js";
import { openSockets, residentMiB } from "../process-facts.js";
import { chance } from "../worlds/chance.js";
import { anEvent, commit, EVENTS, pause, RESTARTS, resume, type SoakWorld } from "./events.js";
import { FIRST_PLAN, TOWN, WEBS } from "./plans.js";
import { PLAN_SYNCS, type PlanSyncName, SoakStage } from "./stage.js";
import { type Sample, type Trend, trendOf } from "./trend.js";
import { Watcher } from "./watcher.js";

export interface SoakOptions {
  readonly minutes: number;
  /** It goes on until so many events happened: a slow machine gets little done in a while. */
  readonly leastEvents?: number;
  readonly seed: number;
  readonly onProgress: (line: string) => void;
}

export interface SoakResult {
  readonly violations: readonly string[];
  /** What the cluster still lacks of the last commit; empty when it has converged. */
  readonly left: readonly string[];
  readonly events: number;
  readonly starts: number;
  readonly looks: number;
  /** Seconds from the last commit until everything was at rest. */
  readonly convergedIn: number;
  /** Over the second half, in which one process lives: a restart would hide what it does not give back. */
  readonly rss: Trend;
  readonly heap: Trend;
  readonly sockets: Trend;
  /** Whether memory and sockets end where they began. */
  readonly flat: boolean;
}

/** How much more counts as none: parts of the mean for memory, pieces for sockets. */
const FLAT = { memory: 0.1, sockets: 2 };
const SAMPLE_EVERY = 3_000;
const TELL_EVERY = 30_000;
/** What a new process takes until it has the Leases of a killed one, and has read everything. */
const SETTLING = 20_000;
const CONVERGES_WITHIN = 120_000;

/** Runs an operator under random events, and watches what must never happen. */
export async function soak({ minutes, leastEvents = 0, seed, onProgress }: SoakOptions): Promise<SoakResult> {
  const stage = await SoakStage.open();
  const world: SoakWorld = { stage, chance: chance(seed), plan: FIRST_PLAN, drifts: new Map() };
  const watcher = new Watcher(stage.cluster.actor);
  const readings = new Readings(stage, watcher, onProgress);
  try {
    await commit(world, FIRST_PLAN);
    await until(async () => (await leftOf(stage)).length === 0, CONVERGES_WITHIN);
    readings.start();
    await happen(world, watcher, readings, { length: minutes * 60_000, leastEvents });
    readings.stop();
    const committed = Date.now();
    await comeToRest(world);
    await until(async () => (await leftOf(stage)).length === 0, CONVERGES_WITHIN);
    await watcher.look();
    const left = await leftOf(stage);
    if (left.length > 0) onProgress(stage.operator.log.slice(-40).join("\n"));
    const { rss, heap, sockets } = readings.trends(minutes / 2);
    const flat = [rss, heap].every((one) => one.rise < one.mean * FLAT.memory) && sockets.rise < FLAT.sockets;
    const { events } = readings;
    const convergedIn = (Date.now() - committed) / 1000;
    const told = { violations: [...watcher.violations], left, events, starts: stage.starts, looks: watcher.looks };
    return { ...told, convergedIn, rss, heap, sockets, flat };
  } finally {
    readings.stop();
    await watcher.stop();
    await stage.close();
  }
}

async function happen(
  world: SoakWorld,
  watcher: Watcher,
  readings: Readings,
  { length, leastEvents }: { readonly length: number; readonly leastEvents: number },
): Promise<void> {
  const began = Date.now();
  const restarts = {
    next: began + length / 12,
    every: length / 12,
    until: began + length / 2 - Math.min(SETTLING, length / 8),
  };
  while (Date.now() - began < length || readings.events < leastEvents) {
    const now = Date.now();
    const restart = now >= restarts.next && (now < restarts.until || world.stage.starts === 1);
    if (restart) restarts.next = now + restarts.every * (0.5 + world.chance.below(100) / 100);
    const { name, happen } = anEvent(restart ? RESTARTS : EVENTS, world.chance);
    readings.happened(name);
    await happen(world);
    await watcher.look();
    const ended = world.stage.operator.ended();
    if (ended !== undefined)
      throw new Error(`the operator ended by itself (${ended}):\n${world.stage.operator.log.join("\n")}`);
    await pause(100 + world.chance.below(2_000));
  }
}

/** Everything as the last commit says, so that nothing in use stands in its way. */
async function comeToRest(world: SoakWorld): Promise<void> {
  const { cluster } = world.stage;
  await resume(world);
  const plan = { ...FIRST_PLAN, webs: new Map([...FIRST_PLAN.webs, [4, 3]]) };
  const scale = (kind: "Deployment" | "StatefulSet", name: string, replicas: number) =>
    cluster.patch(kind, `${TOWN}/${name}`, { spec: { replicas } });
  for (let web = 0; web < WEBS; web++) await scale("Deployment", `web${web}`, plan.webs.get(web) ?? 0);
  await scale("StatefulSet", "db", plan.ordinals);
  await commit(world, plan);
}

/** What each PlanSync still has to do at the tip of main. */
async function leftOf(stage: SoakStage): Promise<string[]> {
  const left: string[] = [];
  for (const name of Object.keys(PLAN_SYNCS) as PlanSyncName[]) {
    const status = ((await stage.planSync(name)).status ?? {}) as PlanSyncStatus;
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    if (status.lastAppliedRevision !== stage.repository.tip()) left.push(`${name} is not at the last commit`);
    if (ready?.status !== "True") left.push(`${name}: ${ready?.reason} ${ready?.message}`);
    const { create = 0, update = 0, delete: gone = 0 } = status.plan ?? {};
    if (create + update + gone > 0) left.push(`${name} plans ${create} + ${update} + ${gone} steps`);
  }
  return left;
}

async function until(holds: () => Promise<boolean>, milliseconds: number): Promise<void> {
  for (const end = Date.now() + milliseconds; Date.now() < end && !(await holds()); ) await pause(250);
}

/** Reads the operator's memory and sockets as time passes, and tells of them. */
class Readings {
  events = 0;
  readonly #samples: (Sample & { readonly pid: number })[] = [];
  #began = 0;
  #timers: NodeJS.Timeout[] = [];
  #last = "";

  constructor(
    private readonly stage: SoakStage,
    private readonly watcher: Watcher,
    private readonly tell: (line: string) => void,
  ) {}

  start(): void {
    this.#began = Date.now();
    const sampling = setInterval(() => void this.#sample().catch(() => {}), SAMPLE_EVERY);
    const telling = setInterval(() => this.#say(), TELL_EVERY);
    this.#timers = [sampling, telling];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  happened(name: string): void {
    this.events++;
    this.#last = name;
  }

  /** @param from minute */
  trends(from: number): { rss: Trend; heap: Trend; sockets: Trend } {
    const late = this.#samples.filter(({ minute }) => minute >= from);
    const own = late.filter(({ pid }) => pid === this.stage.operator.pid);
    return {
      rss: trendOf(own, ({ rss }) => rss),
      heap: trendOf(own, ({ heap }) => heap),
      sockets: trendOf(own, ({ sockets }) => sockets),
    };
  }

  /** While an operator is replaced there is nothing to read. */
  async #sample(): Promise<void> {
    const minute = (Date.now() - this.#began) / 60_000;
    const { pid } = this.stage.operator;
    const heap = await this.stage.heapMiB();
    // Our own question is one of its sockets; it closes after a while.
    this.#samples.push({ minute, pid, rss: residentMiB(pid), heap, sockets: openSockets(pid) });
  }

  #say(): void {
    const last = this.#samples.at(-1);
    if (last === undefined) return;
    const figures = [
      `${((Date.now() - this.#began) / 60_000).toFixed(1)} min`,
      `RSS ${last.rss.toFixed(0)} MiB`,
      `heap ${last.heap.toFixed(0)} MiB`,
      `${last.sockets} sockets`,
      `${this.events} events`,
      `${this.stage.starts} operators`,
      `${this.watcher.looks} looks`,
      `${this.watcher.violations.size} violations`,
    ];
    this.tell(`${figures.join(", ")} (last: ${this.#last})`);
  }
}
