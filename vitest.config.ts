import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";

/** Files that take half a minute or more. Begun last, one of them would be waited for alone. */
const LONGEST = [
  "cluster/operator-people",
  "cluster/installs",
  "cluster/operator-faults",
  "cluster/operator-refusals",
  "cluster/examples-sync",
  "cluster/operator-drift",
  "cluster/operator-source",
  "cluster/killed-sync",
  "cluster/forms",
  "mocking/worlds-mutants",
  "mocking/worlds-kinds",
  "scenario/operator",
  "scenario/operator-faults",
  "contract/git-copy",
  "contract/git-hostile",
  "contract/git-people",
  "scenario/soak",
  "scenario/work-thread",
  "scenario/killed-process",
  "property/worlds",
  "scenario/internal-errors",
  "contract/git-signatures",
  "scenario/cluster-lock-size",
  "scenario/operator-kills",
  "scenario/tenant-soak",
  "property/quarantine-laws",
  "cli/startup",
];

class LongestFirst extends BaseSequencer {
  override async sort(...args: Parameters<BaseSequencer["sort"]>) {
    const at = (file: string) => LONGEST.findIndex((name) => file.endsWith(`/test/${name}.test.ts`));
    const rank = ({ moduleId }: { moduleId: string }) => (at(moduleId) + LONGEST.length + 1) % (LONGEST.length + 1);
    return (await super.sort(...args)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    // .ci/run asks for a report it can add up.
    reporters: process.env.SPIDERPLAN_TEST_RESULTS ? ["default", "json"] : ["default"],
    ...(process.env.SPIDERPLAN_TEST_RESULTS && { outputFile: { json: process.env.SPIDERPLAN_TEST_RESULTS } }),
    // More than there are cores: many files wait for processes and for time.
    maxWorkers: availableParallelism() * 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "offline",
          include: ["test/**/*.test.ts"],
          exclude: ["test/cluster/**", "test/mocking/**"],
          setupFiles: ["test/support/seed.ts"],
          testTimeout: 30_000,
          // To load and compile the source anew for each file took a third of the suite's CPU time.
          isolate: false,
        },
      },
      {
        test: {
          // Each file puts another function in place of one of ours, which no other file may see.
          name: "mocking",
          include: ["test/mocking/**/*.test.ts"],
          setupFiles: ["test/support/seed.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Three files at a time, since they mostly wait; those of one worker share a control plane where they can.
          maxWorkers: 3,
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
