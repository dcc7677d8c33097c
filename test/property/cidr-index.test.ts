import fc from "fast-check";
import { expect, test } from "vitest";
import { CidrIndex } from "../../src/core/spiderpool/admission/cidr-index.js";
import { goCidr } from "../../src/core/spiderpool/go-ip.js";

/** Few networks of all lengths, spelt with host bits too, other families and no CIDRs among them. */
const text = fc.oneof(
  fc
    .tuple(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0, 7, 8, 16, 23, 24, 30, 32),
    )
    .map(([a, b, length]) => `10.${a}.0.${b}/${length}`),
  fc.constantFrom("fd00::/8", "fd00::/64", "10.0.0.0", "", "10.0.0.0/33", "::ffff:10.0.0.0/120"),
);
const key = fc.constantFrom("a", "b", "c", "d", "e", "f");
const edits = fc.array(fc.record({ key, text: fc.option(text, { nil: undefined }) }), { maxLength: 30 });

test("the first CIDR in the way is the one that a comparison with each finds", () => {
  fc.assert(
    fc.property(fc.constantFrom(4, 6), edits, text, fc.boolean(), (version, steps, asked, passes) => {
      const index = new CidrIndex(version);
      const all = new Map<string, string>();
      for (const { key, text } of steps) {
        if (text === undefined) {
          index.delete(key);
          all.delete(key);
        } else {
          index.put(key, text);
          all.set(key, text);
        }
      }
      const but = passes ? asked : undefined;
      const found = index.inTheWay(asked, but);
      expect(found && { key: found.key, readable: found.readable }).toEqual(naive(version, all, asked, but));
    }),
    { numRuns: 2000 },
  );
});

function naive(version: number, all: ReadonlyMap<string, string>, asked: string, but?: string) {
  const mine = goCidr(asked);
  for (const [key, text] of all) {
    if (text === but) continue;
    const other = goCidr(text);
    if (mine?.family !== version || other?.family !== version) return { key, readable: false };
    const shares = mine.range.first <= other.range.last && other.range.first <= mine.range.last;
    if (shares) return { key, readable: true };
  }
  return undefined;
}
