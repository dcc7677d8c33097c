import type { Step } from "../../core/change/step.js";
import { isClusterError } from "../../core/cluster-error.js";
import { overlaps, parseRangeSet, type RangeSet } from "../../core/ip/range-set.js";
import {
  KINDS,
  type KubeObject,
  type SpiderEndpoint,
  type SpiderIPPool,
  type SpiderSubnet,
} from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import { poolObstacle, readEndpoints, readPod } from "./usage.js";

/** How long Spiderpool's controller may take to catch up, and how often we look, in milliseconds. */
const CATCH_UP = { limit: 60_000, interval: 1_000 };

/** What stands in the way of a step, read from the cluster right before its write. */
export class Guards {
  #endpoints: Promise<readonly SpiderEndpoint[]> | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly signal: AbortSignal | undefined,
    private readonly onWait: (message: string) => void,
  ) {}

  /** A new wave reads the endpoints anew. */
  nextWave(): void {
    this.#endpoints = undefined;
  }

  /**
   * Why a step may not take away what it takes away; undefined = nothing uses it.
   * @param live the object as it is now; the write must carry its resourceVersion
   */
  async obstacle(step: Step, live: KubeObject): Promise<string | undefined> {
    if (step.kind === KINDS.SpiderIPPool) {
      const taken = step.action === "delete" ? undefined : step.removed;
      const podOf = (pod: string) => readPod(this.cluster, pod);
      return poolObstacle(live as SpiderIPPool, taken, await this.#readEndpoints(), podOf);
    }
    if (step.kind !== KINDS.SpiderSubnet) return undefined;
    return step.action === "delete" ? this.#poolsOf((live as SpiderSubnet).spec.subnet) : this.#recorded(step);
  }

  /** Read once a wave; a failed reading is none. */
  #readEndpoints(): Promise<readonly SpiderEndpoint[]> {
    this.#endpoints ??= readEndpoints(this.cluster).catch((error: unknown) => {
      this.#endpoints = undefined;
      throw error;
    });
    return this.#endpoints;
  }

  /** U9: deleting a SpiderSubnet deletes its pools, so none may be left, not even one that is going. */
  async #poolsOf(cidr: string): Promise<string | undefined> {
    return this.#until(`the pools of ${cidr} are gone`, async () => {
      const { items } = await this.cluster.list(KINDS.SpiderIPPool);
      const pools = (items as SpiderIPPool[]).filter((pool) => pool.spec.subnet === cidr);
      const staying = pools.find(({ metadata }) => metadata.deletionTimestamp === undefined);
      const one = staying ?? pools[0];
      if (one === undefined) return undefined;
      const message = `pool ${one.metadata.name} of ${cidr} is still there and would be deleted with it (U9)`;
      return { message, final: staying !== undefined };
    });
  }

  /** U7: the subnet's own record of pools must have let the addresses go. */
  async #recorded(step: Step): Promise<string | undefined> {
    return this.#until(`SpiderSubnet ${step.name} has noticed what its pools gave up`, async () => {
      const live = await this.cluster.get({ kind: step.kind, name: step.name }).catch((error: unknown) => {
        if (isClusterError(error, "NotFound")) return undefined;
        throw error;
      });
      const pool = controlling(live as SpiderSubnet | undefined, step.removed);
      return pool === undefined
        ? undefined
        : { message: `its status still gives those addresses to pool ${pool} (U7)`, final: false };
    });
  }

  async #until(
    what: string,
    look: () => Promise<{ message: string; final: boolean } | undefined>,
  ): Promise<string | undefined> {
    const deadline = this.clock.monotonic() + CATCH_UP.limit;
    for (let told = false; ; told = true) {
      const found = await look();
      if (found === undefined || found.final || this.clock.monotonic() >= deadline) return found?.message;
      if (!told) this.onWait(`waiting until ${what}`);
      const awake = await this.clock.sleep(CATCH_UP.interval, this.signal).then(
        () => true,
        () => false,
      );
      if (!awake) return found.message;
    }
  }
}

/** The pool a subnet's status says holds any of the addresses; an unreadable status is a matter for the webhook (U7). */
function controlling(subnet: SpiderSubnet | undefined, addresses: RangeSet): string | undefined {
  const text = subnet?.status?.controlledIPPools;
  if (!text) return undefined;
  let record: Record<string, { ips?: string[] } | null>;
  try {
    record = JSON.parse(text) as typeof record;
  } catch {
    return undefined;
  }
  const holds = ([, entry]: [string, { ips?: string[] } | null]) =>
    overlaps(parseRangeSet(entry?.ips ?? []) ?? [], addresses);
  return Object.entries(record).find(holds)?.[0];
}
