import { expect } from "vitest";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { planText } from "./plan-text.js";
import { X } from "./small-plan.js";
import { eventually, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, ready } from "./steps.js";
import type { Story } from "./story.js";

/** Namespaces come and go by other hands. */
export const NAMESPACE_STORIES: readonly Story[] = [
  ["a Namespace that goes away takes its own parts along; the rest syncs, and the parts come with it again", outlives],
];

const TEAM: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } };
const V4 = "ipam.spidernet.io/default-ipv4-ippool";

/** A plan with parts in the Namespace `team`. */
const plan = (last: number) =>
  planText(
    `subnets: {app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}}\npools:\n  ${X(last)}\n` +
      "networks: {team/net: {macvlan: {master: [eth1]}}}\nnamespaces: {team: {defaultPools: [x]}}\n",
  );

async function outlives(stage: Stage): Promise<void> {
  await stage.add([TEAM]);
  const first = await stage.push({ "plan/a.yaml": plan(19) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first);
  const network = { kind: KINDS.SpiderMultusConfig, namespace: "team", name: "net" };
  expect((await stage.actor.get(network)).metadata.name).toBe("net");

  // A finalizer of somebody else's in it keeps it Terminating.
  const stuck = { name: "stuck", namespace: "team", finalizers: ["example.com/keeps"] };
  await stage.actor.create({ apiVersion: "v1", kind: "ConfigMap", metadata: stuck }, KINDS.ConfigMap);
  await stage.actor.delete({ kind: KINDS.Namespace, name: "team" }, {});
  await eventually(
    () => stage.actor.get(network).then(String, () => "gone"),
    (now) => now === "gone",
  );
  await applied(stage, await stage.push({ "plan/a.yaml": plan(29) }));
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.29"]);
  const told = await ready(stage, IN_SYNC);
  expect(told).toMatch(
    /SP2608 Namespace team is being deleted.*SpiderMultusConfig team\/net.*take them out of the plan/,
  );

  const released = { metadata: { finalizers: null } };
  await stage.actor.patch({ kind: KINDS.ConfigMap, namespace: "team", name: "stuck" }, released);
  await applied(stage, await stage.push({ "plan/a.yaml": plan(39) }));
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.39"]);
  await eventually(
    () => ready(stage, IN_SYNC),
    (now) => now.includes("SP2602 Namespace team is not in the cluster"),
  );
  expect((await stage.status()).history?.filter(({ result }) => result !== "applied")).toEqual([]);

  await stage.add([TEAM]);
  await eventually(
    () => stage.actor.get({ kind: KINDS.Namespace, name: "team" }),
    ({ metadata }) => metadata.annotations?.[V4] === '["x"]',
  );
  await eventually(
    () => ready(stage, IN_SYNC),
    (now) => !now.includes("SP2602"),
  );
  expect((await stage.actor.get(network)).metadata.name).toBe("net");
}
