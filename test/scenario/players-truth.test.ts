import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { isClusterError } from "../../src/core/cluster-error.js";
import type { KINDS, KubeObject } from "../../src/core/spiderpool/objects.js";
import { cli, PROJECT } from "../support/cli.js";
import { type PlayedCluster, playCluster } from "../support/played-cluster.js";

/** What the real Spiderpool did to Pods (SPIDERPOOL.md D4); not part of the project. */
const TRUTH = resolve(PROJECT, "../shared/cases/truth");
const cases = existsSync(TRUTH) ? readdirSync(TRUTH).sort() : [];

type Addresses = [ip: string, pool: string][];

interface Truth {
  real: "stays" | "moves" | "strands" | "refused";
  before: Record<string, Addresses>;
  after: Record<string, Addresses | { error: string }> | null;
}

interface Step {
  action: string;
  kind: keyof typeof KINDS;
  namespace: string | null;
  name: string;
  object: KubeObject;
}

describe.skipIf(cases.length === 0)(
  "the players do to Pods what the real Spiderpool did (skipped without ../shared/cases/truth)",
  () => {
    test.each(cases)("%s", async (name) => {
      const folder = join(TRUTH, name);
      const truth = JSON.parse(readFileSync(join(folder, "truth.json"), "utf8")) as Truth;
      const { items } = JSON.parse(readFileSync(join(folder, "snapshot.json"), "utf8")) as { items: KubeObject[] };
      const cluster = await playCluster({ objects: items });
      try {
        await cluster.settle();
        expect(valuesOf(await allocations(cluster))).toEqual(valuesOf(truth.before));
        const refused = await makeEdit(cluster, folder);
        expect(refused).toBe(truth.real === "refused");
        if (refused) return;
        for (const { metadata } of await cluster.pods())
          await cluster.remove("Pod", `${metadata.namespace}/${metadata.name}`);
        await cluster.settle();
        const expected = Object.values(truth.after ?? {}).map((after) => (Array.isArray(after) ? after : []));
        expect(valuesOf(await allocations(cluster))).toEqual(valuesOf(expected));
      } finally {
        await cluster.stop();
      }
    });
  },
);

/** Carries out what the plan says, held back for safety or not. @returns whether Spiderpool refused it */
async function makeEdit(cluster: PlayedCluster, folder: string): Promise<boolean> {
  const argv = ["plan", "--path", join(folder, "plan"), "--snapshot", join(folder, "snapshot.json"), "-o", "json"];
  const { steps } = JSON.parse((await cli(argv)).stdout) as { steps: Step[] };
  for (const { action, kind, namespace, name, object } of steps) {
    const { labels, annotations } = object.metadata;
    try {
      if (action === "create") await cluster.create(object);
      else {
        const live = await cluster.find(kind, namespace ? `${namespace}/${name}` : name);
        const { uid, resourceVersion } = live!.metadata;
        const patch = { metadata: { uid, resourceVersion, labels, annotations }, spec: object.spec };
        await cluster.patch(kind, namespace ? `${namespace}/${name}` : name, patch);
      }
    } catch (error) {
      if (isClusterError(error, "Denied")) return true;
      throw error;
    }
    await cluster.settle();
  }
  return false;
}

async function allocations(cluster: PlayedCluster): Promise<Addresses[]> {
  const found: Addresses[] = [];
  for (const { metadata } of await cluster.pods()) {
    const endpoint = await cluster.find("SpiderEndpoint", `${metadata.namespace}/${metadata.name}`);
    const status = endpoint?.status as { current?: { ips: { ipv4?: string; ipv4Pool?: string }[] } } | undefined;
    found.push((status?.current?.ips ?? []).map((ip) => [ip.ipv4!.split("/")[0]!, ip.ipv4Pool!]));
  }
  return found;
}

/** Pods' names are made up, so addresses count, in any order. */
function valuesOf(allocated: Record<string, Addresses> | Addresses[]): string[] {
  return Object.values(allocated)
    .map((one) => JSON.stringify(one))
    .sort();
}
