import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { endpoint } from "../objects.js";
import { disable, type FaultyStage, isDisabled, POOLS, X } from "./faulty-stage.js";
import { eventually, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, kubectl, ready } from "./steps.js";
import type { Story } from "./story.js";

/** Changes that nobody tells. */
export const WATCH_FAULTS: readonly Story<FaultyStage>[] = [
  ["the watch of one kind is dead while all others flow: found by its silence, what it missed is healed", hearsSilence],
  ["the packets of every open connection are dropped: it leads anew, and heals what it missed", leadsAnew],
  ["an object is wiped behind the API's back: made again", healsWiped],
];

async function hearsSilence(stage: FaultyStage): Promise<void> {
  // Longer than the cluster's bookmarks are apart: only what is dead is silent.
  const silence = 15_000;
  const commit = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  const operator = await stage.start({ watchTimes: { silence, backoff: 100 } });
  await applied(stage, commit);
  const paused = performance.now();
  expect(stage.proxy.pauseStreams(/\/spiderippools\?watch=1/)).toBe(1);
  await disable(stage);
  await kubectl(
    stage,
    "patch",
    "spidersubnet",
    "app",
    "--type=merge",
    "-p",
    '{"spec":{"ips":["10.6.0.10-10.6.9.251"]}}',
  );
  await eventually(
    async () => (await stage.actor.get({ kind: KINDS.SpiderSubnet, name: "app" })).spec,
    (now) => isDeepStrictEqual((now as { ips: string[] }).ips, ["10.6.0.10-10.6.9.250"]),
    8,
  );
  expect(await isDisabled(stage), "what the dead watch did not tell is not known").toBe(true);
  await eventually(
    () => isDisabled(stage),
    (now) => !now,
    30,
  );
  const seconds = (performance.now() - paused) / 1000;
  expect(seconds, "its silence gave it away, nothing else").toBeGreaterThan(2);
  await eventually(stage.events, (told) =>
    told.includes("DriftCorrected: SpiderIPPool x was changed by kubectl-patch; put back"),
  );
  const metrics = await (await fetch(`${operator.probes}/metrics`)).text();
  const silent = [...metrics.matchAll(/^spiderplan_watch_restarts_total\{kind="(\w+)",reason="silent"\} (\d+)$/gm)];
  expect(silent.map(([, kind, count]) => `${kind} ${count}`)).toEqual(["SpiderIPPool 1"]);
  expect(operator.log.filter((line) => line.includes("leads no more"))).toEqual([]);
  await ready(stage, IN_SYNC);
}

/** The election's renewals are dropped too, and they are given up before a watch's silence is noticed. */
async function leadsAnew(stage: FaultyStage): Promise<void> {
  const commit = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  const operator = await stage.start();
  await applied(stage, commit);
  stage.proxy.pauseOpen();
  await kubectl(stage, "delete", "spiderippool", "x", "--wait=false");
  await eventually(
    () => stage.pool("x"),
    (now) => now === undefined,
  );
  await eventually(
    () => stage.pool("x"),
    (now) => now !== undefined,
    60,
  );
  const leads = operator.log.flatMap((line) => /^info (leading|leads no more) /.exec(line)?.[1] ?? []);
  expect(leads).toEqual(["leading", "leads no more", "leading"]);
  await ready(stage, IN_SYNC);
}

/** A pool that vanished from the store, told and made again; while one is there, nobody loses or shares its address. */
export async function healsWiped(stage: Stage & Pick<FaultyStage, "wipe">): Promise<void> {
  const commit = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  await userOf(stage, "x", "10.6.0.12");
  const before = (await stage.actor.get({ kind: KINDS.SpiderIPPool, name: "x" })).metadata.uid;
  await stage.wipe("SpiderIPPool", "x");
  await eventually(
    () => stage.actor.get({ kind: KINDS.SpiderIPPool, name: "x" }).catch(() => undefined),
    (now) => now !== undefined && now.metadata.uid !== before,
  );
  expect(await stage.pool("x"), "what a Pod still has is not offered to others").toEqual([
    "10.6.0.10-10.6.0.11",
    "10.6.0.13-10.6.0.19",
  ]);
  await eventually(stage.events, (told) => told.includes("DriftCorrected: SpiderIPPool x was deleted; made again"));
  await stage.actor.delete({ kind: KINDS.SpiderEndpoint, namespace: "net", name: "user" }, {});
  await eventually(
    () => stage.pool("x"),
    (now) => isDeepStrictEqual(now, ["10.6.0.10-10.6.0.19"]),
  );
}

/** A live Pod `net/user` that has an address by its endpoint. */
async function userOf({ actor }: Stage, pool: string, address: string): Promise<void> {
  const metadata = { namespace: "net", name: "user" };
  const spec = { nodeName: "node-a", hostNetwork: true, containers: [{ name: "app", image: "app" }] };
  const pod = await actor.create({ apiVersion: "v1", kind: "Pod", metadata, spec }, KINDS.Pod);
  const { status, ...rest } = endpoint("net/user", pool, address);
  const current = { ...status!.current!, uid: pod.metadata.uid! };
  await actor.create({ ...rest, status: { ...status, current } } as KubeObject, KINDS.SpiderEndpoint);
}
