import type { SourceFile } from "../../ports/source-repository.js";

/** The bytes of files, in the order asked for. */
export type ReadContents = (files: readonly SourceFile[]) => Promise<readonly Uint8Array[]>;

/** Bytes asked for at once: few requests, and never a whole plan in memory. */
const BATCH_BYTES = 16 * 1024 * 1024;

/**
 * Reads files one after the other, though they are fetched many at a time.
 * @param files all that will be asked for, in that order
 */
export function batchReader(
  files: readonly SourceFile[],
  read: ReadContents,
): (file: SourceFile) => Promise<Uint8Array> {
  const waiting = new Map<string, Uint8Array>();
  let next = 0;
  const fetchBatch = async (): Promise<void> => {
    const batch: SourceFile[] = [];
    for (let bytes = 0; next < files.length && (batch.length === 0 || bytes < BATCH_BYTES); next++) {
      batch.push(files[next]!);
      bytes += files[next]!.bytes;
    }
    const contents = await read(batch);
    batch.forEach(({ path }, index) => {
      waiting.set(path, contents[index]!);
    });
  };
  return async ({ path }) => {
    while (!waiting.has(path) && next < files.length) await fetchBatch();
    const content = waiting.get(path);
    if (content === undefined) throw new Error(`${path} was not announced`);
    waiting.delete(path);
    return content;
  };
}
