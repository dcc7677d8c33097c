import { expect } from "vitest";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { workspace } from "../workspace.js";
import { pools, X } from "./small-plan.js";
import { eventually, type Stage } from "./stage.js";
import { applied, automated } from "./steps.js";
import type { Story } from "./story.js";
import { threadedWork } from "./work-thread.js";

/** Of the lead, with work in a thread as `spiderplan operator` has it (dist must have been built). */
export const LEAD_STORIES: readonly Story[] = [
  ["a leader that loses its Lease while it plans leads no more at once; nothing of that plan is written", losesTheLead],
];

const ELECTION = "spiderplan-operator";
/** Renewed every two seconds; what is lost is seen at the next try. */
const SEEN_WITHIN = 10_000;

async function losesTheLead(stage: Stage): Promise<void> {
  // Made first, it goes last: the thread writes into it until the stage ends.
  const dataDir = workspace();
  const commit = await stage.push({ "plan/a.yaml": pools(X(19)), "plan/never-planned.yaml": "" });
  const { startWork, metrics, said } = await threadedWork(stage.kubeconfig, dataDir, { grace: 1_000 });
  await stage.planSync(automated);
  const operator = await stage.start({ startWork, metrics, identity: "planner" });
  await eventually(
    async () => said.some((line) => line.includes("read a new revision") && line.includes(commit)),
    (isPlanning) => isPlanning,
    60,
  );

  const lease = { kind: KINDS.Lease, namespace: await homeOf(stage), name: ELECTION };
  const taken = {
    holderIdentity: "thief",
    leaseTransitions: 1,
    renewTime: microseconds(),
    acquireTime: microseconds(),
  };
  await stage.actor.patch(lease, { spec: taken });
  const lost = Date.now();
  await eventually(async () => operator.log.some((line) => line.includes("leads no more")), Boolean, 30);
  expect(Date.now() - lost).toBeLessThan(SEEN_WITHIN);
  expect(await stage.pool("x")).toBeUndefined();

  // Who led before waits like anybody else, and follows the next commit when it leads again.
  const next = await stage.push({ "plan/a.yaml": pools(X(29)), "plan/never-planned.yaml": null });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await stage.pool("x")).toBeUndefined();
  await stage.actor.patch(lease, { spec: { holderIdentity: null } });
  await applied(stage, next, 60);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.29"]);
}

/** Where operators hold their election. */
async function homeOf({ actor }: Stage): Promise<string | undefined> {
  const { items } = await actor.list(KINDS.Lease);
  return items.find(({ metadata }) => metadata.name === ELECTION)?.metadata.namespace;
}

function microseconds(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
