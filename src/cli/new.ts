import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createFile } from "../adapters/files/safe-files.js";
import type { NetworkPlan } from "../core/plan/plan.generated.js";
import { mustState } from "../core/plan/read-workloads.js";
import { CliError, type Io } from "./io.js";
import { serialize } from "./serialize.js";

export interface NewOptions {
  readonly path?: string;
  readonly interface: string;
  readonly subnet?: readonly string[];
  readonly pool?: readonly string[];
  readonly network?: string;
  readonly replicas?: string;
  readonly elastic?: string;
  readonly pods?: readonly string[];
}

/** `spiderplan new workload default/Deployment/app ...`: writes the plan document of a workload; asks nothing. */
export async function newCommand(io: Io, type: string, name: string, options: NewOptions): Promise<number> {
  if (type !== "workload")
    throw new CliError(`there is nothing called "${type}" to make; write: spiderplan new workload NAME`);
  const file = options.path === undefined ? undefined : await target(resolve(io.cwd, options.path), name);
  const schema = await schemaLocation(io, file);
  const text = `# yaml-language-server: $schema=${schema}\n${serialize(workloadDocument(name, options), "yaml")}`;
  if (file === undefined) io.stdout.write(text);
  else await writeNew(io, file, text);
  return 0;
}

async function writeNew(io: Io, file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await createFile(file, text).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new CliError(`${file} is there already and is left as it is; name another file with --path`);
  });
  io.stdout.write(`${file}\n`);
}

function workloadDocument(name: string, options: NewOptions): NetworkPlan {
  if (!/^[^/\s]+\/[^/\s]+\/[^/\s]+$/.test(name)) {
    throw new CliError(`"${name}" is no workload; write namespace/Kind/name, e.g. default/Deployment/app`);
  }
  const kind = name.split("/")[1]!;
  const must = mustState(kind);
  if (must.pods && options.pods === undefined) {
    throw new CliError(`a ${kind} has no selector to read: say by labels which its Pods are, --pods key=value`);
  }
  const labels =
    options.pods === undefined ? {} : { pods: { labels: Object.fromEntries(options.pods.map(keyAndValue)) } };
  const replicas = whole("--replicas", options.replicas);
  if (must.replicas && options.subnet !== undefined && replicas === undefined) {
    throw new CliError(`a ${kind} has no replicas to read: say how many Pods run at once at most, --replicas N`);
  }
  return {
    apiVersion: "spiderplan.io/v1alpha1",
    kind: "NetworkPlan",
    spec: {
      workloads: {
        [name]: {
          ...(replicas === undefined ? {} : { replicas }),
          ...labels,
          interfaces: {
            [options.interface]: {
              ...(options.network === undefined ? {} : { network: options.network }),
              ...addresses(options),
            },
          },
        },
      },
    },
  };
}

function addresses(options: NewOptions): object {
  const elastic = options.elastic === "auto" ? undefined : whole("--elastic", options.elastic);
  if (options.subnet !== undefined && options.pool !== undefined)
    throw new CliError("give --subnet or --pool, not both");
  if (options.subnet !== undefined) {
    return { fixed: { subnets: [...options.subnet], ...(elastic === undefined ? {} : { elastic }) } };
  }
  if (options.elastic !== undefined) throw new CliError("--elastic needs --subnet: only fixed addresses have spares");
  return options.pool === undefined ? { defaultPools: true } : { pools: [...options.pool] };
}

function keyAndValue(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new CliError(`"${text}" is no label; write key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function whole(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new CliError(`${flag} is "${text}"; give a whole number`);
  return Number(text);
}

/** A folder gets a file named after the workload. */
async function target(path: string, name: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ? join(path, `${name.toLowerCase().replaceAll("/", "-")}.yaml`) : path;
}

/** The schema beside the file where it lies in the same tree, so that editors need no network; else its name. */
async function schemaLocation(io: Io, file: string | undefined): Promise<string> {
  const schema = fileURLToPath(new URL("../../schema/network-plan.schema.json", import.meta.url));
  if (!relative(io.cwd, schema).startsWith("..")) {
    return relative(file === undefined ? io.cwd : dirname(file), schema).replaceAll("\\", "/");
  }
  return (JSON.parse(await readFile(schema, "utf8")) as { $id: string }).$id;
}
