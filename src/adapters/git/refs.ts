import { setImmediate as nextTurn } from "node:timers/promises";
import { compareBuild, parse, type SemVer } from "semver";
import { SourceError } from "../../core/source-error.js";
import type { ResolvedRevision, SourceRef } from "../../ports/source-repository.js";
import { oneLine } from "./failures.js";
import { readRange, type SemverRange } from "./semver-range.js";

/** A line of `git ls-remote`; an annotated tag has a second one, `NAME^{}`, for what it leads to. */
interface RefLine {
  readonly name: string;
  readonly id: string;
}

/** What to ask a server for. */
export interface RefQuestion {
  /** Options of `git ls-remote`. */
  readonly options: readonly string[];
  /** Which references it shall tell; all that the options leave unless given. */
  readonly patterns: readonly string[];
  /** Chooses from its answer; undefined when what is looked for is not there. */
  choose(answer: Buffer): Promise<ResolvedRevision | undefined>;
  /** Why nothing was chosen, with what there is; of a list that is too long nothing is known. */
  missing(all: Buffer | undefined): SourceError;
}

/**
 * Translates a reference into what the server is asked, or into the commit it names by itself.
 * @throws SourceError `Refused` for names git does not know or would take for something else
 */
export function askFor(ref: SourceRef): RefQuestion | ResolvedRevision {
  if ("commit" in ref) return { commit: checkCommit(ref.commit) };
  if ("branch" in ref) return askForOne("branch", "--heads", "refs/heads/", ref.branch);
  if ("tag" in ref) return askForOne("tag", "--tags", "refs/tags/", ref.tag);
  const text = ref.semver;
  const range = readRange(text);
  if (range === undefined) throw refused(`${JSON.stringify(text)} is no semver range, such as ">=1.2 <2"`);
  return {
    options: ["--tags"],
    patterns: [],
    choose: (answer) => highest(range, answer),
    missing: (all) => {
      const rule = range.takesPreReleases ? "" : preReleaseRule(namesOf(all ?? Buffer.alloc(0)));
      return notFound(`no tag lies in ${oneLine(text, 100)}; ${others("tag", all)}${rule}`);
    },
  };
}

function askForOne(kind: string, option: string, prefix: string, text: string): RefQuestion {
  const name = prefix + checkName(kind, text, prefix);
  return {
    options: [option],
    // Git compares the ends of names, and the second line of an annotated tag as one.
    patterns: [name, `${name}^{}`],
    choose: (answer) => named(name, answer),
    missing: (all) => notFound(`there is no ${kind} ${name.slice(prefix.length)}; ${others(kind, all)}`),
  };
}

function checkCommit(commit: string): string {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(commit)) throw refused("a commit is given by all its 40 or 64 digits");
  return commit.toLowerCase();
}

/** The rules of `git check-ref-format`; a leading dash too, which git would take for an option. */
function checkName(kind: string, text: string, prefix: string): string {
  const name = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  const parts = name.split("/");
  const fine =
    name.length <= 255 &&
    !name.startsWith("-") &&
    !name.includes("..") &&
    !name.includes("@{") &&
    name !== "@" &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    !/[\u0000-\u0020\u007f~^:?*[\\]/.test(name) &&
    parts.every((part) => part !== "" && !part.startsWith(".") && !/\.(?:lock)?$/.test(part));
  if (!fine) throw refused(`${JSON.stringify(text.slice(0, 100))} cannot be the name of a ${kind}`);
  return name;
}

/** Lines that are read before others have their turn: a server may have a million references. */
const LINES_A_TURN = 10_000;

async function* linesOf(answer: Buffer): AsyncGenerator<RefLine> {
  let count = 0;
  for (let start = 0, end = answer.indexOf(10); end >= 0; start = end + 1, end = answer.indexOf(10, start)) {
    if (++count % LINES_A_TURN === 0) await nextTurn();
    const [, id, name] = /^([0-9a-f]{40,64})\t(refs\/.+)$/.exec(answer.toString("utf8", start, end)) ?? [];
    if (id !== undefined && name !== undefined) yield { id, name };
  }
}

const PEELED = "^{}";

async function named(wanted: string, answer: Buffer): Promise<ResolvedRevision | undefined> {
  let commit: string | undefined;
  for await (const { id, name } of linesOf(answer)) {
    if (name === `${wanted}${PEELED}` || (name === wanted && commit === undefined)) commit = id;
  }
  return commit === undefined ? undefined : { commit, refName: wanted };
}

async function highest(range: SemverRange, answer: Buffer): Promise<ResolvedRevision | undefined> {
  let best: { id: string; readonly name: string; readonly version: SemVer } | undefined;
  for await (const { id, name } of linesOf(answer)) {
    if (name.endsWith(PEELED)) {
      if (best?.name === name.slice(0, -PEELED.length)) best.id = id;
      continue;
    }
    const version = parse(name.slice("refs/tags/".length));
    if (version === null || !range.satisfies(version)) continue;
    const order = best === undefined ? 1 : compareBuild(version, best.version);
    if (order > 0 || (order === 0 && name < best!.name)) best = { id, name, version };
  }
  return best && { commit: best.id, refName: best.name };
}

function others(kind: string, all: Buffer | undefined): string {
  const plural = kind === "branch" ? "branches" : "tags";
  if (all === undefined) return `it has more ${plural} than can be listed`;
  const plain = namesOf(all);
  if (plain.length === 0) return `the repository has no ${kind}`;
  const few = plain.slice(-5).map((name) => oneLine(name, 60));
  return `it has ${plain.length} ${plain.length === 1 ? kind : plural}, such as ${few.join(", ")}`;
}

/** Names without `refs/heads/` or `refs/tags/`, in the server's order. */
function namesOf(answer: Buffer): string[] {
  const lines = answer.toString("utf8").split("\n");
  const names = lines.flatMap((line) => /\trefs\/[a-z]+\/(.+?)$/.exec(line)?.[1] ?? []);
  return names.filter((name) => !name.endsWith(PEELED));
}

function preReleaseRule(names: readonly string[]): string {
  const some = names.some((name) => (parse(name)?.prerelease.length ?? 0) > 0);
  return some ? '; pre-releases count only in a range that names one, such as ">=1.0.0-0"' : "";
}

function notFound(message: string): SourceError {
  return new SourceError("NotFound", message, false);
}

function refused(message: string): SourceError {
  return new SourceError("Refused", message, false);
}
