import { inProcessActor } from "../../../src/adapters/embedded/actor.js";
import { Api } from "../../../src/adapters/embedded/api.js";
import { Collector } from "../../../src/adapters/embedded/garbage.js";
import { resourcesOf } from "../../../src/adapters/embedded/resources.js";
import { seed } from "../../../src/adapters/embedded/seed.js";
import { Webhooks } from "../../../src/adapters/embedded/spiderpool.js";
import { Store } from "../../../src/adapters/embedded/store.js";
import { systemClock } from "../../../src/cli/clock.js";
import { isClusterError } from "../../../src/core/cluster-error.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { KIND_DESCRIPTIONS } from "../../../src/core/spiderpool/schemas.generated.js";
import { startAgent } from "../../../src/players/agent.js";
import { startController } from "../../../src/players/controller.js";
import type { Mirror } from "../../../src/players/mirror.js";
import { type KindName, type Player, type Role, type Stage, settleAll } from "../../../src/players/player.js";
import { spiderPools } from "../../../src/players/spider-pools.js";
import { spiderSubnets } from "../../../src/players/spider-subnets.js";
import type { ClusterActor } from "../../../src/ports/cluster.js";
import type { Clock } from "../../../src/ports/runtime.js";
import { virtualClock } from "../virtual-clock.js";
import { withMachines } from "./machines.js";
import { type Objects, storedAs } from "./objects.js";

const RESOURCES = resourcesOf(KIND_DESCRIPTIONS, {});

/** How often Spiderpool's controller looks before the world gives up. */
const ROUNDS = 30;

/** A clock that also goes on when the world says so. */
export interface WorldClock extends Clock {
  advance(milliseconds: number): void;
}

/**
 * The embedded cluster without its wire, and Spiderpool's controller played in turns: nothing waits, nothing happens
 * that the world did not ask for.
 */
export class WorldCluster {
  readonly actor: ClusterActor;
  readonly objects: Objects;
  readonly clock: WorldClock;
  readonly #store = new Store(1_000);
  readonly #roles: readonly [Role, KindName][];
  readonly #players: readonly Player[] = [];
  readonly #collector: Collector | undefined;

  /** @param played whether the real players play, each at its own pace */
  constructor(objects: readonly KubeObject[], played: boolean) {
    const ticking = virtualClock();
    let ahead = 0;
    this.clock = {
      now: () => ticking.now() + ahead,
      monotonic: () => ticking.now() + ahead,
      advance: (milliseconds) => {
        ahead += milliseconds;
      },
      // Whoever waits in apply waits for the controller.
      sleep: async (milliseconds, signal) => {
        await this.settle();
        await ticking.sleep(milliseconds, signal);
      },
    };
    const api = new Api(this.#store, RESOURCES, new Webhooks(this.#store, CHART_DEFAULTS), () => this.clock.now());
    seed(api, objects);
    this.actor = withMachines(inProcessActor(api, "spiderplan-players"), (kind) => this.#store.all(kind));
    this.objects = {
      all: (kind) => this.#store.all(kind),
      put: (object) => void this.#store.put(storedAs(object), object),
      remove: (object) => void this.#store.remove(storedAs(object), object),
    };
    if (played) {
      this.#collector = new Collector(api);
      this.#players = [
        startController(this.actor, systemClock, { kubernetes: true, facts: CHART_DEFAULTS }),
        startAgent(this.actor, systemClock, { facts: CHART_DEFAULTS }),
      ];
    }
    const stage = this.#stage();
    this.#roles = [
      [spiderSubnets(stage), "SpiderSubnet"],
      [spiderPools(stage), "SpiderIPPool"],
    ];
  }

  async stop(): Promise<void> {
    this.#collector?.stop();
    await Promise.all(this.#players.map((player) => player.stop()));
  }

  /** Lets Spiderpool's controller work until it has nothing left to do. */
  async settle(): Promise<void> {
    if (this.#players.length > 0) return settleAll(...this.#players);
    for (let round = 0, before = -1; before !== this.#store.version; round++) {
      if (round > ROUNDS) throw new Error("Spiderpool's controller does not come to rest");
      before = this.#store.version;
      for (const [role, kind] of this.#roles) {
        for (const key of [...this.#store.all(kind).keys()].sort()) {
          await role.reconcile(key).catch((error: unknown) => {
            if (!isClusterError(error)) throw error;
          });
        }
      }
    }
  }

  #stage(): Stage {
    return {
      actor: this.actor,
      clock: this.clock,
      facts: CHART_DEFAULTS,
      mirror: (kind) => new LiveMirror(this.#store, kind) as unknown as Mirror,
      learned: (written) => written,
    };
  }
}

/** The players' copy of a kind, without the copying. */
class LiveMirror {
  constructor(
    readonly store: Store,
    readonly kind: string,
  ) {}

  get objects(): ReadonlyMap<string, KubeObject> {
    return this.store.all(this.kind);
  }

  get(key: string): KubeObject | undefined {
    return this.objects.get(key);
  }

  all(): KubeObject[] {
    return [...this.objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  values(): IterableIterator<KubeObject> {
    return this.objects.values();
  }

  controlledBy(uid: string): KubeObject[] {
    return this.all().filter((object) =>
      object.metadata.ownerReferences?.some((one) => one.controller && one.uid === uid),
    );
  }
}
