import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

/** Questions that one place answers: nobody else may read the fields the answer is made of. */

interface Question {
  readonly question: string;
  readonly fields: readonly string[];
  /** The answer. */
  readonly home: readonly string[];
  /** Who passes the fields on or prints them, and judges nothing by them. */
  readonly carriers: readonly string[];
}

const QUESTIONS: readonly Question[] = [
  {
    question: "where is the Pod template of an object, and is its template a Pod's?",
    fields: ["jobTemplate", "JOB_TEMPLATES"],
    home: ["src/core/spiderpool/pod-template.ts"],
    carriers: [
      "src/app/watch/projection.ts", // keeps it in the cache
      "src/core/spiderpool/limits.ts", // counts its characters
      "src/core/spiderpool/shape.ts", // checks its form in files
      "src/core/allocate/bound.ts", // counts the Pods of a CronJob's Job
    ],
  },
  {
    question: "on which nodes may a Pod of this template run?",
    fields: ["tolerations", "taints", "nodeSelector", "nodeSelectorTerms", "matchFields", "unschedulable"],
    home: ["src/core/cluster/scheduling.ts", "src/core/cluster/node-selector.ts"],
    carriers: [
      "src/app/watch/projection.ts", // keeps them in the cache
      "src/core/spiderpool/limits.ts", // counts their values
      "src/adapters/embedded/columns.ts", // `kubectl get nodes`
      "src/adapters/embedded/patch.ts", // merge keys of strategic patches
      "src/players/node-lifecycle.ts", // writes them, as Kubernetes does
    ],
  },
  {
    question: "which revision of a StatefulSet is in force for an ordinal?",
    fields: ["currentRevision", "updateRevision"],
    home: ["src/core/cluster/successor.ts"],
    carriers: [
      "src/app/watch/projection.ts", // keeps them in the cache
      "src/players/stateful-sets.ts", // writes them, as Kubernetes does
    ],
  },
  {
    question:
      "what does Spiderpool give a Pod at its next start? (which pools, in which order, and what it takes back)",
    fields: ["rankGroups", "takesRecordBack"],
    home: [
      "src/core/spiderpool/ipam/run.ts",
      "src/core/spiderpool/ipam/order.ts",
      "src/core/spiderpool/ipam/retain.ts",
    ],
    carriers: [
      "src/players/agent.ts", // carries it out in demos and tests, where the verdict is checked against it
    ],
  },
  {
    question: "which pools does a Pod or a Namespace name itself, and which annotation counts?",
    fields: ["ippool", "namespaceDefaultV4", "namespaceDefaultV6"],
    home: ["src/core/spiderpool/ipam/annotations.ts"],
    carriers: [
      "src/core/spiderpool/objects.ts", // spells the keys
      "src/core/spiderpool/limits.ts", // counts their characters
      "src/core/spiderpool/pod-template.ts", // asks whether there are any
      "src/core/desired/annotations.ts", // compares a template with the one it should be
      "src/core/desired/networks.ts", // writes those of Namespaces
      "src/core/verdict/replay.ts", // remembers candidates by their texts
      "src/players/nics.ts", // asks whether there are any
    ],
  },
  {
    question: "who in a cluster names this pool or network?",
    fields: ["readDefaultPools", "blockPools", "attachmentPools", "namingsOf"],
    home: ["src/core/cluster/references.ts"],
    carriers: [
      "src/core/spiderpool/ipam/annotations.ts", // reads one annotation
      "src/core/spiderpool/ipam/network-defaults.ts", // reads one network
      "src/core/spiderpool/ipam/candidates.ts", // asks for one Pod
      "src/core/plan/unnamed-pools.ts", // reads the networks of a plan
      "src/core/desired/template-warnings.ts", // asks about one template
      "src/core/verdict/trust.ts", // the same
    ],
  },
  {
    question: "what is the cluster after these steps?",
    fields: ["applyMergePatch"],
    home: ["src/core/verdict/after.ts", "src/core/change/merge-patch.ts"],
    carriers: [
      "src/core/verdict/rehearse.ts", // plays Spiderpool's admission step by step
      "src/app/apply/rejudge.ts", // one object after one step
      "src/app/report/manifests.ts", // prints it
      "src/app/report/object-diff.ts", // the same
      "src/app/report/plan-json.ts", // the same
      "src/adapters/embedded/actor.ts", // the stand-in of an API server
      "src/adapters/embedded/rest.ts", // the same
    ],
  },
  {
    question: "may this pool leave? (named by its whole name, or only by a pattern)",
    fields: ["literally"],
    home: ["src/core/cluster/named-pools.ts"],
    carriers: ["src/core/cluster/references.ts"], // says who names it
  },
  {
    question: "whose naming or idle template may hold a change back?",
    fields: ["trustedNamespaces"],
    home: ["src/core/allocate/trust.ts"],
    carriers: [
      "src/core/plan/plan.ts", // spells it
      "src/core/plan/settings.ts", // reads it
    ],
  },
  {
    question: "which workload is this Pod's, and do its addresses outlive it?",
    fields: ["ownerControllerType", "ownerControllerName"],
    home: ["src/core/cluster/workload-of.ts", "src/core/cluster/lifecycle.ts"],
    carriers: [
      "src/core/spiderpool/objects.ts", // spells them
      "src/core/spiderpool/ipam/retain.ts", // the rule for one endpoint and what stands above it
      "src/core/cluster/tenants.ts", // prints the owner that Spiderpool recorded
      "src/app/watch/projection.ts", // keeps them in the cache
      "src/players/agent.ts", // writes them, as Spiderpool does
      "src/players/endpoints.ts", // frees them, as Spiderpool does
      "src/players/records.ts", // the same
    ],
  },
  {
    question: "does this Pod ever start again?",
    fields: ["Succeeded"],
    home: ["src/core/cluster/lifecycle.ts"],
    carriers: [
      "src/app/watch/projection.ts", // keeps it in the cache
      "src/adapters/embedded/change-of.ts", // says what changed
      "src/players/jobs.ts", // counts them, as Kubernetes does
      "src/players/workload.ts", // the same
    ],
  },
  {
    question: "is this NIC Spiderpool's at all?",
    fields: ["disableIPAM", "ipamOf"],
    home: ["src/core/cluster/asking.ts", "src/core/spiderpool/ipam/network-defaults.ts"],
    carriers: [
      "src/core/spiderpool/ipam/nics.ts", // NICs that the annotation forgets
      "src/core/plan/read-networks.ts", // reads the plan's
      "src/players/multus-configs.ts", // makes the net-attach-def, as Spiderpool does
      "src/players/nics.ts", // asks as Multus does
    ],
  },
];

