import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { WorldSpec } from "../support/worlds/spec.js";
import { live } from "../support/worlds/world.js";

/** Smallest worlds in which an earlier engine broke a promise (`npm run worlds` found them); each must live to its end. */
const FOUND = readFileSync(new URL("found-by-worlds.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as { readonly found: string; readonly world: WorldSpec });

describe("worlds that once broke a promise", () => {
  it.each(FOUND)("$found", async ({ world }) => {
    await expect(live(world)).resolves.toMatchObject({ events: world.events.length });
  });
});
