import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { cli, PROJECT } from "../support/cli.js";
import { workspace } from "../support/workspace.js";

const EXAMPLES = ["adopt-hand-made", "dual-stack", "fixed-from-subnet", "two-zones"];

interface Case {
  /** By file name. */
  readonly plan: Map<string, unknown[]>;
  readonly items: unknown[];
}

function read(name: string): Case {
  const root = join(PROJECT, "examples", name);
  const documents = (file: string) =>
    parseAllDocuments(readFileSync(join(root, file), "utf8")).map((document) => document.toJS() as unknown);
  const files = readdirSync(root, { recursive: true }).map(String);
  const plan = files.filter(
    (file) => file.startsWith("plan/") && /\.ya?ml$/.test(file) && !file.includes("spiderplan.lock"),
  );
  const cluster = files.filter((file) => file === "cluster.yaml" || file === "running.yaml");
  return { plan: new Map(plan.map((file) => [file, documents(file)])), items: cluster.flatMap(documents) };
}

async function planJson(files: Iterable<[string, unknown[]]>, items: unknown[]): Promise<string> {
  const cwd = workspace();
  for (const [name, documents] of files) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), documents.map((document) => `---\n${stringify(document)}`).join(""));
  }
  writeFileSync(join(cwd, "s.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const argv = ["plan", "--path", "plan", "--snapshot", "s.json", "-o", "json", "--now", "2026-11-22T04:00:00Z"];
  const { code, stdout, stderr } = await cli(argv, { cwd });
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Places move when files are cut up otherwise; what is decided must not. */
function withoutPlaces(text: string): unknown {
  const output = JSON.parse(text) as { diagnostics: Record<string, unknown>[] };
  const diagnostics = output.diagnostics
    .map(({ file: _, line: __, column: ___, ...rest }) => JSON.stringify(rest))
    .sort();
  return { ...output, diagnostics };
}

function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, turned(part)]),
  );
}

describe.each(EXAMPLES)("plan -o json of %s (FIXED-4)", (name) => {
  const { plan, items } = read(name);

  it("is the same bytes twice", async () => {
    expect(await planJson(plan, items)).toBe(await planJson(plan, items));
  });

  it("is the same bytes whatever the order of items, files on disk and keys of items", async () => {
    const expected = await planJson(plan, items);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(items, { minLength: items.length }),
        fc.shuffledSubarray([...plan], { minLength: plan.size }),
        fc.boolean(),
        async (shuffled, files, reverse) => {
          expect(await planJson(files, reverse ? (turned(shuffled) as unknown[]) : shuffled)).toBe(expected);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("decides the same whatever the names of files, order of documents and order of keys", async () => {
    const expected = withoutPlaces(await planJson(plan, items));
    const documents = [...plan.values()].flat();
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(documents, { minLength: documents.length }),
        fc.boolean(),
        async (shuffled, one) => {
          const files: [string, unknown[]][] = one
            ? [["plan/all.yaml", shuffled.map(turned)]]
            : shuffled.map((document, i) => [`plan/${i}/part.yaml`, [turned(document)]]);
          expect(withoutPlaces(await planJson(files, items))).toEqual(expected);
        },
      ),
      { numRuns: 8 },
    );
  });
});
