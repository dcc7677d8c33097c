import { afterEach, describe, expect, it, vi } from "vitest";
import type * as Unmarked from "../../src/core/allocate/unmarked-pools.js";
import type * as Asking from "../../src/core/cluster/asking.js";
import type * as Lifecycle from "../../src/core/cluster/lifecycle.js";
import type * as Scheduling from "../../src/core/cluster/scheduling.js";
import type * as Successors from "../../src/core/cluster/successor.js";
import type * as Promised from "../../src/core/desired/promised.js";
import type * as Targets from "../../src/core/query/explain-target.js";
import type * as Snapshots from "../../src/core/snapshot.js";
import type * as Annotations from "../../src/core/spiderpool/ipam/annotations.js";
import type * as Run from "../../src/core/spiderpool/ipam/run.js";
import { controllerOf } from "../../src/core/spiderpool/objects.js";
import type * as After from "../../src/core/verdict/after.js";
import type { Feature } from "../support/worlds/life-spec.js";
import { search } from "../support/worlds/search.js";

/** Which answer is wrong for the moment: each was, for every cluster that has such a situation. */
const wrong = vi.hoisted(() => ({ name: "" }));

vi.mock("../../src/core/cluster/lifecycle.js", async (original) => {
  const real = await original<typeof Lifecycle>();
  const mistaken =
    (answer: typeof real.retentionOf): typeof real.retentionOf =>
    (snapshot, pod, facts) => {
      const type = snapshot.endpoints.get(pod)?.status?.ownerControllerType;
      if (wrong.name === "virtual machines" && type === "VirtualMachineInstance") return "nothing";
      return wrong.name === "kind without group" && type === "StatefulSet" ? "ordinal" : answer(snapshot, pod, facts);
    };
  const retentionOf = mistaken(real.retentionOf);
  const retentionOfNext = mistaken(real.retentionOfNext);
  const startsAgain: typeof real.startsAgain = (...given) =>
    wrong.name === "finished Pods" || real.startsAgain(...given);
  const isLeftover: typeof real.isLeftover = (...given) => wrong.name !== "finished Pods" && real.isLeftover(...given);
  const isHostNetwork: typeof real.isHostNetwork = (pod) => wrong.name !== "host network" && real.isHostNetwork(pod);
  return { ...real, retentionOf, retentionOfNext, startsAgain, isLeftover, isHostNetwork };
});

vi.mock("../../src/core/cluster/successor.js", async (original) => {
  const real = await original<typeof Successors>();
  const nothing = { workloads: new Map(), replicaSets: new Map(), jobs: new Map(), revisions: new Map() };
  const successorsOf: typeof real.successorsOf = (pod, snapshot) =>
    real.successorsOf(pod, wrong.name === "live Pod" ? { ...snapshot, ...nothing } : snapshot);
  return { ...real, successorsOf };
});

vi.mock("../../src/core/snapshot.js", async (original) => {
  const real = await original<typeof Snapshots>();
  const buildSnapshot: typeof real.buildSnapshot = (items, ...rest) =>
    real.buildSnapshot(
      wrong.name === "owned workloads"
        ? [...items].filter((item) => !controllerOf(item)?.apiVersion.startsWith("monitoring."))
        : items,
      ...rest,
    );
  return { ...real, buildSnapshot };
});

vi.mock("../../src/core/cluster/scheduling.js", async (original) => {
  const real = await original<typeof Scheduling>();
  const anywhere = wrong;
  const mayStartOn: typeof real.mayStartOn = (...given) => anywhere.name === "placement" || real.mayStartOn(...given);
  const mayComeTo: typeof real.mayComeTo = (...given) => anywhere.name === "placement" || real.mayComeTo(...given);
  return { ...real, mayStartOn, mayComeTo };
});

vi.mock("../../src/core/cluster/asking.js", async (original) => {
  const real = await original<typeof Asking>();
  const askingOf: typeof real.askingOf = (...given) =>
    wrong.name === "overlay" ? { asks: "yes", ipam: "spiderpool" } : real.askingOf(...given);
  return { ...real, askingOf };
});

vi.mock("../../src/core/allocate/unmarked-pools.js", async (original) => {
  const real = await original<typeof Unmarked>();
  const unmarkedPools: typeof real.unmarkedPools = (...given) =>
    wrong.name === "lost marks" ? new Map() : real.unmarkedPools(...given);
  return { ...real, unmarkedPools };
});

