import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** What a path of a repository holds: text, bytes, a symbolic link, a submodule's commit, or nothing any more. */
export type Entry =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly submodule: string }
  | { readonly executable: string }
  | null;

export interface CommitOptions {
  /** `main` unless given. */
  readonly branch?: string;
  readonly message?: string;
  /** The commit it follows; the branch's tip unless given, null for a history of its own (a rewrite). */
  readonly parent?: string | null;
  /** Seconds since 1970. */
  readonly at?: number;
}

/** A bare repository on this machine, written with git's own plumbing: nothing needs to be checked out. */
export interface TestRepository {
  readonly folder: string;
  /** Runs git in it and returns its output, trimmed. */
  git(...args: readonly string[]): string;
  /** Writes an object as it is given, however wrong; its id. */
  object(type: "blob" | "tree" | "commit" | "tag", content: Uint8Array): string;
  /** A new commit on a branch in which these paths change; the id. A push, as its readers see it. */
  commit(files: Readonly<Record<string, Entry>>, options?: CommitOptions): string;
  /** A forced push: the branch starts anew with these files alone. */
  rewrite(files: Readonly<Record<string, Entry>>, options?: CommitOptions): string;
  /** Tags a commit, the tip of main unless given; with a message it is an annotated tag. */
  tag(name: string, options?: { readonly commit?: string; readonly message?: string }): void;
  deleteBranch(name: string): void;
  deleteTag(name: string): void;
  /** The tip of a branch. */
  tip(branch?: string): string;
}

const WHO = "Test Author <author@example.org>";
const IDENTITY = ["-c", "user.name=Test Author", "-c", "user.email=author@example.org"];

/** Makes an empty bare repository in a folder that does not exist yet. */
export function makeRepository(
  folder: string,
  config: Readonly<Record<string, string>> = {},
  format: "sha1" | "sha256" = "sha1",
): TestRepository {
  run(["init", "--bare", "--quiet", "--initial-branch=main", "--template=", `--object-format=${format}`, folder]);
  const git = (...args: readonly string[]) => run([...IDENTITY, "-C", folder, ...args]);
  for (const [key, value] of Object.entries(config)) git("config", key, value);
  const tip = (branch = "main") => git("rev-parse", `refs/heads/${branch}`);
  const commit: TestRepository["commit"] = (files, options = {}) => {
    const branch = options.branch ?? "main";
    const parent = options.parent === undefined ? find(folder, branch) : options.parent;
    run(["-C", folder, "fast-import", "--quiet", "--force"], importStream(files, { ...options, branch, parent }));
    return tip(branch);
  };
  return {
    folder,
    git,
    object: (type, content) =>
      run(["-C", folder, "hash-object", "-w", "--stdin", "--literally", "-t", type], Buffer.from(content)),
    commit,
    tip,
    rewrite: (files, options) => commit(files, { ...options, parent: null }),
    tag: (name, { commit: target = tip(), message } = {}) =>
      void git("tag", "--force", ...(message === undefined ? [] : ["--annotate", "-m", message]), name, target),
    deleteBranch: (name) => void git("update-ref", "-d", `refs/heads/${name}`),
    deleteTag: (name) => void git("tag", "--delete", name),
  };
}

function find(folder: string, branch: string): string | null {
  return run(["-C", folder, "for-each-ref", "--format=%(objectname)", `refs/heads/${branch}`]) || null;
}

function importStream(
  files: Readonly<Record<string, Entry>>,
  { branch, parent, message = "change", at = 1_700_000_000 }: CommitOptions & { branch: string; parent: string | null },
): Buffer {
  const parts: Buffer[] = [];
  const line = (text: string) => parts.push(Buffer.from(`${text}\n`));
  const data = (content: string | Uint8Array) => {
    const bytes = Buffer.from(content);
    line(`data ${bytes.length}`);
    parts.push(bytes, Buffer.from("\n"));
  };
  if (parent === null) line(`reset refs/heads/${branch}\n`);
  line(`commit refs/heads/${branch}`);
  line(`committer ${WHO} ${at} +0000`);
  data(message);
  if (parent !== null) line(`from ${parent}`);
  for (const [path, entry] of Object.entries(files)) {
    const name = quoted(path);
    if (entry === null) line(`D ${name}`);
    else if (typeof entry === "object" && "submodule" in entry) line(`M 160000 ${entry.submodule} ${name}`);
    else {
      const [mode, content] = blobOf(entry);
      line(`M ${mode} inline ${name}`);
      data(content);
    }
  }
  return Buffer.concat(parts);
}

/** A path as C would write it, which any byte can be in. */
function quoted(path: string): string {
  const octal = (byte: number) => `\\${byte.toString(8).padStart(3, "0")}`;
  const plain = (byte: number) => byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  const bytes = [...Buffer.from(path)];
  return `"${bytes.map((byte) => (plain(byte) ? String.fromCharCode(byte) : octal(byte))).join("")}"`;
}

function blobOf(entry: string | Uint8Array | { link: string } | { executable: string }): [string, string | Uint8Array] {
  if (typeof entry === "string" || entry instanceof Uint8Array) return ["100644", entry];
  return "link" in entry ? ["120000", entry.link] : ["100755", entry.executable];
}

/** Git as it is without the user's settings. */
export const PLAIN_GIT = { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0" };

function run(args: readonly string[], input?: Buffer): string {
  const env = { ...process.env, ...PLAIN_GIT };
  const output = execFileSync("git", args, { env, input, maxBuffer: 1 << 28, stdio: ["pipe", "pipe", "pipe"] });
  return output.toString("utf8").trim();
}

/** A path inside a folder of repositories that git serves as it is asked for. */
export const repositoryFolder = (root: string, name: string) => join(root, `${name}.git`);
