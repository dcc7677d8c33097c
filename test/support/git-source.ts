import { onTestFinished } from "vitest";
import { type GitSourceOptions, openSourceRepository } from "../../src/adapters/git/source-repository.js";
import { SourceError, type SourceErrorReason } from "../../src/core/source-error.js";
import type { SourceCredentials, SourceRef, SourceRepository, SourceSpec } from "../../src/ports/source-repository.js";
import { type GitServer, type GitServerOptions, startGitServer } from "./git-server.js";
import { workspace } from "./workspace.js";

/** A Git server that ends with the test. */
export async function gitServer(options?: GitServerOptions): Promise<GitServer> {
  const server = await startGitServer(options);
  onTestFinished(() => server.close());
  return server;
}

/** The Git source with a folder of its own; PATH is all it gets of our environment. */
export function gitSource(options: Partial<GitSourceOptions> = {}): { source: SourceRepository; dataDir: string } {
  const dataDir = options.dataDir ?? workspace();
  return { dataDir, source: openSourceRepository({ env: { PATH: process.env.PATH }, ...options, dataDir }) };
}

/** What is followed: main at the root unless told otherwise. */
export function follow(
  repoURL: string,
  credentials: SourceCredentials,
  {
    ref = { branch: "main" },
    ...more
  }: Partial<Omit<SourceSpec, "repoURL" | "credentials">> & { ref?: SourceRef } = {},
): SourceSpec {
  return { repoURL, credentials, ref, path: "", timeout: 20_000, ...more };
}

/** Resolves and reads at once, as the operator does. */
export async function readNow(source: SourceRepository, spec: SourceSpec) {
  return source.read(spec, await source.resolve(spec));
}

/** The failure of an operation that must fail. */
export async function failureOf(operation: Promise<unknown>): Promise<SourceError> {
  const error = await operation.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (error instanceof SourceError) return error;
  throw new Error(`expected a SourceError, got ${error instanceof Error ? error.stack : String(error)}`);
}

/** Reason and message in one text, for tables. */
export async function toldOf(operation: Promise<unknown>): Promise<`${SourceErrorReason}: ${string}`> {
  const { reason, message } = await failureOf(operation);
  return `${reason}: ${message}`;
}