vi.mock("../../src/core/spiderpool/ipam/run.js", async (original) => {
  const real = await original<typeof Run>();
  const takesAllBack: typeof real.takesAllBack = (pod, recorded, asks, candidatesOf) =>
    real.takesAllBack(pod, recorded, (nic) => wrong.name === "removed NICs" || asks(nic), candidatesOf);
  return { ...real, takesAllBack };
});

vi.mock("../../src/core/verdict/after.js", async (original) => {
  const real = await original<typeof After>();
  const snapshotAfter: typeof real.snapshotAfter = (snapshot, steps) => {
    const after = real.snapshotAfter(snapshot, steps);
    if (wrong.name !== "network edits") return after;
    const multusConfigs = new Map(after.multusConfigs);
    for (const [name, config] of snapshot.multusConfigs) {
      const spec = { ...(after.multusConfigs.get(name) ?? config).spec, disableIPAM: config.spec.disableIPAM };
      multusConfigs.set(name, { ...config, spec });
    }
    return { ...after, multusConfigs, networkAttachments: snapshot.networkAttachments };
  };
  return { ...real, snapshotAfter };
});

vi.mock("../../src/core/spiderpool/ipam/annotations.js", async (original) => {
  const real = await original<typeof Annotations>();
  const namesNoInterface: typeof real.namesNoInterface = (pod) =>
    wrong.name !== "unnamed items" && real.namesNoInterface(pod);
  return { ...real, namesNoInterface };
});

vi.mock("../../src/core/desired/promised.js", async (original) => {
  const real = await original<typeof Promised>();
  const promisedSteps: typeof real.promisedSteps = (...given) =>
    wrong.name === "promises" ? { steps: [], unchanged: 0, diagnostics: [] } : real.promisedSteps(...given);
  return { ...real, promisedSteps };
});

vi.mock("../../src/core/query/explain-target.js", async (original) => {
  const real = await original<typeof Targets>();
  const findTarget: typeof real.findTarget = (...given) => {
    const found = real.findTarget(...given);
    if (wrong.name !== "explained ordinals" || "error" in found) return found;
    return { targets: found.targets.map((one) => ({ ...one, keeps: "nothing" as const })) };
  };
  return { ...real, findTarget };
});

afterEach(() => {
  wrong.name = "";
});

/** How many worlds it may take. */
const ENOUGH = 100;

type Row = [name: string, seed: number, features: readonly Feature[], what: string];

/** With seeds that find each early; any seed does, later. The last column says what is wrong. */
const ROWS: readonly Row[] = [
  ["kind without group", 1, ["kruise"], "A: lets a StatefulSet of another group keep its addresses"], // world 7
  ["owned workloads", 20, ["owned"], "C: leaves out workloads that an operator owns"], // world 8
  ["overlay", 12, ["overlay"], "G: judges NICs of another IPAM"], // world 3
  ["finished Pods", 16, ["finished", "dead-nodes"], "F: judges Pods that are over"], // world 7
  ["live Pod", 14, ["on-delete", "paused", "templates"], "B: judges the live Pod, not its successor"], // world 2
  ["placement", 11, ["placement"], "D: lets a Pod run on every node"], // world 1
  ["host network", 4, ["host-network"], "G: judges Pods on their node's network"], // world 4
  ["lost marks", 8, ["lost-marks"], "E: takes a pool that lost our marks for somebody else's"], // world 36
  ["removed NICs", 2, ["removed-nics", "second-nics"], "H: compares records of NICs that the template has no more"], // world 1
  ["network edits", 5, ["network-ipam", "networks-gone"], "J: does not see that networks leave Spiderpool"], // world 1
  ["unnamed items", 2, ["unnamed"], "K: lets a StatefulSet whose items name no interface keep its addresses"], // world 1
  ["explained ordinals", 1, [], "I: explains an ordinal like any other Pod"], // world 1
  ["virtual machines", 1, ["virtual-machines"], "V: gives a VM another address like any Pod"], // world 1
  ["promises", 7, ["auto-pools"], "W: keeps nothing that the lock promises from automatic pools"], // world 5
];

describe("a wrong answer to an ordinary question is found out", () => {
  it.each<Row>([...ROWS])(
    "%s (seed %i)",
    async (name, seed, features) => {
      wrong.name = name;
      const result = await search({ count: ENOUGH, seed, features, shrinkFor: 0 });
      const found = result.counterexample
        ?.split("\n")
        .find((line) => /^(FIXED|false|marks|explain|two|bug|PROJ)/.test(line));
      process.stderr.write(`${name}: ${result.summary}\n  ${result.counterexample?.split(",")[0]}: ${found}\n`);
      expect(found).toMatch(/FIXED-|false alarm|marks|explain/);
    },
    300_000,
  );
});
