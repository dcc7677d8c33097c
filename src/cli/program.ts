import { Command, Option } from "commander";
import type { Tree } from "./command-tree.js";
import type { Io, RunLine } from "./io.js";
import {
  applyEnvironment,
  clusterNameOption,
  clusterOptions,
  collect,
  decideOptions,
  duration,
  installOption,
  kubeOptions,
  namespaceOption,
  nowOption,
  outputOptions,
  planOptions,
  port,
  simulateOptions,
  waitOptions,
  whole,
} from "./options.js";
import { addOperator, addSteering } from "./program-operator.js";

/** The command tree, and the exit code of the command that ran. */
export interface Program {
  readonly command: Command;
  readonly exitCode: () => number;
}

/**
 * The command tree. A command's own module is loaded only when it runs: `validate` must not pay for the Kubernetes
 * client (DESIGN 12).
 * @param again runs a whole other command line, for the demo that shows them
 */
export function buildProgram(io: Io, again: RunLine): Program {
  let code = 0;
  const program = new Command("spiderplan")
    .description(
      "Fixed IPs of a Kubernetes underlay network from Git: every change a diff first, no address moved by accident",
    )
    .addHelpText("after", "\nEvery option can be given by environment too: --path is SPIDERPLAN_PATH.")
    .option("--version", "print the version")
    .helpCommand("help [command]", "help for a command");
  const tree: Tree = {
    io,
    add: (name, description, ...parts) => {
      const command = program.command(name).description(description);
      command.hook("preAction", () => applyEnvironment(command, io.env));
      return parts.reduce((made, part) => part(made), command);
    },
    run:
      (start) =>
      async (...given) => {
        // The last two arguments commander gives are the options and the command.
        const command = given.at(-1) as Command;
        code = await start(command.opts() as never, ...(given.slice(0, -2) as string[]));
      },
  };
  addPlanning(tree);
  addLooking(tree);
  addAsking(tree);
  addSteering(tree);
  addOperator(tree);
  addWriting(tree);
  addProgramsOwn(tree, program, again);
  return { command: program, exitCode: () => code };
}

const onlyHelp =
  "only this part and what it needs: subnet:NAME, pool:NAME, network:NS/NAME, namespace:NAME, reserved:NAME, NS/KIND/NAME (repeatable)";

/** From files to cluster. */
function addPlanning({ io, add, run }: Tree): void {
  const validating = outputOptions("text", "json", "yaml", "sarif", "junit");
  add("validate", "check the plan files, without a cluster", planOptions, validating)
    .option("--all-clusters", "check every cluster, and that clusters sharing a CIDR share no address", false)
    .action(run(async (options) => (await import("./validate.js")).validateCommand(io, options)));

  const judging = [planOptions, clusterOptions, decideOptions, nowOption] as const;
  const planning = outputOptions("text", "json", "yaml", "markdown", "manifests");
  add("plan", "show what sync would change, and what it means for running workloads", ...judging, planning)
    .option("--out <dir>", "with -o manifests: write one numbered file a step into this folder")
    .option("--detailed-exitcode", "exit 2 when there is something to change", false)
    .action(run(async (options) => (await import("./plan.js")).planCommand(io, options)));

  const diffing =
    "show the objects that would change as a unified diff, as kubectl diff does; with a PlanSync, what its operator would change";
  add("diff [plansync]", diffing, ...judging, outputOptions("text"), namespaceOption).action(
    run(async (options: never, name?: string) =>
      name === undefined
        ? (await import("./diff.js")).diffCommand(io, options)
        : (await import("./plan-sync/diff.js")).planSyncDiffCommand(io, name, options),
    ),
  );

  const syncing =
    "make the cluster what the plan says, as far as no workload loses its address; with a PlanSync, have its operator do it";
  const syncOutput = outputOptions("text", "json", "yaml");
  add("sync [plansync]", syncing, planOptions, kubeOptions, decideOptions, syncOutput, namespaceOption, waitOptions)
    .addOption(new Option("--only <name>", onlyHelp).argParser(collect).default([], "all"))
    .option("--approve <digest>", "with a PlanSync in mode manual: say yes to the plan with this digest")
    .option(
      "--break-glass <ticket>",
      "write these files although an operator keeps the install; it then leaves alone what was written",
    )
    .addOption(
      new Option("--for <time>", "with --break-glass: how long it does").argParser(duration).default(28_800_000, "8h"),
    )
    .action(
      run(async (options: never, name?: string) =>
        name === undefined
          ? (await import("./sync.js")).syncCommand(io, options)
          : (await import("./plan-sync/sync.js")).planSyncSyncCommand(io, name, options),
      ),
    );

  const locking = "choose addresses and write them into spiderplan.lock/";
  add("lock", locking, planOptions, clusterOptions, installOption, outputOptions("text", "json"))
    .option("--check", "write nothing; exit 1 when the files would change", false)
    .action(run(async (options) => (await import("./lock.js")).lockCommand(io, options)));
}

