import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // .ci/run asks for a report it can add up.
    reporters: process.env.SPIDERPLAN_TEST_RESULTS ? ["default", "json"] : ["default"],
    ...(process.env.SPIDERPLAN_TEST_RESULTS && { outputFile: { json: process.env.SPIDERPLAN_TEST_RESULTS } }),
    // All cores: left alone, Vitest keeps one of them for itself, and half the machine idle where there are two.
    maxWorkers: "100%",
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
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
