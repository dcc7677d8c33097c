import { fileURLToPath } from "node:url";
import { DemoStage } from "./demo-stage.js";
import type { Io, RunLine } from "./io.js";

/** This program, for those who have not installed it. */
const PROGRAM = fileURLToPath(new URL("./main.js", import.meta.url));

export interface DemoOptions {
  readonly keep: boolean;
  readonly port?: number;
}

/**
 * `spiderplan demo`: a day of a small cluster, told by the real commands on an embedded cluster.
 * @returns 0 only if all of the story held
 */
export async function demoCommand(io: Io, options: DemoOptions, again: RunLine): Promise<number> {
  const started = performance.now();
  const stage = await DemoStage.open(io, again, options.port);
  try {
    const story = new Story(io, stage);
    await story.tell();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    io.stdout.write(
      story.failures === 0
        ? `\nAll of it held, in ${seconds} s. The cluster was a stand-in; the commands were the real ones.\n`
        : `\n${story.failures} of the checks above FAILED.\n`,
    );
    if (options.keep) await keepRunning(io, stage);
    return story.failures === 0 ? 0 : 1;
  } finally {
    await stage.close();
  }
}

async function keepRunning(io: Io, stage: DemoStage): Promise<void> {
  io.stdout.write(
    `\nThe cluster runs on at ${stage.cluster.url} until you press Ctrl-C. In another terminal:\n` +
      `  export KUBECONFIG=${stage.kubeconfig}\n` +
      `  kubectl get sp,ss,sr,smc -A; kubectl get pods -A -o wide\n` +
      `  cd ${stage.folder}; spiderplan status\n` +
      `Where spiderplan is not on the PATH, call it as \`npx spiderplan\` or \`node ${PROGRAM}\`.\n`,
  );
  const { signal } = io;
  if (signal === undefined || signal.aborted) return;
  // The HTTP server keeps the process alive.
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

class Story {
  failures = 0;
  #step = 0;

  constructor(
    readonly io: Io,
    readonly stage: DemoStage,
  ) {}

  async tell(): Promise<void> {
    await this.#waiting();
    await this.#firstSync();
    await this.#scale();
    await this.#nothingToDo();
    await this.#refusal();
    await this.#whoHasWhat();
  }

  async #waiting(): Promise<void> {
    this.#heading("A plan in Git, and Pods that wait for their network");
    await this.stage.showGit("log", "--oneline", "--no-color", "--stat");
    const { code } = await this.stage.spiderplan("validate", "--path", "plan");
    this.#check(code === 0, "the plan is valid");
    const pods = [...(await this.stage.pods("web")), ...(await this.stage.pods("batch"))];
    const [complaint] = await this.stage.complaints();
    this.#check(
      pods.length === 5 && pods.every(({ address }) => address === ""),
      `${pods.length} Pods wait: ${complaint}`,
    );
  }

  async #firstSync(): Promise<void> {
    this.#heading("The first sync: addresses are chosen, reviewed in Git, written; the Pods start");
    const locked = await this.stage.spiderplan("lock", "--path", "plan");
    await this.stage.commitAll("Lock the addresses of the shop");
    await this.stage.showGit("show", "--oneline", "--no-color");
    const { code } = await this.stage.spiderplan("sync", "--path", "plan");
    const pods = [...(await this.stage.pods("web")), ...(await this.stage.pods("batch"))];
    this.#check(locked.code === 0 && code === 0, "locked and synced");
    this.#check(
      pods.every(({ address }) => address.startsWith("10.6.124.")),
      "every Pod got an address:",
    );
    for (const { name, address } of pods) this.io.stdout.write(`       ${name}  ${address}\n`);
  }

  async #scale(): Promise<void> {
    this.#heading("A commit scales web from 3 to 5: its pool grows, nobody moves");
    const before = await this.stage.pods("web");
    const lock = () => this.stage.spiderplan("lock", "--path", "plan");
    await this.stage.commit("Scale web to 5", "shop.yaml", "replicas: 3", "replicas: 5", lock);
    const { code } = await this.stage.spiderplan("sync", "--path", "plan");
    this.io.stdout.write("\nNow its team scales the Deployment to 5.\n");
    await this.stage.scale("web", 5);
    const after = await this.stage.pods("web");
    const stayed = before.filter(({ name, address }) =>
      after.some((pod) => pod.name === name && pod.address === address),
    );
    const fresh = after.filter(({ name }) => !before.some((pod) => pod.name === name));
    this.#check(code === 0, "synced");
    this.#check(stayed.length === 3, `the 3 Pods from before have the addresses from before: ${listOf(stayed)}`);
    this.#check(
      fresh.length === 2 && fresh.every(({ address }) => address !== ""),
      `2 more Pods run: ${listOf(fresh)}`,
    );
  }

  async #nothingToDo(): Promise<void> {
    this.#heading("A second sync has nothing to do");
    const writes = this.stage.cluster.writes();
    const { code, text } = await this.stage.spiderplan("sync", "--path", "plan");
    this.#check(code === 0 && text.includes("0 to create, 0 to update, 0 to delete"), "the plan is empty");
    this.#check(this.stage.cluster.writes() === writes, "nothing was written to the cluster");
  }

  async #refusal(): Promise<void> {
    this.#heading("A commit would take addresses that Pods of batch use: refused");
    const before = await this.stage.pods("batch");
    await this.stage.commit(
      "Give two addresses of batch to somebody else",
      "network.yaml",
      "10.6.124.100-10.6.124.104",
      "10.6.124.102-10.6.124.104",
    );
    const { code, text } = await this.stage.spiderplan("sync", "--path", "plan");
    this.#check(code === 3, "exit code 3: blocked");
    const named = before.filter(({ name }) => text.includes(name));
    this.#check(named.length > 0, `the refusal names ${named.map(({ name }) => name).join(" and ")}`);
    const after = await this.stage.pods("batch");
    this.#check(listOf(before) === listOf(after), `their addresses are untouched: ${listOf(after)}`);
  }

  async #whoHasWhat(): Promise<void> {
    this.#heading("Who has what");
    const { code, text } = await this.stage.spiderplan("status");
    const pods = [...(await this.stage.pods("web")), ...(await this.stage.pods("batch"))];
    this.#check(code === 0 && pods.every(({ name }) => text.includes(name)), `all ${pods.length} Pods are listed`);
  }

  #heading(text: string): void {
    this.#step++;
    this.io.stdout.write(`\n== ${this.#step}. ${text}\n`);
  }

  #check(held: boolean, what: string): void {
    if (!held) this.failures++;
    this.io.stdout.write(`${held ? "  ok  " : "  FAILED  "} ${what}\n`);
  }
}

function listOf(pods: readonly { name: string; address: string }[]): string {
  return pods.map(({ name, address }) => `${name} ${address || "none"}`).join(", ");
}
