import { describe, expect, test } from "vitest";
import { SharedLists } from "../../src/adapters/embedded/shared-lists.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import type { Cluster } from "../../src/ports/cluster.js";

const pool = (name: string): KubeObject => ({ ...KINDS.SpiderIPPool, metadata: { name } });

/** A cluster whose lists end when they are let go; each shows what was stored when it began. */
function slowCluster() {
  const stored: KubeObject[] = [];
  const letGo: (() => void)[] = [];
  const list = async () => {
    const items = [...stored];
    await new Promise<void>((resolve) => letGo.push(resolve));
    return { items, resourceVersion: "1" };
  };
  return { stored, letGo, cluster: { list } as unknown as Cluster };
}

const namesOf = async (read: Promise<ReadonlyMap<string, KubeObject>>) => [...(await read).keys()];

describe("lists shared by admission requests", () => {
  test("nobody is told what was so before they asked; all who wait share one list", async () => {
    const { stored, letGo, cluster } = slowCluster();
    const lists = new SharedLists(cluster);
    const first = lists.read(KINDS.SpiderIPPool);
    stored.push(pool("a"));
    const [second, third] = [lists.read(KINDS.SpiderIPPool), lists.read(KINDS.SpiderIPPool)];
    letGo[0]!();
    expect(await namesOf(first)).toEqual([]);
    await expect.poll(() => letGo.length).toBe(2);
    letGo[1]!();
    expect(await namesOf(second)).toEqual(["a"]);
    expect(await namesOf(third)).toEqual(["a"]);
    stored.push(pool("b"));
    const fourth = lists.read(KINDS.SpiderIPPool);
    await expect.poll(() => letGo.length).toBe(3);
    letGo[2]!();
    expect(await namesOf(fourth)).toEqual(["a", "b"]);
  });

  test("a list that fails does not fail those who wait for the next", async () => {
    let calls = 0;
    const list = async () => {
      if (++calls === 1) throw new ClusterError("Unreachable", "gone for a moment", true);
      return { items: [pool("a")], resourceVersion: "1" };
    };
    const lists = new SharedLists({ list } as unknown as Cluster);
    const [first, second] = [lists.read(KINDS.SpiderIPPool), lists.read(KINDS.SpiderIPPool)];
    await expect(first).rejects.toThrow("gone for a moment");
    expect(await namesOf(second)).toEqual(["a"]);
  });

  test("a kind that is not served has no objects", async () => {
    const list = async () => {
      throw new ClusterError("NotFound", "no such kind", false);
    };
    expect(await namesOf(new SharedLists({ list } as unknown as Cluster).read(KINDS.SpiderIPPool))).toEqual([]);
  });
});
