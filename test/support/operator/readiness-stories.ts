import { expect } from "vitest";
import type { FaultyStage } from "./faulty-stage.js";
import { eventually } from "./stage.js";
import type { Story } from "./story.js";

/** What `/readyz` says of an API server that lets nobody in. */
export const READINESS_STORIES: readonly Story<FaultyStage>[] = [
  ["refused by the API server (401, 403): not ready, and ready again once it is let in", tellsRefusals],
  ["an API server that is gone: not ready once the Lease is over, and ready again when it is back", tellsSilence],
];

async function probed(stage: FaultyStage) {
  const { probes, log } = await stage.start();
  const ask = async (path: string) => {
    const answer = await fetch(`${probes}${path}`);
    return `${answer.status} ${await answer.text()}`;
  };
  // Whoever begins to lead is not ready until it has listed what it watches.
  await eventually(
    async () => log.some((line) => line.startsWith("info leading")),
    (leads) => leads,
    60,
  );
  await eventually(
    () => ask("/readyz"),
    (now) => now === "200 ok\n",
    60,
  );
  return ask;
}

async function tellsRefusals(stage: FaultyStage): Promise<void> {
  const ask = await probed(stage);
  for (const how of ["Unauthorized", "Forbidden"] as const) {
    stage.access(how);
    const told = await eventually(
      () => ask("/readyz"),
      (now) => now.startsWith("503") && now.includes("refuses"),
    );
    expect(told).toMatch(/the API server refuses this operator: .*(Unauthorized|forbidden)/);
    expect(await ask("/healthz"), "a restart would not help").toMatch(/^200/);
    stage.access("granted");
    await eventually(
      () => ask("/readyz"),
      (now) => now === "200 ok\n",
      40,
    );
  }
}

async function tellsSilence(stage: FaultyStage): Promise<void> {
  const ask = await probed(stage);
  const gone = performance.now();
  stage.proxy.refuse();
  const told = await eventually(
    () => ask("/readyz"),
    (now) => now.startsWith("503") && now.includes("has not answered"),
    60,
  );
  expect(told).toMatch(/the API server has not answered for \d+ s/);
  expect((performance.now() - gone) / 1000, "another replica leads after 15 s").toBeGreaterThan(12);
  expect(await ask("/healthz")).toMatch(/^200/);
  stage.proxy.resume();
  await eventually(
    () => ask("/readyz"),
    (now) => now === "200 ok\n",
    60,
  );
}
