import { compareBuild, parse, satisfies, validRange } from "semver";
import { SourceError } from "../../core/source-error.js";
import type { ResolvedRevision, SourceRef } from "../../ports/source-repository.js";

/** A reference as the server told it; annotated tags carry the commit they lead to. */
interface ServerRef {
  readonly name: string;
  readonly id: string;
}

/** What to ask a server for. */
export interface RefQuestion {
  /** Options of `git ls-remote`. */
  readonly options: readonly string[];
  /** Chooses from its answer. */
  choose(answer: string): ResolvedRevision;
}

/**
 * Translates a reference into what the server is asked, or into the commit it names by itself.
 * @throws SourceError `Refused` for names git does not know or would take for something else
 */
export function askFor(ref: SourceRef): RefQuestion | ResolvedRevision {
  if ("commit" in ref) return { commit: checkCommit(ref.commit) };
  if ("branch" in ref) {
    const name = `refs/heads/${checkName("branch", ref.branch, "refs/heads/")}`;
    return { options: ["--heads"], choose: (answer) => named(name, "branch", readRefs(answer)) };
  }
  if ("tag" in ref) {
    const name = `refs/tags/${checkName("tag", ref.tag, "refs/tags/")}`;
    return { options: ["--tags"], choose: (answer) => named(name, "tag", readRefs(answer)) };
  }
  const range = ref.semver;
  if (validRange(range) === null) throw refused(`${JSON.stringify(range)} is no semver range, such as ">=1.2 <2"`);
  return { options: ["--tags"], choose: (answer) => highest(range, readRefs(answer)) };
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

/** The lines of `git ls-remote`; an annotated tag has a second one, for what it leads to. */
function readRefs(answer: string): ServerRef[] {
  const refs = new Map<string, string>();
  for (const line of answer.split("\n")) {
    const [, id, name, peeled] = /^([0-9a-f]{40,64})\t(refs\/.+?)(\^\{\})?$/.exec(line) ?? [];
    if (id === undefined || name === undefined) continue;
    if (peeled !== undefined || !refs.has(name)) refs.set(name, id);
  }
  return [...refs].map(([name, id]) => ({ name, id }));
}

function named(wanted: string, kind: string, refs: readonly ServerRef[]): ResolvedRevision {
  const found = refs.find(({ name }) => name === wanted);
  if (found !== undefined) return { commit: found.id, refName: found.name };
  const short = wanted.replace(/^refs\/[a-z]+\//, "");
  throw new SourceError("NotFound", `there is no ${kind} ${short}; ${others(kind, refs)}`, false);
}

function highest(range: string, refs: readonly ServerRef[]): ResolvedRevision {
  const fitting = refs
    .map((ref) => ({ ...ref, version: parse(ref.name.slice("refs/tags/".length)) }))
    .filter(({ version }) => version !== null && satisfies(version, range))
    .sort((a, b) => compareBuild(b.version!, a.version!) || (a.name < b.name ? -1 : 1));
  const [best] = fitting;
  if (best !== undefined) return { commit: best.id, refName: best.name };
  throw new SourceError("NotFound", `no tag lies in ${range}; ${others("tag", refs)}`, false);
}

function others(kind: string, refs: readonly ServerRef[]): string {
  if (refs.length === 0) return `the repository has no ${kind}`;
  const plural = kind === "branch" ? "branches" : "tags";
  const names = refs.slice(-5).map(({ name }) => name.replace(/^refs\/[a-z]+\//, "").slice(0, 60));
  return `it has ${refs.length} ${refs.length === 1 ? kind : plural}, such as ${names.join(", ")}`;
}

function refused(message: string): SourceError {
  return new SourceError("Refused", message, false);
}
