import { compare, parse, type SemVer } from "semver";

/**
 * Ranges of versions as Flux reads them, that is Masterminds/semver v3 (3.4): commas and blanks mean and, `||` means or; `=`, `!=`,
 * `>`, `<`, `>=`, `<=`, `~`, `^`, `1.x` and `1.0 - 2.0`. node-semver has neither commas nor `!=`, and takes a pre-release only
 * beside the very version that the range names.
 */
export interface SemverRange {
  /** A range takes pre-releases when one of its bounds is one: `>=1.0.0-0 <2`. */
  readonly takesPreReleases: boolean;
  satisfies(version: SemVer): boolean;
}

interface Bound {
  readonly operator: string;
  readonly version: SemVer;
  /** How many numbers it gives: 1 for `1.x`, 3 for `1.2.3`, 0 for `*`. */
  readonly given: number;
}

const BOUND =
  /^(=|!=|>=|=>|<=|=<|>|<|~>|~|\^)?\s*v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const HYPHEN = /(\S+)\s+-\s+(\S+)/g;

/** What a PlanSync may hold. A longer text took half a minute, since a word is tried from each of its letters. */
const LONGEST = 255;

/** Reads a range. @returns undefined when it is none */
export function readRange(text: string): SemverRange | undefined {
  if (text.length > LONGEST) return undefined;
  const groups = text.split("||").map(readGroup);
  if (groups.includes(undefined)) return undefined;
  const known = groups as readonly (readonly Bound[])[];
  const pre = known.map((bounds) => bounds.some(({ version }) => version.prerelease.length > 0));
  return {
    takesPreReleases: pre.includes(true),
    satisfies: (version) =>
      known.some(
        (bounds, at) =>
          (version.prerelease.length === 0 || pre[at] === true) && bounds.every((bound) => holds(version, bound)),
      ),
  };
}

function readGroup(text: string): readonly Bound[] | undefined {
  const plain = text
    .replace(HYPHEN, ">=$1 <=$2")
    .replace(/([=<>~^!])\s+/g, "$1")
    .trim();
  const words = plain === "" ? ["*"] : plain.split(/\s*,\s*|\s+/);
  const bounds = words.map(readBound);
  return bounds.includes(undefined) ? undefined : (bounds as readonly Bound[]);
}

function readBound(text: string): Bound | undefined {
  const [, operator = "", ...parts] = BOUND.exec(text) ?? [];
  const [major, minor, patch, pre = ""] = parts as readonly (string | undefined)[];
  if (major === undefined) return undefined;
  const wild = [major, minor, patch].findIndex((part) => part === undefined || /^[xX*]$/.test(part));
  const given = wild < 0 ? 3 : wild;
  const numbers = [major, minor, patch].map((part, at) => (at < given ? part : "0"));
  const version = parse(`${numbers.join(".")}${pre}`);
  return version === null ? undefined : { operator, version, given };
}

function holds(version: SemVer, { operator, version: bound, given }: Bound): boolean {
  const order = compare(version, bound);
  const same = (parts: number) =>
    [version.major, version.minor, version.patch]
      .slice(0, parts)
      .every((n, at) => n === [bound.major, bound.minor, bound.patch][at]);
  switch (operator) {
    case ">":
      return given === 3 || given === 0 ? order > 0 : order > 0 && !same(given);
    case ">=":
    case "=>":
      return order >= 0;
    case "<":
      return order < 0;
    case "<=":
    case "=<":
      return order <= 0 || (given > 0 && given < 3 && same(given)) || given === 0;
    case "!=":
      return given === 3 ? order !== 0 : !same(given);
    case "^":
      return order >= 0 && same(fixedOf(bound, given));
    case "~":
    case "~>":
      // There it is the same as `>=0.0.0`.
      return order >= 0 && (same(Math.min(given, 2)) || (given === 3 && compare(bound, "0.0.0") === 0));
    default:
      return given === 3 ? order === 0 : order >= 0 && same(given);
  }
}

/** How many numbers `^` keeps: as far as the first that is not 0, and no further than given. */
function fixedOf({ major, minor }: SemVer, given: number): number {
  if (given < 2 || major > 0) return Math.min(given, 1);
  return given === 2 || minor > 0 ? 2 : 3;
}
