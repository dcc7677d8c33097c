import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "./io.js";

/** Where the plan is. */
export interface PlanOptions {
  readonly path: string;
  readonly cluster?: string;
}

/** Where the cluster is: files in its place, or a kubeconfig. */
export interface ClusterOptions {
  readonly snapshot: readonly string[];
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** What a run that decides may do. */
export interface DecideOptions extends PlanOptions, ClusterOptions {
  readonly install: string;
  /** Milliseconds since 1970. */
  readonly now?: number;
  readonly prune: boolean;
  readonly pruneBudget?: number;
  readonly atomic: boolean;
}

/** How a command prints. */
export interface OutputOptions {
  readonly output: string;
  readonly color: ColorChoice;
}

export type ColorChoice = "auto" | "always" | "never";

/** Adds `--path` and `--cluster`. */
export function planOptions(command: Command): Command {
  return command
    .addOption(new Option("--path <dir>", "folder of the plan files").default("."))
    .addOption(clusterNameOption("which cluster the plan is for; required where documents have `clusters`"));
}

/** The option `--cluster`. */
export function clusterNameOption(description: string): Option {
  return new Option("--cluster <name>", description).argParser((text: string) => {
    // An empty variable in a script must not turn into "no cluster".
    if (text.trim() === "") throw new InvalidArgumentError("give the cluster's name, or leave the option out");
    return text;
  });
}

/** Adds `--kubeconfig` and `--context`. */
export function kubeOptions(command: Command): Command {
  return command
    .addOption(new Option("--kubeconfig <file>", "kubeconfig in place of $KUBECONFIG and ~/.kube/config"))
    .addOption(new Option("--context <name>", "context of the kubeconfig"));
}

/** Adds `--snapshot`, `--kubeconfig` and `--context`. */
export function clusterOptions(command: Command): Command {
  return kubeOptions(
    command.addOption(
      new Option("--snapshot <file>", "judge against this List in place of a cluster, - for stdin (repeatable)")
        .argParser(collect)
        .default([], "none"),
    ),
  );
}

/** Adds `--install`. */
export function installOption(command: Command): Command {
  return command.addOption(
    new Option("--install <name>", "who writes; other installs' objects are left alone")
      .argParser(install)
      .default("default"),
  );
}

/** Adds `-n`. */
export function namespaceOption(command: Command): Command {
  return command.option("-n, --namespace <name>", "namespace of the PlanSync; needed where several have the name");
}

/** Adds `--no-wait` and `--timeout`, for what an operator is asked to do. */
export function waitOptions(command: Command): Command {
  return command
    .option("--no-wait", "only ask the operator, do not wait for what comes of it")
    .addOption(
      new Option("--timeout <time>", "how long to wait for it: 90s, 5m").argParser(duration).default(300_000, "5m"),
    );
}

/** Adds `--now`, for commands that write nothing to a cluster: a time ahead would end quarantines (FIXED-2). */
export function nowOption(command: Command): Command {
  return command.addOption(
    new Option("--now <rfc3339>", "the time to judge by, in place of this machine's clock").argParser(instant),
  );
}

/** Adds `--install`, `--no-prune`, `--prune-budget` and `--atomic`. */
export function decideOptions(command: Command): Command {
  return installOption(command)
    .addOption(new Option("--no-prune", "delete nothing"))
    .addOption(
      new Option("--prune-budget <n>", "how many deletes are allowed, in place of the plan's budget").argParser(whole),
    )
    .addOption(new Option("--atomic", "one blocked step blocks all").default(false));
}

/** Adds the events of `simulate`; each but `--restart` may be repeated. */
export function simulateOptions(command: Command): Command {
  const many = (flags: string, description: string) =>
    new Option(flags, description).argParser(collect).default([], "none");
  return command
    .addOption(many("--drain <node>", "evict the Pods of this node (repeatable)"))
    .addOption(new Option("--fail-nodes <selector>", "these nodes fail: label selector as kubectl takes it"))
    .addOption(many("--scale <owner=n>", "give a workload this many Pods: default/Deployment/app=5 (repeatable)"))
    .addOption(many("--rollout <owner>", "replace all Pods of a workload at its own pace (repeatable)"))
    .addOption(new Option("--restart <who>", "stop everything, then start it again").choices(["all"]));
}

/** Adds `-o` with the formats a command knows, the first being the default, and `--color`. */
export function outputOptions(...formats: readonly [string, ...string[]]): (command: Command) => Command {
  return (command) =>
    command
      .addOption(new Option("-o, --output <format>", "how to print").choices(formats).default(formats[0]))
      .addOption(new Option("--color <when>", "colour").choices(["auto", "always", "never"]).default("auto"));
}

/** Whether to paint: on a terminal without NO_COLOR, or as told. */
export function wantsColor(
  choice: ColorChoice,
  io: { isTTY: boolean; env: Readonly<Record<string, string | undefined>> },
): boolean {
  if (choice !== "auto") return choice === "always";
  return io.isTTY && !io.env.NO_COLOR && io.env.TERM !== "dumb";
}

/** The environment variable of an option: `--prune-budget` is SPIDERPLAN_PRUNE_BUDGET. */
export function environmentName(option: Option): string {
  return `SPIDERPLAN_${(option.long ?? "").slice(2).replaceAll("-", "_").toUpperCase()}`;
}

/**
 * Takes options that the command line leaves out from the environment. Commander's own way reads the process'
 * environment, which tests and embedders must be able to replace.
 */
export function applyEnvironment(command: Command, env: Readonly<Record<string, string | undefined>>): void {
  for (const option of command.options) {
    const name = environmentName(option);
    const text = env[name];
    if (!text || command.getOptionValueSource(option.attributeName()) === "cli") continue;
    command.setOptionValueWithSource(option.attributeName(), environmentValue(option, name, text), "env");
  }
}

function environmentValue(option: Option, name: string, text: string): unknown {
  if (!option.required && !option.optional) {
    const truth = new Map([
      ["1", true],
      ["true", true],
      ["yes", true],
      ["0", false],
      ["false", false],
      ["no", false],
    ]).get(text.toLowerCase());
    if (truth === undefined) throw new CliError(`${name} is "${text}"; give true or false`);
    return option.negate ? !truth : truth;
  }
  if (option.variadic) return text.split(",").filter((part) => part !== "");
  if (option.parseArg === undefined) return text;
  try {
    return option.parseArg(text, undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new CliError(`${name} is "${text}": ${error.message}`);
  }
}

/** A comma parts several files, so that one environment variable can hold them all. */
export function collect(text: string, previous: unknown): string[] {
  const before = Array.isArray(previous) ? (previous as string[]) : [];
  return [...before, ...text.split(",").filter((part) => part !== "")];
}

/** Reads a count. */
export function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("give a whole number, 0 or more");
  return Number(text);
}

/** Reads a TCP port; 0 is a free one. */
export function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError("give a port, 0 to 65535");
  return Number(text);
}

/** Reads `90s`, `5m`, `1h`, or a number of seconds, as milliseconds. */
export function duration(text: string): number {
  const match = /^(\d{1,6})([smh]?)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("give a time like 90s, 5m or 1h");
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, "": 1_000 }[match[2]!]!;
  return Number(match[1]) * unit;
}

function instant(text: string): number {
  const shape = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
  const time = shape.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError("give a time like 2026-11-22T04:00:00Z");
  return time;
}

/** A tracking id is `<install>:...`, so a colon would make it ambiguous (DESIGN 4). */
function install(text: string): string {
  if (!/^[A-Za-z0-9]([A-Za-z0-9._/-]{0,250}[A-Za-z0-9])?$/.test(text)) {
    throw new InvalidArgumentError("give letters, digits, dots, dashes and slashes");
  }
  return text;
}
