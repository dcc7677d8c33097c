import { readFile } from "node:fs/promises";
import type { Io } from "./io.js";

/** This program's version, from its package.json; `src` and `dist` lie equally deep. */
export async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** `spiderplan version` */
export async function versionCommand(io: Io, options: { readonly output: string }): Promise<number> {
  const current = await version();
  io.stdout.write(
    options.output === "json"
      ? `${JSON.stringify({ version: current, node: process.version }, null, 2)}\n`
      : `spiderplan ${current}\n`,
  );
  return 0;
}
