import { expect, test } from "vitest";
import { startRest } from "../../src/app/apply/start-rest.js";
import { identity } from "../../src/core/change/ownership.js";
import { KINDS, type KubeObject, OWN } from "../../src/core/spiderpool/objects.js";
import { creating, deleting } from "../support/steps.js";

const NOW = Date.parse("2026-11-22T04:31:07.123Z");
const A = "d/Deployment/a/eth0/app";

function quarantine(records: object): KubeObject {
  const annotations = { [OWN.quarantine]: JSON.stringify(records) };
  return { ...identity("default", KINDS.SpiderReservedIP, "q", { annotations }), spec: { ipVersion: 4 } };
}

const recordsIn = (object: KubeObject) => JSON.parse(object.metadata.annotations![OWN.quarantine]!);

test("open times become now, others stay", () => {
  const known = { owner: A, since: "2026-11-20T00:00:00Z" };
  const step = creating(quarantine({ "10.6.0.1": known, "10.6.0.2-10.6.0.4": { owner: A, since: "" } }));
  expect(recordsIn(startRest(step, undefined, NOW).object)).toEqual({
    "10.6.0.1": known,
    "10.6.0.2-10.6.0.4": { owner: A, since: "2026-11-22T04:31:07Z" },
  });
});

test("a rest that began in this run goes on: the second write of an object does not start it again", () => {
  const own = quarantine({ "10.6.0.2-10.6.0.3": { owner: A, since: "2026-11-22T04:30:00Z" } });
  const wanted = quarantine({ "10.6.0.2-10.6.0.4": { owner: A, since: "" } });
  const patch = { metadata: { annotations: wanted.metadata.annotations }, spec: { ips: ["10.6.0.2-10.6.0.4"] } };
  const started = startRest({ ...creating(wanted), action: "update", patch, live: own }, own, NOW);
  expect(recordsIn(started.patch as KubeObject)).toEqual({
    "10.6.0.2-10.6.0.3": { owner: A, since: "2026-11-22T04:30:00Z" },
    "10.6.0.4": { owner: A, since: "2026-11-22T04:31:07Z" },
  });
  expect(started.patch).toMatchObject({ spec: patch.spec });
});

test.each([
  ["a deletion", deleting(quarantine({ "10.6.0.1": { owner: A, since: "" } }))],
  ["a reservation of the plan", creating({ ...identity("default", KINDS.SpiderReservedIP, "printers"), spec: {} })],
  ["a pool", creating({ ...identity("default", KINDS.SpiderIPPool, "p"), spec: { ips: ["10.6.0.1"] } })],
])("%s is left as it is", (_what, step) => {
  expect(startRest(step, undefined, NOW)).toBe(step);
});