/** Questions to a cluster. */
function addLooking({ io, add, run }: Tree): void {
  const listing = "print all that spiderplan reads of a cluster as one List, for --snapshot";
  add("snapshot", listing, clusterOptions, outputOptions("json", "yaml")).action(
    run(async (options) => (await import("./snapshot.js")).snapshotCommand(io, options)),
  );

  const explaining = "say which pools a workload or Pod may use on each NIC, and why not the others";
  add("explain <target>", explaining, clusterOptions, outputOptions("text", "json", "yaml"))
    .option("--path <dir>", "folder of a plan that tells of Spiderpool's settings")
    .addOption(clusterNameOption("which cluster that plan is for"))
    .option("--interface <name>", "only this NIC")
    .option("--node <name>", "as if the Pod were scheduled to this node")
    .action(run(async (options, target) => (await import("./explain.js")).explainCommand(io, target!, options)));

  const showing =
    "show who has which address: workload, NIC, pool, address, Pod, node; with a PlanSync, what its operator found";
  add("status [plansync]", showing, clusterOptions, outputOptions("text", "wide", "json", "yaml", "csv"))
    .option("-n, --namespace <name>", "only workloads of this namespace; with a PlanSync, its namespace")
    .option("--pool <name>", "only this pool")
    .option("--node <name>", "only Pods on this node")
    .option("--workload <name>", "only this workload: name, Kind/name or namespace/Kind/name")
    .action(
      run(async (options: never, name?: string) =>
        name === undefined
          ? (await import("./status.js")).statusCommand(io, options)
          : (await import("./plan-sync/switch.js")).planSyncStatusCommand(io, name, options),
      ),
    );
}

/** What if, who, where. */
function addAsking({ io, add, run }: Tree): void {
  const stating = (command: Command) =>
    command
      .option("--path <dir>", "folder of a plan that tells of Spiderpool's settings")
      .addOption(clusterNameOption("which cluster that plan is for"));
  const simulating = "say who would get which address, and who none, after drains, failures, scaling and restarts";
  add("simulate", simulating, clusterOptions, stating, simulateOptions, outputOptions("text", "json", "yaml")).action(
    run(async (options) => (await import("./simulate.js")).simulateCommand(io, options)),
  );

  const formats = outputOptions("text", "json", "yaml");
  const asking = "say who has an address, or which addresses an owner has, and which source says so";
  add("who-has [address-or-owner]", asking, clusterOptions, formats)
    .option("--path <dir>", "folder of a plan: it and its lock are asked too")
    .addOption(clusterNameOption("which cluster that plan is for"))
    .option("--meta <key=value>", "everything that carries this mark of the plan")
    .action(run(async (options, asked) => (await import("./who-has.js")).whoHasCommand(io, asked, options)));

  const looking = "say who had an address in the past, by the operator's ledger, and what of it is proof";
  add("who-had <address>", looking, formats)
    .option("--at <time>", "when: 2026-11-22T04:00:00Z, or a date for all of that day; UTC without a zone")
    .option("--ledger <dir>", "folder of the ledger's files")
    .action(run(async (options, asked) => (await import("./who-had.js")).whoHadCommand(io, asked!, options)));

  const planned = [planOptions, clusterOptions, installOption, formats] as const;
  add("free [subnet]", "show which addresses nobody holds, wants, uses or reserves", ...planned)
    .addOption(new Option("--count <n>", "say which so many would be given; exit 1 when none").argParser(whole))
    .option("--contiguous", "with --count: all in one run", false)
    .action(run(async (options, subnet) => (await import("./free.js")).freeCommand(io, subnet, options)));

  const waiting = "wait until a workload's planned pools are there, for an Argo CD PreSync hook";
  add("wait <workload>", waiting, ...planned)
    .addOption(new Option("--timeout <time>", "how long: 90s, 5m, 1h").argParser(duration).default(300_000, "5m"))
    .action(run(async (options, workload) => (await import("./wait.js")).waitCommand(io, workload!, options)));
}

/** Text for other files: what an app's manifests must say, new plan documents. */
function addWriting({ io, add, run }: Tree): void {
  const annotating = "print the Pod-template annotations a workload needs, or check rendered manifests for them";
  const formats = outputOptions("text", "json", "yaml");
  add("annotations [workload]", annotating, planOptions, clusterOptions, installOption, formats)
    .option("--check <dir>", "judge the manifests in this folder, or - for stdin; exit 1 when one differs")
    .action(
      run(async (options, workload) => (await import("./annotations.js")).annotationsCommand(io, workload, options)),
    );

  add("new <type> <name>", "write the YAML of a new workload: new workload default/Deployment/app")
    .option("--path <file>", "write into this new file, or a new file in this folder, in place of stdout")
    .option("--interface <nic>", "name of the NIC", "eth0")
    .option("--subnet <name...>", "subnets of the plan to take fixed addresses from")
    .option("--pool <name...>", "pools of the plan to use in place of fixed addresses")
    .option("--network <namespace/name>", "the Multus network of the NIC")
    .option("--replicas <n>", "upper bound of replicas")
    .option("--elastic <n>", "addresses beyond replicas, for rollouts; auto when left out")
    .option("--pods <key=value...>", "labels of its Pods; needed where the kind has no selector, as a Job")
    .action(run(async (options, type, name) => (await import("./new.js")).newCommand(io, type!, name!, options)));
}

/** About the program itself. */
function addProgramsOwn({ io, add, run }: Tree, program: Command, again: RunLine): void {
  add("demo", "tell the story on an embedded cluster, in under half a minute")
    .option("--keep", "leave the cluster running until interrupted, for kubectl to look at", false)
    .addOption(new Option("--port <n>", "port of the embedded cluster; a free one by default").argParser(port))
    .action(run(async (options) => (await import("./demo.js")).demoCommand(io, options, again)));

  add("completion <shell>", "print completions for bash, zsh or fish").action(
    run(async (_, shell) => (await import("./completion.js")).completionCommand(io, shell!, program)),
  );

  add("version", "print the version", outputOptions("text", "json")).action(
    run(async (options) => (await import("./version.js")).versionCommand(io, options)),
  );
}
