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
  readonly webhookSecrets: string;
  /** For Node itself: `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** `spiderplan operator` as a process of its own, as `npm run build` made it. */
export interface OperatorProcess {
  readonly pid: number;
  /** Where it takes webhooks. */
  readonly url: string;
  /** Where it is probed. */
  readonly probes: string;
  /** The last lines of its log, and what it says on stderr. */
  readonly log: readonly string[];
  /** How it ended, if it did. */
  readonly ended: () => string | undefined;
  /** Sends a signal and waits until it has gone. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

const KEPT_LINES = 2_000;

/** Starts one; resolves when it serves, rejects when it ends before. */
export async function startOperatorProcess(options: OperatorProcessOptions): Promise<OperatorProcess> {
  const { kubeconfig, namespace, dataDir, webhookSecrets, nodeArgs = [], env = process.env } = options;
  const child = spawn(
    process.execPath,
    [
      ...nodeArgs,
      ...[join(PROJECT, "dist/cli/main.js"), "operator", "--kubeconfig", kubeconfig, "--namespace", namespace],
      ...[
        "--data-dir",
        dataDir,
        "--webhook-secrets",
        webhookSecrets,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--probe-port",
        "0",
      ],
    ],
    { stdio: ["ignore", "pipe", "pipe"], env },
  );
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void gone.then(() => process.removeListener("exit", kill));
  const log: string[] = [];
  const { url, probes } = await serving(child, log, gone);
  return {
    pid: child.pid!,
    url,
    probes,
    log,
    ended: () => (child.exitCode === null && child.signalCode === null ? undefined : ending(child)),
    end: async (signal) => {
      child.kill(signal);
      await gone;
    },
  };
}

async function serving(
  child: ChildProcess,
  log: string[],
  gone: Promise<void>,
): Promise<{ url: string; probes: string }> {
  const keep = (line: string) => {
    log.push(line);
    if (log.length > KEPT_LINES) log.shift();
  };
  createInterface(child.stderr!).on("line", keep);
  const urls = new Promise<{ url: string; probes: string }>((resolve) => {
    createInterface(child.stdout!).on("line", (line) => {
      keep(line);
      if (line.includes("serving webhooks")) resolve(JSON.parse(line));
    });
  });
  const early = gone.then(() => {
    throw new Error(`the operator ended (${ending(child)}) before it served:\n${log.join("\n")}`);
  });
  return Promise.race([urls, early]);
}

function ending(child: ChildProcess): string {
  return child.signalCode ?? `exit ${child.exitCode}`;
}
