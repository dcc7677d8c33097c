import { stringifyYaml } from "../../../src/adapters/plan-files/yaml.js";
import type { PlanRun } from "../../../src/app/plan-run.js";
import type { NetworkPlanSpec } from "../../../src/core/plan/plan.generated.js";
import type { SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { heldBy } from "./agent.js";
import { endpointsOf, type Objects, poolsOf, recordsOf, reservedOf } from "./objects.js";

/** What happened in a world, for people: told only when something broke. */
export class Story {
  readonly #lines: string[] = [];
  readonly #plans: { name: string; spec: NetworkPlanSpec }[] = [];
  #before = "";
  #outcome = "";

  say(line: string): void {
    this.#lines.push(line);
  }

  plan(name: string, spec: NetworkPlanSpec): void {
    this.#plans.push({ name, spec });
  }

  cluster(objects: Objects): void {
    this.#before = short(objects);
  }

  outcome(run: PlanRun, writes: readonly string[]): void {
    const { outcome } = run.decided ?? {};
    const steps = (outcome?.steps ?? []).map(
      (step) =>
        `  ${step.wave} ${step.action} ${step.kind.kind} ${step.name}: ${step.changes.join("; ")}${step.blocked ? ` [${step.blocked.type}: ${step.blocked.message}]` : ""}`,
    );
    const notes = run.diagnostics.map((one) => `  ${one.code} ${one.severity} ${one.message}`);
    const entries = (["moves", "strands", "released"] as const).flatMap((effect) =>
      (outcome?.verdict[effect] ?? []).map(
        (one) => `  ${effect} ${one.pod} ${one.interface} ${one.address}: ${one.reasons.join("; ")}`,
      ),
    );
    this.#outcome = [
      "steps:",
      ...steps,
      "verdict:",
      ...entries,
      "diagnostics:",
      ...notes,
      "writes:",
      ...writes.map((one) => `  ${one}`),
    ].join("\n");
    this.#lines.push(
      `sync: ${outcome === undefined ? `refused (${run.diagnostics[0]?.message})` : `${writes.length} writes`}`,
    );
  }

  told(objects: Objects): string {
    const last = this.#plans.at(-1);
    const before = this.#plans.filter(({ name }) => name === last?.name).at(-2);
    return [
      "## what happened",
      ...this.#lines.map((line) => `- ${line}`),
      ...(before === undefined ? [] : ["## plan before", stringifyYaml(before.spec)]),
      ...(last === undefined ? [] : [`## plan of ${last.name}`, stringifyYaml(last.spec)]),
      "## cluster before the sync",
      this.#before,
      "## decision",
      this.#outcome,
      "## cluster now",
      short(objects),
    ].join("\n");
  }
}

/** The live objects, a line each. */
export function short(objects: Objects): string {
  const pools = [...poolsOf(objects)].sort().map(([name, pool]) => `  pool ${name}: ${poolText(pool)}`);
  const reserved = [...reservedOf(objects)]
    .sort()
    .map(([name, one]) => `  reserved ${name}: ${one.spec.ips?.join(",")}`);
  const subnets = [...objects.all("SpiderSubnet")]
    .sort()
    .map(([name, one]) => `  subnet ${name}: ${JSON.stringify(one.spec)}`);
  const namespaces = [...objects.all("Namespace")]
    .filter(([, one]) => one.metadata.annotations !== undefined)
    .map(([name, one]) => `  namespace ${name}: ${JSON.stringify(one.metadata.annotations)}`);
  const networks = [...objects.all("SpiderMultusConfig")].map(
    ([name, one]) =>
      `  network ${name}: ${JSON.stringify((one.spec as { macvlan?: { ippools?: object } }).macvlan?.ippools ?? {})}`,
  );
  const nodes = [...objects.all("Node")].map(([name, one]) => `${name} ${one.metadata.labels?.zone}`);
  const workloads = ["Deployment", "StatefulSet"].flatMap((kind) =>
    [...objects.all(kind)].map(([name, one]) => {
      const { replicas, template } = one.spec as { replicas: number; template: { metadata: object } };
      return `  ${kind} ${name} x${replicas}: ${JSON.stringify(template.metadata)}`;
    }),
  );
  const pods = [...objects.all("Pod")].map(([name, pod]) => {
    const held = heldBy(endpointsOf(objects).get(name)).map(({ nic, address, pool }) => `${nic} ${address} of ${pool}`);
    return `  pod ${name} on ${(pod.spec as { nodeName: string }).nodeName}: ${held.join(", ") || "waits"}`;
  });
  return [
    ...subnets,
    ...pools,
    ...reserved,
    ...namespaces,
    ...networks,
    `  nodes: ${nodes.join(", ")}`,
    ...workloads,
    ...pods,
  ].join("\n");
}

function poolText(pool: SpiderIPPool): string {
  const { subnet, ips = [], ipVersion: _v, gateway: _g, default: isDefault, disable, routes: _r, ...rest } = pool.spec;
  const used = Object.entries(recordsOf(pool)).map(([address, { pod }]) => `${address}=${pod}`);
  const flags = [
    isDefault ? "default" : "",
    disable ? "disabled" : "",
    pool.metadata.deletionTimestamp ? "terminating" : "",
  ].filter(Boolean);
  return `${subnet} [${ips.join(",")}] ${JSON.stringify(rest)} ${flags.join(" ")} used: ${used.join(" ")}`;
}
