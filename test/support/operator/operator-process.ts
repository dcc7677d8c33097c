import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { PROJECT } from "../cli.js";

/** `spiderplan operator` as a process of its own. */
export interface OperatorProcess {
  readonly child: ChildProcess;
  /** Its log so far, one JSON text a line. */
  readonly log: readonly string[];
  signal(signal: NodeJS.Signals): void;
  /** Resolves with its exit code, or the signal it died of. */
  readonly ended: Promise<string>;
}

/** Starts one (dist must have been built); whoever starts it ends it. */
export function startOperatorProcess(options: {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly dataDir: string;
  /** Its name as a Pod, the start of its identity. */
  readonly name?: string;
}): OperatorProcess {
  const { kubeconfig, namespace, dataDir, name = "operator" } = options;
  const args = [join(PROJECT, "dist/cli/main.js"), "operator", "--kubeconfig", kubeconfig, "--namespace", namespace];
  const serving = [
    "--data-dir",
    dataDir,
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--probe-port",
    "0",
    "--log-format",
    "json",
  ];
  const child = spawn(process.execPath, [...args, ...serving], {
    env: { PATH: process.env.PATH, POD_NAME: name },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      log.push(...lines);
    });
  }
  const ended = new Promise<string>((resolve) => child.once("exit", (code, by) => resolve(by ?? `${code}`)));
  void ended.then(() => process.removeListener("exit", kill));
  return { child, log, signal: (signal) => void child.kill(signal), ended };
}
