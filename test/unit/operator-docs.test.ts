import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { METRICS } from "../../src/adapters/telemetry/metrics-table.js";
import { PLAN_SYNC } from "../../src/core/plan-sync/plan-sync-kind.generated.js";
import { readSwitches, SWITCHES } from "../../src/core/plan-sync/switches.js";
import { type KubeObject, OWN } from "../../src/core/spiderpool/objects.js";
import { applyDescription } from "../../src/core/spiderpool/structural.js";
import { cli, PROJECT } from "../support/cli.js";
import { conditionReasons } from "../support/condition-reasons.js";
import { examples } from "../support/examples.js";
import { kubectlMissing, kustomized } from "../support/operator-access.js";

const DOCS = ["operator.md", "argo-cd.md", "flux.md", "leaving.md"].map((name) => `docs/${name}`);
const EXAMPLES = readdirSync(join(PROJECT, "examples/operator"))
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => `examples/operator/${name}`);

const text = (file: string) => readFileSync(join(PROJECT, file), "utf8");
const schema = JSON.parse(text("schema/plan-sync.schema.json"));

function objectsOf(yaml: string): KubeObject[] {
  return parseAllDocuments(yaml).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as KubeObject;
  });
}

/** The objects in a page's blocks of YAML. */
const shownIn = (page: string) =>
  [...text(page).matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, block]) => objectsOf(block!));

describe("PlanSync objects that people are shown", () => {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  formats.default(ajv);
  const fits = ajv.compile(schema);

  test.each([
    ...EXAMPLES.map((file) => [file, objectsOf(text(file))] as const),
    ...[...DOCS, "README.md"].map((page) => [page, shownIn(page)] as const),
  ])("%s: legal by the schema, and stored as it is written", (_file, objects) => {
    for (const object of objects.filter(({ kind }) => kind === "PlanSync")) {
      expect(fits(object), JSON.stringify(fits.errors)).toBe(true);
      const stored = applyDescription(PLAN_SYNC, object);
      expect(stored.errors).toEqual([]);
      expect(stored.object).toMatchObject(object);
    }
  });

  test("every example is one, and is told of in the folder's README", () => {
    expect(EXAMPLES.length).toBeGreaterThan(2);
    for (const file of EXAMPLES) {
      expect(objectsOf(text(file)).map(({ kind }) => kind)).toEqual(["PlanSync"]);
      expect(text("examples/operator/README.md")).toContain(`(${file.split("/").at(-1)})`);
    }
  });
});

