import { mutate, type Request, validate, type World } from "../../src/core/spiderpool/admission/admit.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";

/** One line of a case file: a write with its verdict, or (`in`, `out`) what the mutating step makes of an object. */
export interface Case {
  readonly id: string;
  readonly kind?: string;
  readonly op?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly existing?: readonly KubeObject[];
  readonly old?: KubeObject | null;
  readonly new?: KubeObject | null;
  readonly stage?: string;
  readonly accept?: boolean;
  readonly acceptAfterMutation?: boolean;
  readonly in?: KubeObject;
  readonly out?: KubeObject;
}

/** Reads one line; throws with the reason if it is no case. */
export function parseCase(line: string): Case {
  const value = JSON.parse(line) as Case | null;
  if (typeof value !== "object" || value === null || typeof value.id !== "string") throw new Error("not a case");
  const admission = typeof value.accept === "boolean" && typeof value.op === "string" && (value.new ?? value.old);
  if (!admission && !(value.in && value.out)) throw new Error(`${value.id}: neither op/new/accept nor in/out`);
  return value;
}

/** Where the model differs from the case; empty if it agrees. */
export function judgeCase(item: Case): string[] {
  const facts = { ...CHART_DEFAULTS, ...item.config };
  const world = worldOf(item.existing ?? []);
  if (item.in && item.out) {
    const actual = mutate({ operation: "CREATE", object: item.in }, world, facts);
    const [expected, got] = [plain(item.out), plain(actual)].map((object) => JSON.stringify(object));
    return expected === got ? [] : [`expected ${expected}, got ${got}`];
  }
  const request = requestOf(item);
  const alone = () => validate(request, world, facts);
  const whole = () => validate({ ...request, object: mutate(request, world, facts) }, world, facts);
  const differences: string[] = [];
  const compare = (what: string, expected: boolean | undefined, verdict: typeof alone) => {
    if (typeof expected !== "boolean") return;
    const denial = verdict();
    if ((denial === undefined) === expected) return;
    differences.push(`${what}: expected ${expected ? "accept" : "reject"}, got ${denial?.message ?? "accept"}`);
  };
  compare(item.stage ?? "validate", item.accept, item.stage === "mutate+validate" ? whole : alone);
  compare("mutate+validate", item.acceptAfterMutation, whole);
  return differences;
}

/** The result of a run over the texts of case files. */
export interface CasesResult {
  readonly agree: number;
  /** One line for each case that disagrees. */
  readonly disagreements: readonly string[];
}

/** Judges every line of a case file's text. */
export function judgeCases(text: string): CasesResult {
  const disagreements: string[] = [];
  let agree = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const item = parseCase(line);
    const differences = judgeCase(item);
    if (differences.length === 0) agree++;
    else disagreements.push(`${item.id}: ${differences.join("; ")}`);
  }
  return { agree, disagreements };
}

/** A world of these stored objects. */
export function worldOf(objects: readonly KubeObject[]): World {
  const of = <T extends KubeObject>(kind: string) =>
    new Map(objects.filter((object) => object.kind === kind).map((object) => [keyOf(object), object as T]));
  return {
    pools: of("SpiderIPPool"),
    subnets: of("SpiderSubnet"),
    reserved: of("SpiderReservedIP"),
    multusConfigs: of("SpiderMultusConfig"),
    networkAttachments: of("NetworkAttachmentDefinition"),
  };
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace ? `${namespace}/${name}` : name;
}

function requestOf(item: Case): Request {
  const operation = item.op!.toUpperCase() as Request["operation"];
  const object = (item.new ?? item.old)!;
  return item.old ? { operation, object, old: item.old } : { operation, object };
}

/** Keys sorted, empty lists and absent fields alike (M11), owner uids left out (D3: illustrative). */
function plain(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, key));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value)
    .filter(
      ([name, item]) =>
        item !== undefined &&
        item !== null &&
        !(Array.isArray(item) && item.length === 0) &&
        !(key === "ownerReferences" && name === "uid"),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(kept.map(([name, item]) => [name, plain(item, name)]));
}
