import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contains } from "../../src/core/ip/range-set.js";
import { admit, indexWorld, mutate, validate } from "../../src/core/spiderpool/admission/admit.js";
import { canonicalPool, effectiveSet } from "../../src/core/spiderpool/canonical.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import { chooseAddress } from "../../src/core/spiderpool/ipam/allocate.js";
import { compileGlob } from "../../src/core/spiderpool/ipam/glob.js";
import type { SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { worldOf } from "../support/cases.js";
import { pool } from "../support/spiderpool.js";

const FACTS = { ...CHART_DEFAULTS, enableSpiderSubnet: false };
const BASE = 0x0a060000;
const text = (last: number) => `10.6.0.${last}`;

const entry = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 6 }), fc.boolean())
  .map(([first, length, single]) => (single ? text(first) : `${text(first)}-${text(first + length)}`));
const spec = fc.record({ ips: fc.array(entry, { maxLength: 4 }), excludeIPs: fc.array(entry, { maxLength: 2 }) });

/** What a list means, address by address: the slow way the fast one must agree with. */
function expand(list: readonly string[]): Set<number> {
  const out = new Set<number>();
  for (const item of list) {
    const [a, b = a] = item.split("-").map((end) => Number(end.split(".")[3]));
    for (let i = a!; i <= b!; i++) out.add(i);
  }
  return out;
}

type Lists = Pick<SpiderIPPool["spec"], "ips" | "excludeIPs">;

function addresses({ ips = [], excludeIPs = [] }: Lists): Set<number> {
  const excluded = expand(excludeIPs);
  return new Set([...expand(ips)].filter((item) => !excluded.has(item)));
}

function share(a: Lists, b: Lists): boolean {
  const other = addresses(b);
  return [...addresses(a)].some((item) => other.has(item));
}

describe("the admission model", () => {
  it("refuses a pool exactly if it shares an address with one that is there (P9), whatever was put and taken before", () => {
    const step = fc.record({ name: fc.constantFrom("a", "b", "c", "d"), spec, remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const pools = new Map<string, SpiderIPPool>();
        const world = { ...worldOf([]), pools };
        const index = indexWorld(world);
        for (const { name, spec: wanted, remove } of steps) {
          const old = pools.get(name);
          if (remove) {
            pools.delete(name);
            index.deletePool(name);
            continue;
          }
          const object = pool(name, wanted);
          const request = old
            ? { operation: "UPDATE" as const, object, old }
            : { operation: "CREATE" as const, object };
          const result = admit(request, { ...world, index }, FACTS);
          expect(admit(request, world, FACTS)).toEqual(result);
          const clash = [...pools.values()].some((other) => other.metadata.name !== name && share(other.spec, wanted));
          expect(result.denial?.rule).toBe(clash ? "P9" : undefined);
          if (result.denial) continue;
          pools.set(name, result.object as SpiderIPPool);
          index.putPool(result.object as SpiderIPPool);
        }
      }),
    );
  });

  it("stays right where stored pools overlap because somebody went round the webhook", () => {
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 5 }), spec, fc.nat(), (stored, wanted, gone) => {
        const fused = stored.map((item, i) =>
          mutate({ operation: "CREATE", object: pool(`p${i}`, item) }, worldOf([]), FACTS),
        );
        const world = worldOf(fused);
        const index = indexWorld(world);
        validate({ operation: "UPDATE", object: fused[0]!, old: fused[0]! }, { ...world, index }, FACTS); // builds it
        const out = `p${gone % stored.length}`;
        index.deletePool(out);
        const left = new Map([...world.pools].filter(([name]) => name !== out));
        const object = pool("new", wanted);
        const clash = [...left.values()].some((other) => share(other.spec, wanted));
        const verdict = admit({ operation: "CREATE", object }, { ...world, pools: left, index }, FACTS).denial?.rule;
        expect(verdict).toBe(clash ? "P9" : undefined);
      }),
    );
  });

  it("mutates once: a second pass changes nothing, and meaning is kept", () => {
    fc.assert(
      fc.property(spec, (wanted) => {
        const once = mutate({ operation: "CREATE", object: pool("p", wanted) }, worldOf([]), FACTS) as SpiderIPPool;
        expect(mutate({ operation: "UPDATE", object: once, old: once }, worldOf([]), FACTS)).toEqual(once);
        expect(addresses(once.spec)).toEqual(addresses(wanted));
        expect(canonicalPool(once, FACTS).spec).toEqual(canonicalPool(pool("p", wanted), FACTS).spec);
      }),
    );
  });

  it("keeps every address in use, and lets every other go (P16)", () => {
    fc.assert(
      fc.property(spec, fc.uniqueArray(fc.integer({ min: 0, max: 46 }), { maxLength: 4 }), (wanted, used) => {
        const records = Object.fromEntries(used.map((last) => [text(last), { pod: "a/b", podUid: "u" }]));
        const object = pool("p", wanted, {}, used.length > 0 ? { allocatedIPs: JSON.stringify(records) } : {});
        const denial = admit({ operation: "UPDATE", object, old: object }, worldOf([]), FACTS).denial;
        expect(denial?.rule).toBe(used.every((last) => addresses(wanted).has(last)) ? undefined : "P16");
      }),
    );
  });
});

