import { SourceError } from "../../core/source-error.js";
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
  const input = folder === "" ? `${commit}^{tree}\n` : `${commit}:${folder}\n`;
  const check = ["cat-file", "--batch-check=%(objectname) %(objecttype)"];
  const { stdout } = await copy.session.run(check, { copy: copy.folder, input });
  const [, id, type] = /^([0-9a-f]+) (tree|blob|commit)\n$/.exec(stdout.toString("utf8")) ?? [];
  if (id !== undefined && type === "tree") return id;
  const what = type === undefined && !(await isEntry(copy, commit, folder)) ? "there is no folder" : "no folder is";
  throw new SourceError("NotFound", `${what} ${folder} in ${commit.slice(0, 12)}: look at source.path`, false);
}

/** Whether something of that name is there: a file or link is, and not fetched. */
async function isEntry(copy: Copy, commit: string, path: string): Promise<boolean> {
  const args = ["--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path];
  const { stdout } = await copy.session.run(args, { copy: copy.folder });
  return stdout.length > 0;
}

/** Who wrote a commit, for people to read. */
export async function readCommit(
  copy: Copy,
  commit: string,
): Promise<Pick<SourceTree, "author" | "subject" | "committedAt">> {
  const format = "--format=%an <%ae>%x00%cI%x00%s";
  const plain = ["--no-mailmap", "--no-notes", "--no-decorate", "--no-show-signature", "--encoding=UTF-8"];
  const { stdout } = await copy.session.run(["log", "-1", ...plain, format, commit], { copy: copy.folder });
  const [author = "", committedAt = "", subject = ""] = stdout.toString("utf8").split("\0");
  return { author: oneLine(author, 200), committedAt: oneLine(committedAt, 40), subject: oneLine(subject, 200) };
}

function* zeroEnded(bytes: Buffer): Generator<Buffer> {
  for (let start = 0, end = bytes.indexOf(0); end >= 0; start = end + 1, end = bytes.indexOf(0, start)) {
    yield bytes.subarray(start, end);
  }
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
