import { expect, test } from "vitest";
import { NEVER_PLANNED } from "../../../src/app/plan-sync/memory.js";
import type { CacheChange } from "../../../src/app/watch/cluster-cache.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { delayOf } from "../../../src/operator/changes.js";

const NOW = 1_000_000;
const object = (kind: keyof typeof KINDS, more: object = {}): KubeObject => ({
  apiVersion: KINDS[kind].apiVersion,
  kind,
  metadata: { name: "x", ...(KINDS[kind].namespaced && { namespace: "shop" }) },
  ...more,
});
type Edit = Extract<CacheChange, { type: "object" }>;
const edit = (kind: keyof typeof KINDS): Edit => {
  const [before, after] = [object(kind, { spec: { a: 1 } }), object(kind, { spec: { a: 2 } })];
  return { type: "object", kind: KINDS[kind], key: "shop/x", before, after };
};
const recorded: Edit = {
  ...edit("SpiderIPPool"),
  before: object("SpiderIPPool"),
  after: object("SpiderIPPool"),
};
/** A planning that took so many milliseconds and ended so many ago. */
const planned = (milliseconds: number, ended: number) => ({ startedAt: NOW - ended - milliseconds, milliseconds });

test.each<[what: string, change: CacheChange, last: ReturnType<typeof planned>, delay: number]>([
  ["a template, the first of its kind", edit("Deployment"), NEVER_PLANNED, 100],
  ["a template, long after the last planning", edit("Deployment"), planned(400, 60_000), 100],
  ["a template, right after a planning", edit("StatefulSet"), planned(400, 0), 1_600],
  ["a template, halfway through the rest", edit("CronJob"), planned(400, 1_000), 600],
  ["a net-attach-def, while planning goes on", edit("NetworkAttachmentDefinition"), planned(400, -200), 1_800],
  ["a template, after a very long planning", edit("Deployment"), planned(30_000, 0), 10_000],
  ["a pool that was edited", edit("SpiderIPPool"), planned(400, 0), 100],
  ["a reservation", edit("SpiderReservedIP"), planned(30_000, 0), 100],
  ["a Namespace", edit("Namespace"), planned(400, 0), 100],
  ["a Pod", edit("Pod"), planned(50, 60_000), 2_000],
  ["an allocation", recorded, planned(1_000, 60_000), 20_000],
  ["an endpoint of a cluster that takes long", edit("SpiderEndpoint"), planned(30_000, 0), 60_000],
  ["a Node before anything was planned", edit("Node"), NEVER_PLANNED, 2_000],
])("%s is judged in due time", (_what, change, last, delay) => {
  expect(delayOf(change, last, NOW)).toBe(delay);
});
