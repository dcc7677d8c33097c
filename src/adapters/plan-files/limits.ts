/** How much a plan may be, so that no pull request can freeze or fill a reader. */
export interface Limits {
  readonly fileBytes: number;
  readonly totalBytes: number;
  readonly files: number;
  /** Folders inside folders. */
  readonly folderDepth: number;
  /** YAML documents in one file. */
  readonly documents: number;
  /** Maps and lists inside each other. */
  readonly depth: number;
  /** Uses of anchors in one file. */
  readonly aliases: number;
  /** Values in one file, those behind aliases counted at each use. */
  readonly nodes: number;
  /** Smallest parts of YAML in one file: words, brackets, blanks, line ends. */
  readonly tokens: number;
  /** Faults told of one file. */
  readonly faults: number;
}

export const DEFAULT_LIMITS: Limits = {
  fileBytes: 1024 * 1024,
  totalBytes: 128 * 1024 * 1024,
  files: 10_000,
  folderDepth: 32,
  documents: 2_000,
  depth: 32,
  aliases: 100,
  nodes: 250_000,
  tokens: 400_000,
  faults: 20,
};
