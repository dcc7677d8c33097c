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
];

test.each(QUESTIONS)("$question", ({ fields, home, carriers }) => {
  const readers = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".generated.ts"))
    .map((name) => join("src", name))
    .filter((path) => names(readFileSync(path, "utf8"), fields))
    .sort();
  expect(readers).toEqual([...home, ...carriers].sort());
});

/** Whether the code, comments and messages aside, names one of the fields. */
function names(source: string, fields: readonly string[]): boolean {
  if (!fields.some((field) => source.includes(field))) return false;
  const named = (node: ts.Node): boolean =>
    ((ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && fields.includes(node.text)) ||
    (ts.forEachChild(node, (child) => named(child) || undefined) ?? false);
  return named(ts.createSourceFile("", source, ts.ScriptTarget.Latest));
}
