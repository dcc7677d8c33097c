import { simpleGit } from "simple-git";

/** The commit a folder is checked out at. */
export interface Revision {
  readonly commit: string;
  /** Whether files below the folder differ from that commit, or are not in it. */
  readonly dirty: boolean;
}

/**
 * The Git revision of a folder; reads only, and takes no lock that would stand in the way of the user's own git.
 * @returns undefined outside a repository, before its first commit, or without git
 */
export async function readRevision(folder: string): Promise<Revision | undefined> {
  try {
    const git = simpleGit({ baseDir: folder });
    const commit = (await git.raw(["rev-parse", "--verify", "--quiet", "HEAD"])).trim();
    if (!/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
    const changed = await git.raw(["--no-optional-locks", "status", "--porcelain", "--", "."]);
    return { commit, dirty: changed.trim() !== "" };
  } catch {
    return undefined;
  }
}
