import { SourceError } from "../../core/source-error.js";
import { formatTime } from "../../core/time.js";
import type { SourceTree } from "../../ports/source-repository.js";
import { oneLine } from "./failures.js";
import type { Copy } from "./fetch.js";

/** One entry below the plan's folder. */
export interface TreeEntry {
  readonly path: string;
  readonly blob: string;
}

/** What lies below a folder of a commit. */
export interface Listing {
  readonly tree: string;
  readonly files: readonly TreeEntry[];
  readonly refused: SourceTree["refused"];
}

/**
 * The folder's path as git looks it up.
 * @throws SourceError `Refused` for a path that leads elsewhere
 */
export function checkFolder(path: string): string {
  const plain = path.replace(/^(?:\.?\/)+|\/+$/g, "").replace(/^\.$/, "");
  const strange = strangeness(plain);
  if (plain !== "" && strange !== undefined) {
    throw new SourceError("Refused", `source.path ${JSON.stringify(path.slice(0, 100))} ${strange}`, false);
  }
  return plain;
}

/** Lists the regular files below a folder of a commit. Nothing is checked out, no link followed. */
export async function listFolder(copy: Copy, commit: string, folder: string): Promise<Listing> {
  const tree = await findFolder(copy, commit, folder);
  const { stdout } = await copy.session.run(["ls-tree", "-r", "-z", "--full-tree", tree], {
    copy: copy.folder,
    outputBytes: copy.limits.listBytes,
  });
  const files: TreeEntry[] = [];
  const refused: { path: string; why: string }[] = [];
  let entries = 0;
  for (const line of zeroEnded(stdout)) {
    if (++entries > copy.limits.entries) {
      const message = `there are more than ${copy.limits.entries} files below the plan's folder: is source.path right?`;
      throw new SourceError("TooLarge", message, false);
    }
    const tab = line.indexOf("\t");
    const [mode = "", , blob = ""] = line.subarray(0, tab).toString("latin1").split(" ");
    const path = line.subarray(tab + 1).toString("utf8");
    const why = KINDS[mode] ?? strangeness(path);
    if (why === undefined) files.push({ path, blob });
    else refused.push({ path: oneLine(path, 300), why });
  }
  files.sort(byPath);
  refused.sort(byPath);
  return { tree, files, refused };
}

/** What is no regular file, by its mode in a tree. */
const KINDS: Readonly<Record<string, string>> = {
  "120000": "is a symbolic link, which is never followed",
  "160000": "is a submodule, which is never fetched",
};

/** Why a path is not one to read or to show; undefined for all that people use. */
function strangeness(path: string): string | undefined {
  if (/[\p{Cc}\u2028\u2029\\]/u.test(path)) return "holds a backslash or a control character";
  if (path.includes("\ufffd")) return "is not UTF-8";
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) return "leads out of its folder";
  return undefined;
}

async function findFolder(copy: Copy, commit: string, folder: string): Promise<string> {
  const parts = folder === "" ? [] : folder.split("/");
  const asked = [`${commit}^{tree}`, ...parts.map((_, at) => `${commit}:${parts.slice(0, at + 1).join("/")}`)];
  const { stdout } = await copy.session.run(["cat-file", "--batch-check=%(objectname) %(objecttype)"], {
    copy: copy.folder,
    input: asked.map((name) => `${name}\n`).join(""),
    outputBytes: copy.limits.listBytes,
  });
  const trees = stdout.toString("utf8").split("\n");
  const ids = trees.slice(0, asked.length).map((line) => /^([0-9a-f]+) tree$/.exec(line)?.[1]);
  const found = ids.at(-1);
  if (found !== undefined) return found;
  const depth = ids.indexOf(undefined);
  const path = parts.slice(0, depth).join("/");
  const parent = depth === 0 ? undefined : ids[depth - 1];
  const why = parent === undefined ? undefined : await whyNoFolder(copy, parent, parts[depth - 1]!);
  const named = `${folder} in ${commit.slice(0, 12)}`;
  const message =
    why === undefined ? `there is no folder ${named}: look at source.path` : `no folder is ${named}: ${path} ${why}`;
  throw new SourceError("NotFound", message, false);
}

/** What an entry of a folder is that is no folder itself, and what to do; undefined where there is none of that name. */
async function whyNoFolder(copy: Copy, tree: string, name: string): Promise<string | undefined> {
  const args = ["--literal-pathspecs", "ls-tree", "-z", "--full-tree", tree, "--", name];
  const { stdout } = await copy.session.run(args, { copy: copy.folder });
  if (stdout.length === 0) return undefined;
  const kind = KINDS[stdout.subarray(0, 6).toString("latin1")];
  return kind === undefined ? "is a file" : `${kind}; name the folder itself, in a repository that holds it`;
}

/** Who wrote a commit, for people to read. */
export async function readCommit(
  copy: Copy,
  commit: string,
): Promise<Pick<SourceTree, "author" | "subject" | "committedAt">> {
  const format = "--format=%an <%ae>%x00%ct%x00%s";
  const plain = ["--no-mailmap", "--no-notes", "--no-decorate", "--no-show-signature", "--encoding=UTF-8"];
  const { stdout } = await copy.session.run(["log", "-1", ...plain, format, commit], { copy: copy.folder });
  const [author = "", seconds = "", subject = ""] = stdout.toString("utf8").split("\0");
  const committedAt = timeOf(seconds);
  return { author: oneLine(author, 200), subject: oneLine(subject, 200), ...(committedAt && { committedAt }) };
}

/** RFC 3339; undefined for a time outside of it, which any commit may carry. */
function timeOf(seconds: string): string | undefined {
  const fits = /^\d{1,12}$/.test(seconds) && Number(seconds) < YEAR_10000;
  return fits ? formatTime(Number(seconds) * 1000).replace(".000Z", "Z") : undefined;
}

/** Seconds since 1970: RFC 3339 ends before. */
const YEAR_10000 = 253_402_300_800;

function* zeroEnded(bytes: Buffer): Generator<Buffer> {
  for (let start = 0, end = bytes.indexOf(0); end >= 0; start = end + 1, end = bytes.indexOf(0, start)) {
    yield bytes.subarray(start, end);
  }
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
