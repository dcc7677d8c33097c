import fc from "fast-check";
import { expect, test } from "vitest";
import { mergePatchValue } from "../../src/core/change/compare.js";
import { applyMergePatch } from "../../src/core/change/merge-patch.js";

/** JSON without null: RFC 7396 cannot say null, and no Kubernetes object of ours holds one. */
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

const objects = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), json, { maxKeys: 4, noNullPrototype: true });

test("the patch from one value to another makes it the other", () => {
  fc.assert(
    fc.property(objects, objects, (live, desired) => {
      expect(applyMergePatch(live, mergePatchValue(live, desired))).toEqual(desired);
    }),
  );
});

test("there is nothing to patch between equals", () => {
  fc.assert(
    fc.property(objects, (live) => {
      expect(mergePatchValue(live, structuredClone(live))).toEqual({});
    }),
  );
});

test("applying a patch changes neither argument", () => {
  fc.assert(
    fc.property(objects, objects, (live, patch) => {
      const before = structuredClone([live, patch]);
      applyMergePatch(live, patch);
      expect([live, patch]).toEqual(before);
    }),
  );
});
