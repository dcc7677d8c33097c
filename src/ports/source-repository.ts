/** Which commit of a repository to follow; exactly one is given. */
export type SourceRef =
  | { readonly branch: string }
  | { readonly tag: string }
  /** The highest tag inside the range, `>=1.2 <2`. */
  | { readonly semver: string }
  /** 40 or 64 hex digits. */
  | { readonly commit: string };

/** Whose signature a revision must carry. */
export interface SourceVerification {
  /** What must be signed: the commit, the tag that is followed, or both. */
  readonly mode: "HEAD" | "Tag" | "TagAndHEAD";
  /** Trusted PGP public keys (ASCII armour) and SSH public keys (authorized_keys lines), by file name. */
  readonly keys: Readonly<Record<string, string>>;
}

/** How to get into a repository; values of a Secret, never shown or logged. */
export interface SourceCredentials {
  readonly username?: string;
  readonly password?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly bearerToken?: string;
  /** PEM; trusted beside nothing else when given. */
  readonly ca?: string;
  /** PEM of a client certificate and its key. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** SSH private key and the servers that may be spoken to; SSH needs both. */
  readonly sshPrivateKey?: string;
  readonly sshKnownHosts?: string;
  readonly sshPassphrase?: string;
  /** `http://user:password@proxy:3128`. */
  readonly proxy?: string;
}

/** A repository and what of it is followed. */
export interface SourceSpec {
  readonly repoURL: string;
  readonly ref: SourceRef;
  /** Folder of the plan inside the repository, with forward slashes; empty = its root. */
  readonly path: string;
  readonly credentials: SourceCredentials;
  readonly verification?: SourceVerification;
  /** Milliseconds one Git operation may take. */
  readonly timeout: number;
}

/** What a reference points to now. */
export interface ResolvedRevision {
  /** Object id of the commit. */
  readonly commit: string;
  /** The branch or tag it was reached by, `refs/heads/main`; absent for a commit given as such. */
  readonly refName?: string;
}

/** One regular file below the plan's folder. */
export interface SourceFile {
  /** From the plan's folder, with forward slashes. */
  readonly path: string;
  /** Object id of its content: the same id is the same bytes, for ever. */
  readonly blob: string;
  readonly bytes: number;
}

/** One revision of a plan's folder. */
export interface SourceTree {
  readonly commit: string;
  readonly refName?: string;
  /** Object id of the folder: the same id is the same plan. */
  readonly tree: string;
  /** In order of path; symbolic links and submodules are not among them. */
  readonly files: readonly SourceFile[];
  /** What is in the folder that is no regular file, in words: links and submodules are never followed. */
  readonly refused: readonly { readonly path: string; readonly why: string }[];
  /** Who wrote it, for people: `Name <address>`, and the first line of the message. */
  readonly author: string;
  readonly subject: string;
  /** RFC 3339, UTC; absent where the commit's own time is not between 1970 and 9999. */
  readonly committedAt?: string;
  /** Fingerprints of the keys that signed it; absent when no signature was asked for. */
  readonly signedBy?: readonly string[];
}

/**
 * A Git repository that is followed from afar. Keeps a local copy; executes nothing that comes from the repository.
 * Every method rejects with `SourceError`, nothing else; no message holds a secret.
 */
export interface SourceRepository {
  /**
   * Asks the server what the reference points to (`ls-remote`); fetches nothing. A commit that is given as such is taken
   * at its word: nobody is asked before it is read.
   */
  resolve(source: SourceSpec, signal?: AbortSignal): Promise<ResolvedRevision>;
  /** Makes sure the commit is in the local copy, verifies it, and lists the plan's folder. */
  read(source: SourceSpec, revision: ResolvedRevision, signal?: AbortSignal): Promise<SourceTree>;
  /** The bytes of files of a tree that was read, in the order asked for. */
  contents(source: SourceSpec, files: readonly SourceFile[], signal?: AbortSignal): Promise<readonly Uint8Array[]>;
}
