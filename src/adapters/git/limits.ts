/** How much of a repository is read, so that none can fill the disk or the memory. */
export interface GitLimits {
  /** Bytes of the local copy of one repository. */
  readonly copyBytes: number;
  /** Entries below the plan's folder, of whatever kind. */
  readonly entries: number;
  /** Bytes of one list: references of a server, entries of a folder. */
  readonly listBytes: number;
  /** Bytes of the files asked for at once. */
  readonly contentBytes: number;
  /** Packs in a local copy before it is made anew: each fetch leaves one or two. */
  readonly packs: number;
  /** Milliseconds a local copy may lie unused. */
  readonly unusedFor: number;
}

export const DEFAULT_GIT_LIMITS: GitLimits = {
  copyBytes: 1024 * 1024 * 1024,
  entries: 100_000,
  listBytes: 64 * 1024 * 1024,
  contentBytes: 256 * 1024 * 1024,
  packs: 100,
  unusedFor: 7 * 24 * 3600 * 1000,
};