/** The product's files by path. */
const FILES = new Map(
  readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".generated.ts"))
    .map((name) => join("src", name))
    .map((path) => [path, readFileSync(path, "utf8")]),
);

function readersOf(fields: readonly string[], files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, source]) => (names(source, fields) ? [path] : [])).sort();
}

test.each(QUESTIONS)("$question", ({ fields, home, carriers }) => {
  expect(readersOf(fields, FILES)).toEqual([...home, ...carriers].sort());
});

test.each(QUESTIONS)("a stranger is found who asks: $question", ({ fields, home }) => {
  for (const field of fields) {
    for (const source of [`export const it = (one) => one.spec.${field};`, `import { ${field} } from "./x.js";`]) {
      expect(readersOf(fields, new Map([["src/stranger.ts", source]]))).toEqual(["src/stranger.ts"]);
    }
  }
  const silent = `/** ${fields.join(" ")} */\nconst text = "of ${fields[0]}";`;
  expect(readersOf(fields, new Map([["src/silent.ts", silent]]))).toEqual([]);
  // A home that answers no more is to be taken from the list.
  for (const path of home) expect(FILES.has(path), path).toBe(true);
});

test("docs/architecture.md says where each question is answered", () => {
  const text = readFileSync("docs/architecture.md", "utf8");
  for (const { question, home } of QUESTIONS) {
    const row = text.split("\n").find((line) => line.startsWith(`| ${question} |`));
    expect(row, question).toBeDefined();
    for (const path of home) expect(row).toContain(path.replace("src/core/", ""));
  }
});

/** Whether the code, comments and messages aside, names one of the fields. */
function names(source: string, fields: readonly string[]): boolean {
  if (!fields.some((field) => source.includes(field))) return false;
  const named = (node: ts.Node): boolean =>
    ((ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && fields.includes(node.text)) ||
    (ts.forEachChild(node, (child) => named(child) || undefined) ?? false);
  return named(ts.createSourceFile("", source, ts.ScriptTarget.Latest));
}
