import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { PLAN_SYNC } from "../../src/core/plan-sync/plan-sync-kind.generated.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { applyDescription } from "../../src/core/spiderpool/structural.js";
import { cli, PROJECT } from "../support/cli.js";
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
    ...DOCS.map((page) => [page, shownIn(page)] as const),
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

  test("operator.md has every condition and every reason", () => {
    const page = text("docs/operator.md");
    const conditions: string[] = schema.properties.status.properties.conditions.description.match(/\w+/g);
    expect(conditions).toHaveLength(10);
    for (const word of [...conditions, ...REASONS]) expect(page).toMatch(new RegExp(`^\\| \`${word}\` \\|`, "m"));
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
    for (const reason of waiting) expect(REASONS).toContain(reason);
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

/** The words of `status.conditions[].reason` that programs may rely on. */
const REASONS = [
  ...["Progressing", "ProgressingWithRetry", "ReconciliationSucceeded", "ReconciliationFailed", "BuildFailed"],
  ...["PruneFailed", "HealthCheckFailed", "DependencyNotReady", "ArtifactFailed", "AuthenticationFailed"],
  ...["GitOperationFailed", "Suspended", "WouldMoveIP", "WouldReleaseInUseIP", "PoolTerminating", "OverlapDetected"],
  ...["ReservedInUse", "PoolExhausted", "PruneBudgetExceeded", "ApprovalRequired", "ApprovalStale", "OutsideWindow"],
  ...["LockMismatch", "SourceStale", "EmptySource", "Fighting", "AdmissionDenied", "AdmissionUnavailable"],
  "UnsupportedSpiderpoolVersion",
];
