import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { METRICS } from "../../../src/adapters/telemetry/metrics-table.js";
import { PROJECT } from "../../support/cli.js";
import { conditionReasons } from "../../support/condition-reasons.js";

/** What people read to run the operator. */
const PAGES = ["deploy", "docs"].flatMap((folder) =>
  readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(md|ya?ml|json)$/.test(name) && !name.includes("crds/"))
    .map((name) => `${folder}/${name}`),
);
const text = (file: string) => readFileSync(join(PROJECT, file), "utf8");

const EVENTS = new Set(/type EventReason =([^;]*);/.exec(text("src/app/plan-sync/events.ts"))![1]!.match(/\w+/g));
const ALERTS = new Set([...text("deploy/alerts.yaml").matchAll(/- alert: (\w+)/g)].map(([, name]) => name!));
/** All sources, for words of which one source says what they are. */
const CODE = readdirSync(join(PROJECT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => text(`src/${name}`))
  .join("\n");
/** Words of other programs: mutations of Stryker's. */
const OTHERS = new Set(["StringLiteral"]);
const REASONS = conditionReasons();
const CONDITIONS = new Set([...[...REASONS.values()].flatMap((types) => [...types]), "Reconciling"]);

interface Named {
  readonly kind: string;
  readonly name: string;
}

/** Names of ours that a text takes for granted, with what it says they are. */
function namesIn(page: string): Named[] {
  const after = (kind: string, word: RegExp) =>
    [...page.matchAll(word)].map(([, name]) => ({ kind, name: name!.replace(/_(bucket|sum|count)$/, "") }));
  return [
    ...after("event", /\b[Ee]vents? `?([A-Z]\w+[a-z][A-Z]\w+|Fighting|Blocked|Applied)\b/g),
    ...after("condition", /\bconditions? `?([A-Z][a-z]\w+)\b/g),
    ...after("condition", /\btype=\\?"([A-Z]\w+)/g),
    ...after("alert", /\b(Spiderplan[A-Z]\w+)\b/g),
    ...after("metric", /\bspiderplan_([a-z_]+[a-z])\b/g),
  ];
}

function exists({ kind, name }: Named): boolean {
  if (kind === "event") return EVENTS.has(name);
  if (kind === "condition") return CONDITIONS.has(name);
  return kind === "alert" ? ALERTS.has(name) : Object.hasOwn(METRICS, name);
}

function unknownWords(page: string): string[] {
  const words = [...page.matchAll(/`([A-Z][A-Za-z]*[a-z][A-Z][A-Za-z]*)`/g)].map(([, word]) => word!);
  return words.filter((word) => !new RegExp(`\\b${word}\\b`).test(CODE) && !ALERTS.has(word) && !OTHERS.has(word));
}

describe("what deploy and docs name", () => {
  test.each(PAGES)("%s: every event, condition, alert and metric is one of the code", (page) => {
    expect(namesIn(text(page)).filter((one) => !exists(one))).toEqual([]);
  });

  test.each(PAGES)("%s: every word in a mark of code that looks like one of ours is in the code", (page) => {
    expect(unknownWords(text(page))).toEqual([]);
  });

  test("a word that nobody knows is told", () => {
    expect(unknownWords("`IPOwnerChanged`, `WouldLoseAddress`, `Ready`, `WouldLoseIP`, `IPStable`")).toEqual([
      "IPOwnerChanged",
      "WouldLoseAddress",
    ]);
  });

  test("names are found, and one that nobody knows is told", () => {
    const kinds = new Set(PAGES.flatMap((page) => namesIn(text(page)).map(({ kind }) => kind)));
    expect([...kinds].sort()).toEqual(["alert", "condition", "event", "metric"]);
    const wrong = "the event IPOwnerChanged, the condition `Fine`, SpiderplanNothing, spiderplan_no_such_total";
    expect(namesIn(wrong).filter((one) => !exists(one))).toHaveLength(4);
  });
});
