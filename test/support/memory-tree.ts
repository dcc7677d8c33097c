import { createHash } from "node:crypto";
import type { ReadContents } from "../../src/adapters/plan-files/batch-reader.js";
import type { SourceTree } from "../../src/ports/source-repository.js";

/** A revision's files by path, as a Git source would list and read them. */
export function memoryTree(
  files: Readonly<Record<string, string | Uint8Array>>,
  refused: SourceTree["refused"] = [],
): { tree: Pick<SourceTree, "files" | "refused">; read: ReadContents; asked: string[] } {
  const bytes = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
  const asked: string[] = [];
  const listed = [...bytes].map(([path, content]) => ({
    path,
    blob: createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex"),
    bytes: content.length,
  }));
  return {
    tree: { files: listed, refused },
    asked,
    read: async (wanted) => {
      asked.push(...wanted.map(({ path }) => path));
      return wanted.map(({ path }) => new Uint8Array(bytes.get(path)!));
    },
  };
}
