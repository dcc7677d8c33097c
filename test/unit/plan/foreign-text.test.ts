import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/adapters/plan-files/limits.js";
import { loadPlanFolder } from "../../../src/adapters/plan-files/plan-loader.js";
import { parsePlanFile } from "../../../src/adapters/plan-files/plan-parse.js";
import { workspace } from "../../support/workspace.js";

const plan = (more: string) =>
  `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n  subnets:\n    a:\n      cidr: 10.6.1.0/24\n      ranges: [10.6.1.10-10.6.1.20]\n${more}`;

// What looks like a fault of a tool where a plan may hold any text.
test.each<[string, string]>([
  ["a merge key in quotes", plan("      meta: {note: '<<', other: \"<<: *base\"}\n")],
  ["braces in a quoted text", plan("      meta: {note: \"{{ .Values.team }}\", other: '{% if %}'}\n")],
  ["braces inside a plain text", plan(`      meta:\n        note: see {{ team }} and \${TEAM}\n`)],
  ["braces in a comment", plan("      # {{ .Values.more }}\n      vlan: 7 # {{ x }} {% y %}\n")],
  ["braces in a block text", plan("      meta:\n        note: |\n          {{ range }}\n          {% x %}\n")],
  [
    "a heading in a block text",
    plan("      meta:\n        note: |\n          Title\n          =======\n          <<<<<<< HEAD\n"),
  ],
  ["marks in comments", `# <<<<<<< HEAD\n#=======\n# >>>>>>> topic\n${plan("")}`],
  ["marks that a quoted text holds", plan('      meta: {note: "<<<<<<< HEAD", other: "======="}\n')],
  [
    "marks in a quoted text of a JSON plan that begin a line",
    `{"apiVersion": "spiderplan.io/v1alpha1", "kind": "NetworkPlan",\n"spec": {"subnets": {"a": {"cidr": "10.6.1.0/24", "ranges": [], "meta": {"note": "a\n<<<<<<< HEAD\n=======\n"}}}}}\n`,
  ],
  ["lines of other lengths", `# ======\n#========\n${plan("      meta: {note: x========}\n")}`],
  [
    "no-break spaces inside texts and comments",
    plan("      meta:\n        note: 10\u00a0km\u00a0# not a comment\u00a0\n      # \u00a0\u200b\n"),
  ],
  ["a byte order mark at the very beginning and Windows line ends", `\ufeff${plan("").replaceAll("\n", "\r\n")}`],
  ["the words of an LFS pointer in a text", plan('      meta: {note: "version https://git-lfs.github.com/spec/v1"}\n')],
  ["numbers with a zero", plan("      vlan: 0\n      meta: {a: '007', b: \"0124\"}\n")],
  [
    "maps in maps without blanks",
    plan("")
      .replace("a:\n", "a: {meta: {x: '1'}, nodes: {labels: {a: b}},\n")
      .replace("24\n", "24,\n")
      .replace("20]\n", "20]}\n"),
  ],
  ["an alias for a whole value", plan("    b: {cidr: 10.6.2.0/24, ranges: &none [], exclude: *none}\n")],
])("%s is no fault", async (_, text) => {
  const loaded = await loadPlanFolder(workspace({ "plan.yaml": text }));
  expect(loaded.diagnostics).toEqual([]);
  expect(loaded.documents).toHaveLength(1);
});

test("one file that is a template stops no other file's findings", async () => {
  const loaded = await loadPlanFolder(
    workspace({ "a.yaml": plan("{{ more }}\n"), "b.yaml": `${plan("")}rnages: []\n` }),
  );
  expect(loaded.diagnostics.map(({ code, source }) => `${code} ${source?.file}`)).toEqual([
    "SP1030 a.yaml",
    "SP1020 b.yaml",
  ]);
});

test.each<[string, string]>([
  ["marks in one long quoted text", `a: "${"\n<<<<<<< x\n".repeat(90_000)}"`],
  ["marks behind hundreds of thousands of parts in one line", `[${"{},".repeat(130_000)}]\n<<<<<<< x\n`],
  ["brackets that look like no template", `a: ${"[{".repeat(400_000)}{%`],
  ["quotes without an end, and strange blanks", `a: b: ${"'\u00a0".repeat(200_000)}`],
])(
  "%s take no more than the time to read them",
  (_, text) => {
    const bytes = Buffer.from(text);
    const before = performance.now();
    const parsed = parsePlanFile("plan.yaml", bytes, { ...DEFAULT_LIMITS, fileBytes: 1 << 30 });
    expect(parsed.documents).toEqual([]);
    // Under a second of work; a reader that looks again and again needs minutes.
    expect(performance.now() - before).toBeLessThan(30_000);
  },
  60_000,
);
