import { CST, Lexer } from "yaml";
import { LOCK_FOLDER } from "../../core/allocate/check-lock.js";
import type { Limits } from "./limits.js";

/** What a file is in place of a plan, and where that shows. */
export interface ForeignText {
  readonly code: "SP1029" | "SP1030";
  readonly message: string;
  readonly hint: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Whether a text is what a tool left in place of YAML: told as one fault, since YAML's own complaints about it would
 * lead nowhere. Quoted texts, comments and block texts may hold anything.
 */
export function foreignText(file: string, text: string, limits: Pick<Limits, "tokens">): ForeignText | undefined {
  return wholeFile(text) ?? conflict(file, text, limits) ?? template(text, limits);
}

function wholeFile(text: string): ForeignText | undefined {
  const pointer = /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\/v\d+/.exec(text);
  if (pointer !== null) {
    return {
      code: "SP1029",
      message: "the file is a Git LFS pointer: its content was never fetched",
      hint: "run `git lfs pull`; a plan that an operator reads must be kept in Git itself (`git lfs migrate export`)",
      start: 0,
      end: pointer[0].length,
    };
  }
  const page = /^\s{0,100}<(?:!doctype\s+html|html)\b/i.exec(text);
  if (page === null) return undefined;
  return {
    code: "SP1029",
    message: "the file is an HTML page, such as a server answers that wants a login",
    hint: "fetch the file again, signed in",
    start: 0,
    end: page[0].length,
  };
}

/** Git's marks begin a line and have seven characters; indented they are somebody's text. */
function conflict(file: string, text: string, limits: Pick<Limits, "tokens">): ForeignText | undefined {
  const marks = /^(?:<{7}|>{7}|={7}|\|{7})(?: |\r?$)/gm;
  let mark = marks.exec(text);
  if (mark === null) return undefined;
  for (const { source, start } of plainParts(text, limits)) {
    // Those before this part are quoted or the like.
    while (mark !== null && mark.index < start) mark = marks.exec(text);
    if (mark === null) return undefined;
    if (mark.index >= start + source.length) continue;
    const locked = file.startsWith(`${LOCK_FOLDER}/`);
    return {
      code: "SP1029",
      message: "a merge was not finished: the file holds Git's conflict markers",
      hint: locked
        ? "take the lock file of the branch that was merged first, then run `spiderplan lock`"
        : "keep one side of each conflict, remove the lines with <<<<<<<, ======= and >>>>>>>, and commit",
      start: mark.index,
      end: mark.index + 7,
    };
  }
  return undefined;
}

/** `{{` and `{%` begin nothing that a plan may hold: its keys are texts. */
function template(text: string, limits: Pick<Limits, "tokens">): ForeignText | undefined {
  if (!/\{[{%]/.test(text)) return undefined;
  for (const { source, start } of plainParts(text, limits)) {
    const next = text[start + 1];
    if (source !== "{" || (next !== "{" && next !== "%")) continue;
    return {
      code: "SP1030",
      message: `the file is a template (${next === "{" ? "{{ ... }}, as Helm's" : "{% ... %}, as Jinja's"}) that nobody has filled in`,
      hint: "commit the rendered files, or write the value; a plan for several clusters says so with `clusters` and `ranges`",
      start,
      end: start + 2,
    };
  }
  return undefined;
}

/** The parts of a YAML text that are neither quoted nor a comment nor a block text, with their places. */
function* plainParts(text: string, limits: Pick<Limits, "tokens">): Generator<{ source: string; start: number }> {
  let start = 0;
  let parts = 0;
  let scalar = false;
  let block = false;
  for (const source of new Lexer().lex(text)) {
    if (++parts > limits.tokens) return;
    const type = scalar ? "scalar-text" : CST.tokenType(source);
    if (type === "scalar") {
      scalar = true;
      continue;
    }
    if (type === "doc-mode" || type === "flow-error-end") continue;
    const opaque = scalar ? block : type === "comment" || QUOTED.has(type ?? "");
    if (!opaque) yield { source, start };
    if (scalar) block = false;
    else if (type === "block-scalar-header") block = true;
    scalar = false;
    start += source.length;
  }
}

const QUOTED: ReadonlySet<string> = new Set(["single-quoted-scalar", "double-quoted-scalar"]);
