import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";

/** Files of the cluster suite that take a minute or more. Begun last, one of them would be waited for alone. */
const LONGEST = [
  "operator-drift",
  "operator-people",
  "operator-source",
  "operator-faults",
  "examples-sync",
  "installs",
];

class LongestFirst extends BaseSequencer {
  override async sort(...args: Parameters<BaseSequencer["sort"]>) {
    const at = (file: string) => LONGEST.findIndex((name) => file.endsWith(`/test/cluster/${name}.test.ts`));
    const rank = ({ moduleId }: { moduleId: string }) => (at(moduleId) + LONGEST.length + 1) % (LONGEST.length + 1);
    return (await super.sort(...args)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    // .ci/run asks for a report it can add up.
    reporters: process.env.SPIDERPLAN_TEST_RESULTS ? ["default", "json"] : ["default"],
    ...(process.env.SPIDERPLAN_TEST_RESULTS && { outputFile: { json: process.env.SPIDERPLAN_TEST_RESULTS } }),
    // All cores: left alone, Vitest keeps one of them for itself, and half the machine idle where there are two.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "offline",
          include: ["test/**/*.test.ts"],
          exclude: ["test/cluster/**"],
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
