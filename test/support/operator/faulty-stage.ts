import type { Intercept } from "../../../src/adapters/embedded/http-server.js";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import type { FlakyProxy } from "../flaky-proxy.js";
import { planText } from "./plan-text.js";
import type { Stage } from "./stage.js";
import { kubectl } from "./steps.js";

export type Access = "granted" | "Unauthorized" | "Forbidden";

/** A stage whose cluster can fail. */
export interface FaultyStage extends Stage {
  /** Spoils writes that come over HTTP from now on; undefined ends it. */
  intercept(fault: Intercept | undefined): void;
  /** What the API server says to operators from now on, whatever they ask. */
  access(how: Access): void;
  /** Whether Spiderpool's webhooks answer from now on. */
  admission(how: "down" | "up"): void;
  /** What operators talk to the cluster through. */
  readonly proxy: FlakyProxy;
  /** Takes an object out of the cluster although it has finalizers. */
  wipe(kind: keyof typeof KINDS, name: string): Promise<void>;
}

export const X = (last: number) => `  x: {subnet: app, addresses: [10.6.0.10-10.6.0.${last}]}`;

export const POOLS = (...lines: string[]) =>
  planText(["subnets: {app: {cidr: 10.6.0.0/20, ranges: [10.6.0.10-10.6.9.250]}}", "pools:", ...lines].join("\n"));

/** An edit that moves nobody: pool x offers nothing any more. */
export async function disable(stage: Stage): Promise<void> {
  await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", '{"spec":{"disable":true}}');
}

export async function isDisabled({ actor }: Stage): Promise<boolean> {
  const { spec } = await actor.get({ kind: KINDS.SpiderIPPool, name: "x" });
  return (spec as { disable?: boolean }).disable === true;
}
