import { Option } from "commander";
import type { Tree } from "./command-tree.js";
import { kubeOptions, namespaceOption, outputOptions, port, waitOptions } from "./options.js";

/** Running the operator. */
export function addOperator({ io, add, run }: Tree): void {
  add("operator", "follow the PlanSyncs of a cluster: keep it at what Git says", kubeOptions)
    .option(
      "--namespace <name>",
      "the operator's own namespace, where replicas agree on who works",
      io.env.POD_NAMESPACE ?? "spiderplan-system",
    )
    .option("--spiderpool-namespace <name>", "where Spiderpool runs", "kube-system")
    .option("--data-dir <dir>", "folder for local copies of repositories", "/data")
    .option("--host <address>", "address to serve webhooks, metrics and probes on", "0.0.0.0")
    .addOption(new Option("--port <n>", "port for webhooks").argParser(port).default(8080))
    .addOption(new Option("--probe-port <n>", "port for probes and metrics").argParser(port).default(8081))
    .option("--webhook-secrets <dir>", "folder with one file a forge (github, gitlab, ...), a secret on each line")
    .option("--ledger <dir>", "folder for the ledger of who had which address, or stdout", "stdout")
    .addOption(
      new Option("--log-level <level>", "what to log").choices(["debug", "info", "warn", "error"]).default("info"),
    )
    .addOption(new Option("--log-format <format>", "how to log").choices(["json", "text"]).default("json"))
    .option("--allow-insecure-git", "follow http:// and file:// repositories too", false)
    .action(run(async (options) => (await import("./operator.js")).operatorCommand(io, options)));
}

/** Steering the operator; everything is an annotation of a PlanSync. */
export function addSteering({ io, add, run }: Tree): void {
  const at = [kubeOptions, namespaceOption] as const;
  const switches = () => import("./plan-sync/switch.js");
  add(
    "reconcile <plansync>",
    "have the operator look at repository and cluster now, and go on from there",
    ...at,
    waitOptions,
  ).action(run(async (options, name) => (await switches()).reconcileCommand(io, name!, options)));
  add("suspend <plansync>", "have the operator plan and tell, but write nothing, until resume", ...at).action(
    run(async (options, name) => (await switches()).suspendCommand(io, name!, options)),
  );
  add("resume <plansync>", "end a suspension or a rollback", ...at, waitOptions).action(
    run(async (options, name) => (await switches()).resumeCommand(io, name!, options)),
  );
  const returning = "hold a PlanSync at an earlier commit, under the same guards, until resume";
  add("rollback <plansync> [revision]", returning, ...at, waitOptions).action(
    run(async (options, name, revision) => (await switches()).rollbackCommand(io, name!, revision, options)),
  );
  const remembering = "show the syncs of a PlanSync, newest first";
  add("history <plansync>", remembering, ...at, outputOptions("text", "json", "yaml")).action(
    run(async (options, name) => (await switches()).historyCommand(io, name!, options)),
  );
}
