import fc from "fast-check";
import { HOSTILE } from "../hostile.js";
import type { Chance } from "../worlds/chance.js";

/** Texts that parsers and whoever prints them stumble over. */
const ODD: readonly string[] = [
  ...fc.sample(fc.string({ unit: "binary", maxLength: 40 }), { numRuns: 200, seed: 1 }),
  HOSTILE,
  "",
  "null",
  "[]",
  "{}",
  "0",
  "-1",
  "1e999",
  "9007199254740993",
  "true",
  '"',
  "\\",
  "\u0000",
  "\ud800",
  "\u202e",
  "__proto__",
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{}}}',
  "toString",
  "hasOwnProperty",
  "*?*?*?!",
  "[a-",
  "0.0.0.0/0",
  "::/0",
  "10.6.0.0/33",
  "10.6.0.99-10.6.0.10",
  "0.0.0.0-255.255.255.255",
  "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  "::ffff:10.6.0.10",
  "010.006.000.001",
  "<<: *a",
  "&a [*a]",
  "!!js/function x",
  "--- \n---",
  "%YAML 9.9\n---",
];

const SEPARATORS = [
  ",",
  "\n",
  "[",
  "{",
  "*",
  "?",
  "a",
  " ",
  "\\",
  '"',
  ":",
  "- ",
  "10.6.0.1,",
  "é",
  "\u0000",
  "[[",
  '{"a":',
];

/** A text with one to three faults in it: cut, doubled, repeated, exchanged, filled with what nobody expects. */
export function mutated(text: string, corpus: readonly string[], { below }: Chance): string {
  let out = text;
  for (let left = 1 + below(3); left > 0; left--) out = once(out, corpus, below);
  return out;
}

function once(text: string, corpus: readonly string[], below: (limit: number) => number): string {
  const at = below(text.length + 1);
  const to = Math.min(text.length, at + below(24));
  const odd = () => ODD[below(ODD.length)]!;
  switch (below(10)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, at) + odd() + text.slice(at);
    case 3:
      return text.slice(0, at) + odd() + text.slice(to);
    case 4:
      return text.slice(0, at) + text.slice(at, to).repeat(1 + below(50)) + text.slice(to);
    case 5:
      // Now and then beyond every limit.
      return (
        text.slice(0, at) +
        SEPARATORS[below(SEPARATORS.length)]!.repeat(below(20) === 0 ? below(70_000) : below(300)) +
        text.slice(at)
      );
    case 6:
      return text.slice(0, at) + String.fromCharCode(below(0x1_0000)) + text.slice(at + 1);
    case 7: {
      const other = corpus[below(corpus.length)]!;
      return text.slice(0, at) + other.slice(below(other.length + 1));
    }
    case 8:
      return odd();
    default:
      return text.replace(/\d+/, () => ["0", "-1", "4294967296", "9007199254740993", "1e308", "00"][below(6)]!);
  }
}