describe("the choice of an address", () => {
  it("is free, on offer, and gives everything away before it gives up (A14)", () => {
    fc.assert(
      fc.property(spec, (wanted) => {
        const offered = effectiveSet(wanted);
        const given: Record<string, unknown> = {};
        for (let i = 0; ; i++) {
          const choice = chooseAddress(pool("p", wanted, {}, { allocatedIPs: JSON.stringify(given) }), `u${i}`, []);
          if (choice === undefined) break;
          expect(contains(offered, choice.address)).toBe(true);
          const key = text((choice.address as number) - BASE);
          expect(given).not.toHaveProperty([key]);
          given[key] = { pod: "a/b", podUid: `u${i}` };
        }
        expect(Object.keys(given)).toHaveLength(addresses(wanted).size);
      }),
      { numRuns: 30 },
    );
  });

  it("matches patterns as trying every possibility does (A5)", () => {
    const letter = fc.constantFrom("a", "b", "c");
    const token: fc.Arbitrary<Token> = fc.oneof(
      letter.map((char): Token => ({ text: char, one: (c) => c === char })),
      letter.map((char): Token => ({ text: `\\${char}`, one: (c) => c === char })),
      fc.constant<Token>({ text: "?", one: () => true }),
      fc.constant<Token>({ text: "*" }),
      fc.tuple(letter, letter, fc.boolean()).map(
        ([low, high, negated]): Token => ({
          text: `[${negated ? "^" : ""}${low}-${high}]`,
          one: (c) => (low <= c && c <= high) !== negated,
        }),
      ),
    );
    const name = fc.string({ unit: letter, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), name, (tokens, text) => {
        expect(compileGlob(tokens.map((one) => one.text).join(""))!(text)).toBe(triesAll(tokens, text));
      }),
      { numRuns: 3000 },
    );
  });

  it("takes any text for a pattern without falling over (A5)", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("a", "-", "[", "]", "^", "*", "?", "\\", ".", "{", "(", "|", "+", "$", "ü"),
        }),
        fc.string(),
        (pattern, name) => {
          const glob = compileGlob(pattern);
          if (glob !== undefined) expect(typeof glob(name)).toBe("boolean");
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** A star, or what stands for one character. */
interface Token {
  readonly text: string;
  readonly one?: (char: string) => boolean;
}

function triesAll([token, ...more]: readonly Token[], name: string): boolean {
  if (token === undefined) return name === "";
  if (token.one === undefined)
    return triesAll(more, name) || (name !== "" && triesAll([token, ...more], name.slice(1)));
  return name !== "" && token.one(name[0]!) && triesAll(more, name.slice(1));
}
