import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";

/** The examples folder, with a slash behind it. */
export const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));

/** One example and what its README passes to `spiderplan plan` beside `--path` and `--snapshot cluster.yaml`. */
export interface Example {
  readonly name: string;
  readonly plan: string;
  /** `--cluster`, where the plan is for several clusters. */
  readonly cluster: string | undefined;
  /** In the order they are given. */
  readonly snapshots: readonly string[];
}

const CLUSTERS: Readonly<Record<string, string>> = { "two-clusters": "dc1-prod" };

/** Every folder of examples/ that has a plan and a cluster.yaml; `spiderplan demo` tells and checks its own story. */
export function examples(): Example[] {
  return readdirSync(EXAMPLES)
    .filter(
      (name) =>
        name !== "demo" && existsSync(`${EXAMPLES}${name}/plan`) && existsSync(`${EXAMPLES}${name}/cluster.yaml`),
    )
    .sort()
    .map((name) => ({
      name,
      plan: `${EXAMPLES}${name}/plan`,
      cluster: CLUSTERS[name],
      snapshots: ["cluster.yaml", "running.yaml"]
        .map((file) => `${EXAMPLES}${name}/${file}`)
        .filter((file) => existsSync(file)),
    }));
}

/** The objects of multi-document YAML files. */
export function clusterObjects(files: readonly string[]): KubeObject[] {
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as KubeObject),
  );
}
