import { Agent, fetch } from "undici";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import type { Chance } from "../worlds/chance.js";
import { DEEDS, type Deed, flap } from "./deeds.js";
import { HOSTILE } from "./plans.js";

type KindName = keyof typeof KINDS;

/** What the tenant may write: nothing outside its namespace, no pools, no status. */
export const WRITTEN: readonly KindName[] = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "CronJob",
  "Pod",
  "ConfigMap",
  "NetworkAttachmentDefinition",
  "SpiderMultusConfig",
];
const FLAPS_EVERY = 125;
/** Between two deeds at most, in milliseconds. */
const BREATH = 1_500;
const WORKERS = 8;

/** Where the tenant reaches the API server, and as whom. */
export interface TenantAccess {
  readonly server: string;
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** The tenant of one namespace with kubectl, a script and time. */
export class Tenant {
  /** How often it did what. */
  readonly deeds = new Map<string, number>();
  /** What the API server refused, by answer. */
  readonly refused = new Map<string, number>();
  writes = 0;

  readonly #connections: Agent;

  constructor(
    private readonly access: TenantAccess,
    readonly chance: Chance,
    /** How much of everything: 1 is the worst, less is for tests. */
    readonly scale: number,
  ) {
    this.#connections = new Agent(access.tls && { connect: access.tls });
  }

  /** Does its worst until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const flapping = this.#flap(signal);
    const order = this.chance.shuffled(DEEDS);
    for (let index = 0; !signal.aborted; index++) {
      const deed = order[index] ?? DEEDS[this.chance.below(DEEDS.length)]!;
      await this.#does(deed);
      await pause(this.chance.below(this.many(BREATH)), signal);
    }
    await flapping;
  }

  /** Takes back all it made, but what is in the plan. */
  async leave(): Promise<void> {
    for (const kind of WRITTEN) {
      const { status, body } = await this.call("GET", this.#path(kind));
      // Kubernetes 1.20 has no CronJob of batch/v1.
      if (status === 404) continue;
      const { items } = body as { items: KubeObject[] };
      const made = items.filter(({ metadata }) => !metadata.name.startsWith("web"));
      await this.each(made, ({ metadata }) => this.remove(kind, metadata.name));
    }
  }

  /** Creates an object, or writes over what has its name. */
  async put(kind: KindName, object: Omit<KubeObject, "apiVersion" | "kind">): Promise<void> {
    const whole = { ...object, apiVersion: KINDS[kind].apiVersion, kind };
    const { status } = await this.call("POST", this.#path(kind), whole);
    if (status === 409) await this.patch(kind, object.metadata.name, object);
  }

  async patch(kind: KindName, name: string, patch: object): Promise<void> {
    await this.call("PATCH", this.#path(kind, name), patch);
  }

  async remove(kind: KindName, name: string): Promise<void> {
    await this.call("DELETE", this.#path(kind, name), { gracePeriodSeconds: 0 });
  }

  /** Some at a time, as a script would. */
  async each<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
    const left = [...items];
    const worker = async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await act(item);
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
  }

  /** So many of what the worst has; at least one. */
  many(count: number): number {
    return Math.max(1, Math.round(count * this.scale));
  }

  async #does({ name, act }: Deed): Promise<void> {
    this.deeds.set(name, (this.deeds.get(name) ?? 0) + 1);
    await act(this);
  }

  async #flap(signal: AbortSignal): Promise<void> {
    for (let beat = 0; !signal.aborted; beat++) {
      await Promise.all([flap(this, beat), pause(FLAPS_EVERY, signal)]);
    }
  }

  async call(method: string, path: string, content?: object): Promise<{ status: number; body: unknown }> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const response = await fetch(`${this.access.server}${path}?fieldManager=kubectl`, {
      ...{ method, dispatcher: this.#connections },
      headers: { "content-type": type },
      ...(content && { body: JSON.stringify(content) }),
    });
    const body = await response.json();
    if (method !== "GET") this.writes++;
    if (response.status >= 400 && response.status !== 404 && response.status !== 409) {
      const { message = "" } = body as { message?: string };
      const answer = `${response.status} ${message.slice(0, 200)}`;
      this.refused.set(answer, (this.refused.get(answer) ?? 0) + 1);
    }
    // What it reads, it reads from a server that it keeps busy itself.
    if (method === "GET" && response.status >= 429) return this.call(method, path);
    return { status: response.status, body };
  }

  #path(kind: KindName, name?: string): string {
    const { apiVersion, plural } = KINDS[kind];
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    return `${root}/namespaces/${HOSTILE}/${plural}${name === undefined ? "" : `/${name}`}`;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