describe("the pages about the operator", () => {
  test.each(DOCS)("%s: every link leads somewhere, every block of YAML can be read", (page) => {
    for (const [, target] of text(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      expect(existsSync(join(PROJECT, dirname(page), target!)), target).toBe(true);
    }
    for (const object of shownIn(page)) {
      expect(object).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
    }
  });

  test("operator.md has every condition, and every reason with the conditions that can have it", () => {
    const conditions: string[] = schema.properties.status.properties.conditions.description.match(/\w+/g);
    const all = conditions.filter((type) => type !== "Reconciling" && type !== "Stalled").sort();
    expect(rowsOf("condition").map(([type]) => type)).toEqual(conditions);
    const told = rowsOf("reason").map(([reason, of]) => [reason, of === "all" ? all : of!.split(", ").sort()]);
    const given = [...REASONS].map(([reason, types]) => [reason, [...types].sort()]);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(given));
    expect(told).toHaveLength(given.length);
  });

  test("operator.md has every switch, every mark and every event", () => {
    const switches = rowsOf("annotation").map(([name]) => name);
    const marks = [OWN.prune, "", OWN.deletionApproved];
    expect(switches).toEqual([...Object.values(SWITCHES), ...marks]);
    const source = text("src/app/plan-sync/events.ts");
    const [, union] = /type EventReason =([^;]*);/.exec(source)!;
    const [, warnings] = /WARNINGS = new Set<EventReason>\(\[([^\]]*)\]/.exec(source)!;
    const words = union!.match(/\w+/g)!.map((word) => [word, warnings!.includes(`"${word}"`) ? "Warning" : "Normal"]);
    const told = rowsOf("event").map(([reason, type]) => [reason, type]);
    expect(told.sort()).toEqual(words.sort());
  });

  test("operator.md's break-glass is one that can be read", () => {
    const [, json] = /```json\n(.*)\n```/.exec(text("docs/operator.md"))!;
    const { breakGlass, unreadable } = readSwitches({ [SWITCHES.breakGlass]: json! });
    expect({ breakGlass, unreadable }).toEqual({ breakGlass: JSON.parse(json!), unreadable: [] });
  });

  test("observability.md says which metrics nobody counts", () => {
    const sources = readdirSync(join(PROJECT, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith("metrics-table.ts"))
      .map((name) => text(`src/${name}`))
      .join("\n");
    const uncounted = Object.keys(METRICS).filter((name) => !sources.includes(`"${name}"`));
    const [, told] = /declared and not counted yet[^:]*:([^.]*)\./.exec(text("docs/observability.md")) ?? [];
    expect((told?.match(/\w+/g) ?? []).sort()).toEqual(uncounted.sort());
  });

  test("the health script knows the conditions it asks for", () => {
    const config = shownIn("docs/argo-cd.md").find(({ data }) =>
      Object.keys(data ?? {})
        .join()
        .includes("health"),
    )!;
    const script = config.data!["resource.customizations.health.spiderplan.io_PlanSync"]!;
    const asked = [...script.matchAll(/(?:found\[|is\()"(\w+)"/g)].map(([, word]) => word!);
    expect(new Set(asked)).toEqual(new Set(["Ready", "Stalled", "IPStable", "Reconciling"]));
    const waiting = /waiting = \{([^}]*)\}/.exec(script)![1]!.match(/[A-Z]\w+/g)!;
    for (const reason of waiting) expect([...REASONS.keys()]).toContain(reason);
    const statuses = [...script.matchAll(/status = "(\w+)"/g)].map(([, word]) => word);
    expect(new Set(statuses)).toEqual(new Set(["Progressing", "Degraded", "Healthy", "Suspended"]));
  });

  test("the hook's command line is one", async () => {
    const job = shownIn("docs/argo-cd.md").find(({ kind }) => kind === "Job")!;
    const { containers } = (job.spec as { template: { spec: { containers: { args: string[] }[] } } }).template.spec;
    const example = examples().find(({ name }) => name === "migration")!;
    const argv = containers[0]!.args.map((word) => (word.startsWith("/plan/") ? example.plan : word));
    const { code, stdout } = await cli([...argv, ...example.snapshots.flatMap((file) => ["--snapshot", file])]);
    expect(code).toBeLessThanOrEqual(1);
    expect(stdout).toContain("shop/Deployment/web is");
  });

  test.skipIf(kubectlMissing)("roles that pages name are those of deploy", () => {
    const roles = new Set(kustomized("sync").map(({ metadata }) => metadata.name));
    for (const page of DOCS) {
      for (const object of shownIn(page)) {
        const { roleRef } = object as KubeObject & { roleRef?: { name: string } };
        if (roleRef !== undefined) expect(roles).toContain(roleRef.name);
      }
    }
  });
});

const REASONS = conditionReasons();

/** Rows of the tables of operator.md that begin with this heading; cells without the marks of code. */
function rowsOf(heading: string): string[][] {
  const lines = text("docs/operator.md").split("\n");
  return lines.flatMap((line, index) => {
    if (!line.startsWith(`| ${heading} |`)) return [];
    const end = lines.findIndex((other, at) => at > index && !other.startsWith("|"));
    const cells = (row: string) => row.split("|").slice(1, -1);
    return lines.slice(index + 2, end).map((row) => cells(row).map((cell) => cell.trim().replaceAll("`", "")));
  });
}
