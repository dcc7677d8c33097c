import { CLIENT_GO } from "../app/lease-record.js";
import { type ClusterErrorReason, isClusterError } from "../core/cluster-error.js";
import type { Cluster } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";

/** Answers of the API server that are none: nobody knows what it would say. */
const SILENT: ReadonlySet<ClusterErrorReason> = new Set(["Unreachable", "Timeout", "Unavailable", "BadResponse"]);
const REFUSING: ReadonlySet<ClusterErrorReason> = new Set(["Unauthorized", "Forbidden"]);

/** Watches calls that every replica makes all the time, those about its election, for whether the API server lets it work. */
export class ApiServerContact {
  #answeredAt: number;
  #refused: string | undefined;

  constructor(private readonly clock: Clock) {
    this.#answeredAt = clock.monotonic();
  }

  /** The same cluster, watched. */
  through<C extends Cluster>(cluster: C): C {
    return new Proxy(cluster, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...given: unknown[]) => {
          const answer: unknown = member.apply(target, given);
          if (answer instanceof Promise)
            answer.then(
              () => this.#answered(),
              (error: unknown) => this.#failed(error),
            );
          return answer;
        };
      },
    });
  }

  /** What is wrong, one line each: refused, or gone for longer than others wait for a leader. */
  troubles(): string[] {
    const silent = this.clock.monotonic() - this.#answeredAt;
    return [
      ...(this.#refused === undefined ? [] : [`the API server refuses this operator: ${this.#refused}`]),
      ...(silent > CLIENT_GO.duration ? [`the API server has not answered for ${Math.floor(silent / 1000)} s`] : []),
    ];
  }

  #answered(): void {
    this.#answeredAt = this.clock.monotonic();
    this.#refused = undefined;
  }

  #failed(error: unknown): void {
    if (!isClusterError(error) || SILENT.has(error.reason)) return;
    this.#answered();
    if (REFUSING.has(error.reason)) this.#refused = error.message;
  }
}
