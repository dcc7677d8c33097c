import { setMaxListeners } from "node:events";
import type { SpiderpoolFacts } from "../core/spiderpool/facts.js";
import { KINDS, type Kind, type KubeObject } from "../core/spiderpool/objects.js";
import type { ClusterActor } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";
import { keyOf, Mirror } from "./mirror.js";
import { Worker } from "./worker.js";

/** One who plays a part of a cluster on its API, until stopped. */
export interface Player {
  stop(): Promise<void>;
  /** Resolves when nothing is left to do: every event seen, every queue empty. Rejects on a bug. */
  settle(): Promise<void>;
  /** How many pieces of work were done so far. */
  rounds(): number;
}

export type KindName = keyof typeof KINDS;

/** What a role sees and does the cluster with. */
export interface Stage {
  readonly actor: ClusterActor;
  readonly clock: Clock;
  readonly facts: SpiderpoolFacts;
  /** The live copy of a kind; empty where the server does not serve it. */
  mirror(kind: KindName): Mirror;
  /** Takes over what a write answered, and returns it. */
  learned(written: Promise<KubeObject>): Promise<KubeObject>;
}

/** One control loop: which keys an event concerns, and how to bring the world in line with a key. */
export interface Role {
  readonly name: string;
  /** By kind watched: keys to work on when an object of it appears, changes or goes. */
  readonly on: Partial<Record<KindName, (object: KubeObject, before: KubeObject | undefined) => readonly string[]>>;
  reconcile(key: string): Promise<void>;
}

/** The key of the object itself, for a role's `on`. */
export const itself = (object: KubeObject): readonly string[] => [keyOf(object)];

const SETTLE_MILLISECONDS = 3;

/** Starts the roles on one stage, one worker for all of them. */
export function play(
  actor: ClusterActor,
  clock: Clock,
  facts: SpiderpoolFacts,
  rolesOn: (stage: Stage) => readonly Role[],
): Player {
  const ending = new AbortController();
  setMaxListeners(0, ending.signal); // one listener a watched kind and a sleep: more than Node's ten, and no leak
  const mirrors = new Map<KindName, Mirror>();
  const stage: Stage = {
    actor,
    clock,
    facts,
    mirror: (name) => mirrorOf(name),
    learned: async (written) => {
      const object = await written;
      mirrors.get(object.kind as KindName)?.learn(object);
      return object;
    },
  };
  const roles = new Map<string, Role>();
  const worker = new Worker(clock, ending.signal, (key) => {
    const slash = key.indexOf(" ");
    return roles.get(key.slice(0, slash))!.reconcile(key.slice(slash + 1));
  });
  const mirrorOf = (name: KindName): Mirror => {
    const known = mirrors.get(name);
    if (known !== undefined) return known;
    const mirror = new Mirror(actor, clock, KINDS[name], (object, before) => {
      for (const role of roles.values()) {
        for (const key of role.on[name]?.(object, before) ?? []) worker.add(`${role.name} ${key}`);
      }
    });
    mirrors.set(name, mirror);
    return mirror;
  };
  for (const role of rolesOn(stage)) {
    roles.set(role.name, role);
    for (const name of Object.keys(role.on) as KindName[]) mirrorOf(name);
  }
  const followed = follow(actor, mirrors, ending.signal);
  // A server that cannot be reached is told by `settle`.
  followed.then(() => worker.start()).catch(() => undefined);
  return {
    stop: async () => {
      ending.abort(new Error("the player was stopped"));
      await followed.then(({ done }) => done).catch(() => undefined);
    },
    rounds: () => worker.rounds,
    settle: async () => {
      const { watched } = await followed;
      for (;;) {
        if (worker.failure !== undefined) throw worker.failure;
        if (worker.idle()) {
          const rounds = worker.rounds;
          const caughtUp = await Promise.all(watched.map((mirror) => mirror.caughtUp()));
          if (caughtUp.every(Boolean) && worker.idle() && worker.rounds === rounds) return;
        }
        if (ending.signal.aborted) return;
        await pause(SETTLE_MILLISECONDS);
      }
    },
  };
}

/** Resolves when no player has anything left to do that another's work gave it. */
export async function settleAll(...players: readonly Player[]): Promise<void> {
  const total = () => players.reduce((sum, player) => sum + player.rounds(), 0);
  for (let before = -1; before !== total(); ) {
    before = total();
    for (const player of players) await player.settle();
  }
}

/** Loads every served mirror, then follows all of them. */
async function follow(
  actor: ClusterActor,
  mirrors: ReadonlyMap<KindName, Mirror>,
  signal: AbortSignal,
): Promise<{ watched: readonly Mirror[]; done: Promise<unknown> }> {
  const wanted = [...mirrors.values()];
  const served = await actor.served(wanted.map((mirror): Kind => mirror.kind));
  const watched = wanted.filter((mirror) => served.has(mirror.kind));
  const versions = await Promise.all(watched.map((mirror) => mirror.load()));
  const done = Promise.all(watched.map((mirror, index) => mirror.follow(versions[index]!, signal)));
  return { watched, done };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
