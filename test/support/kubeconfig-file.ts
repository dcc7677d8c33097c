import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Writes a kubeconfig of one context named `test` into a folder of its own and returns the file. */
export function kubeconfigFile(
  server: string,
  options: { user?: object; cluster?: object; context?: string; folder?: string; file?: string } = {},
): string {
  const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), "spiderplan-kubeconfig-"));
  const file = path.join(folder, options.file ?? "config");
  const context = options.context ?? "test";
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": context,
    clusters: [{ name: `${context}-cluster`, cluster: { server, ...options.cluster } }],
    users: [{ name: `${context}-user`, user: options.user ?? {} }],
    contexts: [{ name: context, context: { cluster: `${context}-cluster`, user: `${context}-user` } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
