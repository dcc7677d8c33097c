import { createHash } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { ApprovedPlans } from "../../src/app/plan-sync/approved-plans.js";
import { printOf } from "../../src/app/report/plan-json.js";
import { approvedBy } from "../../src/core/plan-sync/approval.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const REF = { kind: KINDS.ConfigMap, namespace: "net", name: "spiderplan-plans-dc" };

/** The print of a plan that creates a pool of these addresses. */
const plan = (addresses: string) =>
  printOf(
    JSON.stringify({
      steps: [
        { wave: 1, action: "create", blocked: false, kind: "SpiderIPPool", namespace: null, name: "x", addresses },
      ],
      leaves: [],
      lock: [],
    }),
    sha256,
  );

async function stage() {
  const cluster = await startEmbeddedCluster();
  onTestFinished(() => cluster.stop());
  const { actor } = cluster;
  await actor.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "net" } }, KINDS.Namespace);
  const open = () => new ApprovedPlans(actor, { namespace: "net", name: "dc" }, sha256);
  return { actor, open };
}

test("a plan that was offered is known after a restart, as it was", async () => {
  const { open } = await stage();
  const offered = plan("10.6.0.10");
  await open().offer(offered, undefined);
  expect(await open().known()).toEqual([offered]);
});

test("an edited record approves nothing: the digest somebody said yes to is that of another plan", async () => {
  const { actor, open } = await stage();
  const [offered, other] = [plan("10.6.0.10"), plan("10.6.0.99")];
  await open().offer(offered, undefined);
  const forged = [
    [{ digest: offered.digest, text: other.text }],
    [{ digest: offered.digest, text: other.text, steps: Object.fromEntries(other.steps), leaves: [] }],
    [{ digest: offered.digest, steps: Object.fromEntries(other.steps), leaves: [] }],
  ];
  for (const records of forged) {
    await actor.patch(REF, { data: { "plans.json": JSON.stringify(records) } });
    const approval = { digest: offered.digest };
    expect(approvedBy(other, approval, await open().known(), 0, 1)).toMatchObject({ state: "void" });
  }
});

test.each(["", "{", "null", "3", "[null]", '[{"digest":3,"text":4}]', "[[[[]]]]"])(
  "a record %j is none",
  async (text) => {
    const { actor, open } = await stage();
    await open().offer(plan("10.6.0.10"), undefined);
    await actor.patch(REF, { data: { "plans.json": text } });
    expect(await open().known()).toEqual([]);
  },
);
