import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PROJECT } from "../cli.js";

export interface OperatorProcessOptions {
  readonly kubeconfig: string;
  /** Its own namespace. */
  readonly namespace: string;
  readonly dataDir: string;
  /** Folder with one file a forge, a secret on each line. */
  readonly webhookSecrets?: string;
  /** Its name as a Pod, the start of its identity. */
  readonly name?: string;
  /** For Node itself: `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** `spiderplan operator` as a process of its own, as `npm run build` made it. */
export interface SpawnedOperator {
  readonly pid: number;
  /** The last lines of its log, one JSON text each, and what it says on stderr. */
  readonly log: readonly string[];
  /** How it ended, if it did: its exit code, or the signal it died of. */
  readonly ended: () => string | undefined;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with how it ended once it has. */
  readonly gone: Promise<string>;
}

export interface OperatorProcess extends SpawnedOperator {
  /** Where it takes webhooks. */
  readonly url: string;
  /** Where it is probed. */
  readonly probes: string;
  /** Sends a signal and waits until it has gone. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

const KEPT_LINES = 2_000;

/** Starts one; resolves when it serves, rejects when it ends before. */
export async function startOperatorProcess(options: OperatorProcessOptions): Promise<OperatorProcess> {
  let onServing: (urls: { url: string; probes: string }) => void = () => {};
  const serving = new Promise<{ url: string; probes: string }>((resolve) => {
    onServing = resolve;
  });
  const spawned = spawnOperator(options, (line) => {
    if (line.includes("serving webhooks")) onServing(JSON.parse(line));
  });
  const early = spawned.gone.then((how) => {
    throw new Error(`the operator ended (${how}) before it served:\n${spawned.log.join("\n")}`);
  });
  const { url, probes } = await Promise.race([serving, early]);
  return {
    ...spawned,
    url,
    probes,
    end: async (signal) => {
      spawned.signal(signal);
      await spawned.gone;
    },
  };
}

/** Starts one, and does not wait for it; whoever starts it ends it. */
export function spawnOperator(
  { kubeconfig, namespace, dataDir, webhookSecrets, name, nodeArgs = [], env = process.env }: OperatorProcessOptions,
  onLine: (line: string) => void = () => {},
): SpawnedOperator {
  const flags = {
    kubeconfig,
    namespace,
    "data-dir": dataDir,
    ...(webhookSecrets !== undefined && { "webhook-secrets": webhookSecrets }),
    host: "127.0.0.1",
    port: "0",
    "probe-port": "0",
    "log-format": "json",
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const child = spawn(process.execPath, [...nodeArgs, join(PROJECT, "dist/cli/main.js"), "operator", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...env, ...(name !== undefined && { POD_NAME: name }) },
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const gone = new Promise<string>((resolve) => child.once("exit", () => resolve(ending(child))));
  void gone.then(() => process.removeListener("exit", kill));
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      log.push(line);
      if (log.length > KEPT_LINES) log.shift();
      onLine(line);
    });
  }
  return {
    pid: child.pid!,
    log,
    ended: () => (child.exitCode === null && child.signalCode === null ? undefined : ending(child)),
    signal: (signal) => void child.kill(signal),
    gone,
  };
}

function ending(child: ChildProcess): string {
  return child.signalCode ?? `${child.exitCode}`;
}
