import { expect, test } from "vitest";
import { poolsNamedByTemplates } from "../../../src/core/allocate/named-pools.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { cluster } from "../../support/allocate-world.js";

/** A live Deployment whose template's annotation is this text. */
function naming(text: string) {
  const workload: KubeObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "d", name: "w" },
    spec: { template: { metadata: { annotations: { "ipam.spidernet.io/ippool": text } } } },
  };
  return poolsNamedByTemplates(cluster(workload));
}

test.each<[pattern: string, hit: string[], missed: string[]]>([
  ["d.w.*", ["d.w.a", "d.w.a.1", "d.w."], ["d.w", "d.wx.a", "e.d.w.a"]],
  ["w*.*", ["w.a", "wax.a"], ["x.a"]],
  ["*.*", ["a.b"], ["ab"]],
  ["x*y.*", ["xy.1", "xay.1"], ["xa.1"]],
  ["x?z", ["xyz"], ["xz", "xabz"]],
  ["x*[a]b", ["xab", "x1ab"], ["xb", "x1cb"]],
  ["a.?", ["a.b"], ["axb", "ba.b", "a.bc"]],
  ["[z-a]", [], ["z", "za"]],
])("the pattern %s hits what it should, and names nothing literally", (pattern, hit, missed) => {
  const named = naming(JSON.stringify({ ipv4: [pattern] }));
  expect([...hit, ...missed].filter(named.byPattern)).toEqual(hit);
  expect([pattern, ...hit].filter(named.literally)).toEqual([]);
});

test("a name without wildcards is meant literally, of either family", () => {
  const named = naming('{"ipv4": ["a.b"], "ipv6": ["c"]}');
  expect(["a.b", "c", "d"].filter(named.literally)).toEqual(["a.b", "c"]);
  expect(["a.b", "axb", "a.b.c"].filter(named.byPattern)).toEqual([]);
});

test.each(["{", "[null]", "3", '{"ipv4": "a"}', '{"ipv4": [{}, 3, null]}'])("%s names nothing", (text) => {
  const named = naming(text);
  expect(
    ["a", "", "3", "null", "[object Object]"].filter((name) => named.literally(name) || named.byPattern(name)),
  ).toEqual([]);
});
