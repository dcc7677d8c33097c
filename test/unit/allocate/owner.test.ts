import { expect, test } from "vitest";
import { sortedEntries } from "../../../src/core/allocate/order.js";
import { compareOwners, parseNicOwner, wholeNic } from "../../../src/core/allocate/owner.js";

test("owners are ordered by text, ordinals as numbers", () => {
  const sorted = [
    "a/StatefulSet/w/n",
    "a/StatefulSet/w/n/2",
    "a/StatefulSet/w/n/9",
    "a/StatefulSet/w/n/10",
    "b/StatefulSet/w/n/1",
    "pool:p",
  ];
  for (const order of [sorted, [...sorted].reverse(), [3, 0, 5, 1, 4, 2].map((at) => sorted[at]!)]) {
    expect([...order].sort(compareOwners)).toEqual(sorted);
  }
});

test("maps are read in the order of their keys", () => {
  const keys = ["c", "a", "B", "b"];
  expect(sortedEntries(new Map(keys.map((key) => [key, 1]))).map(([key]) => key)).toEqual(["B", "a", "b", "c"]);
});

test("an owner has a slice or an ordinal only where its text has", () => {
  const nic = { namespace: "a", kind: "Deployment", workload: "w", nic: "n" };
  expect(parseNicOwner("a/Deployment/w/n")).toStrictEqual(nic);
  expect(parseNicOwner("a/Deployment/w/n/3")).toStrictEqual({ ...nic, ordinal: "3" });
  expect(parseNicOwner("a/Deployment/w/n/pool:p/3")).toStrictEqual({ ...nic, slice: "p", ordinal: "3" });
  expect(parseNicOwner("a/Deployment/w/n/pool:p/3/4")).toBeUndefined();
});

test.each(["pool:p", "a/b", "a/Deployment/w/n"])("%s is whole", (owner) => expect(wholeNic(owner)).toBe(owner));
