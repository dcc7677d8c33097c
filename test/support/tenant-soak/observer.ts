import { residentMiB } from "../process-facts.js";
import type { TenantStage } from "./stage.js";

/** What was seen in one phase. */
export interface Seen {
  slowestHealthMs: number;
  rssMiB: number;
  heapMiB: number;
  /** How often the PlanSync was seen other than ready, by reason. */
  readonly notReady: Map<string, number>;
}

/** A probe that nobody answers for so long is a violation. */
const SILENT = 5_000;

/** Looks at an operator and at every honest address until it is stopped. */
export class Observer {
  /** What must never be, once each. */
  readonly violations = new Set<string>();
  #seen: Seen = nothing();
  #stopped = false;
  readonly #known = new Map<string, string>();
  #watching: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly stage: TenantStage,
    /** In milliseconds. */
    private readonly every = { look: 1_000, ask: 250 },
  ) {}

  start(): void {
    this.#watching = Promise.all([
      this.#repeat(this.every.look, () => this.#look()),
      this.#repeat(this.every.ask, () => this.#ask()),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watching;
    await this.#look();
  }

  /** What was seen since the last call. */
  take(): Seen {
    const seen = this.#seen;
    this.#seen = nothing();
    return seen;
  }

  async #repeat(milliseconds: number, act: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      await act();
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }
  }

  async #look(): Promise<void> {
    const { stage } = this;
    const ended = stage.operator.ended();
    if (ended !== undefined) {
      this.violations.add(`the operator ended by itself (${ended})`);
      return;
    }
    this.#judge(await stage.addresses());
    const { conditions = [] } = await stage.status();
    const ready = conditions.find(({ type }) => type === "Ready");
    if (ready?.status === "Unknown") count(this.#seen.notReady, `Unknown ${ready.reason}`);
    else if (ready?.status !== "True")
      count(this.#seen.notReady, `${ready?.status} ${ready?.reason}: ${ready?.message}`);
    const metrics = await (await fetch(`${stage.operator.probes}/metrics`)).text();
    for (const [, series, value] of metrics.matchAll(
      /^(spiderplan_(?:internal_errors|work_restarts)_total\S*) (\d+)/gm,
    ))
      if (value !== "0") this.violations.add(`${series} is above 0`);
    for (const line of stage.operator.log) if (line.includes('"level":"error"')) this.violations.add(line);
    const heap = Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(metrics)?.[1] ?? 0) / 2 ** 20;
    this.#seen.heapMiB = Math.max(this.#seen.heapMiB, heap);
    this.#seen.rssMiB = Math.max(this.#seen.rssMiB, residentMiB(stage.operator.pid));
  }

  /** An honest Pod keeps the address it has; none of them is ever replaced. */
  #judge(addresses: ReadonlyMap<string, string>): void {
    for (const [pod, before] of this.#known) {
      const now = addresses.get(pod);
      if (now !== before) this.violations.add(`${pod} had ${before} and has ${now}`);
    }
    for (const [pod, address] of addresses) if (address !== "") this.#known.set(pod, address);
  }

  async #ask(): Promise<void> {
    const asked = performance.now();
    const signal = AbortSignal.timeout(SILENT);
    const answer = await fetch(`${this.stage.operator.probes}/healthz`, { signal }).catch(() => undefined);
    await answer?.arrayBuffer();
    this.#seen.slowestHealthMs = Math.max(this.#seen.slowestHealthMs, performance.now() - asked);
    if (answer?.status !== 200) this.violations.add(`/healthz: ${answer?.status ?? `no answer in ${SILENT} ms`}`);
  }
}

function nothing(): Seen {
  return { slowestHealthMs: 0, rssMiB: 0, heapMiB: 0, notReady: new Map() };
}

export function count(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
