import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readLockFolder } from "../../../src/adapters/plan-files/lock-files.js";
import { loadPlanFolder } from "../../../src/adapters/plan-files/plan-loader.js";
import { checkLock } from "../../../src/core/allocate/check-lock.js";
import { checkAllClusters, mergePlan } from "../../../src/core/plan/merge.js";
import { unnamedPools } from "../../../src/core/plan/unnamed-pools.js";
import { EMPTY_SNAPSHOT } from "../../../src/core/snapshot.js";
import { BROKEN_PLANS, type BrokenPlan } from "../../support/broken-plans.js";
import { workspace } from "../../support/workspace.js";

/** Everything that is found in a plan folder without a cluster, with places. */
async function findings({ files, cluster }: BrokenPlan) {
  const root = workspace(typeof files === "string" ? { "plan.yaml": files } : files);
  const loaded = await loadPlanFolder(root);
  const merged = loaded.documents.length > 0 ? mergePlan(loaded.documents, cluster) : undefined;
  const lock = await readLockFolder(root, cluster);
  const found = [
    ...loaded.diagnostics,
    ...(merged?.diagnostics ?? []),
    ...lock.diagnostics,
    ...(merged?.value ? unnamedPools(merged.value, EMPTY_SNAPSHOT) : []),
    ...(merged?.value ? checkLock(lock.value, merged.value) : []),
    ...checkAllClusters(loaded.documents),
  ];
  return { loaded, found: found.map((one) => loaded.locate(one)) };
}

describe.each(BROKEN_PLANS.map((one) => [`${one.code} ${one.what}`, one] as const))("%s", (_name, broken) => {
  test("is told once, at its place, with a way out", async () => {
    const { loaded, found } = await findings(broken);
    const told = found.filter(({ code }) => code === broken.code);
    expect(told.map(({ message }) => message)).toEqual([expect.stringMatching(broken.says)]);
    const others = found.filter(({ code, severity }) => severity === "error" && code !== broken.code);
    expect(others.map(({ code }) => code)).toEqual(broken.beside ?? []);
    const [one] = told;
    if (broken.at !== undefined) {
      const marked = loaded.excerpt(one!.file!, one!.line!)!.slice(one!.column! - 1, one!.endColumn! - 1);
      expect(`${one!.line}: ${marked}`).toBe(broken.at);
    }
    if (broken.about !== undefined) expect(one!.about).toBe(broken.about);
    expect(one!.message).not.toMatch(/\.$/);
    if (one!.line !== undefined) {
      expect(loaded.excerpt(one!.file!, one!.line)).toBeTypeOf("string");
      expect(one!.endColumn).toBeGreaterThan(one!.column!);
    }
  });
});

test("every code of plan and lock files has a row", () => {
  const sources = ["src/core/plan", "src/adapters/plan-files"].flatMap((folder) =>
    readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`, "utf8")),
  );
  const used = new Set(sources.flatMap((text) => [...text.matchAll(/"(SP\d{4})"/g)].map((match) => match[1]!)));
  // Faults of the file system have tests of their own.
  for (const code of ["SP1001", "SP1003", "SP1004", "SP1006", "SP1007"]) used.delete(code);
  const rows = new Set(BROKEN_PLANS.map(({ code }) => code));
  expect([...used].filter((code) => !rows.has(code)).sort()).toEqual([]);
});
