import { performance } from "node:perf_hooks";
import { chance } from "../worlds/chance.js";
import { HostileCluster } from "./cluster.js";
import { mutated } from "./mutate.js";
import { type Surface, surfaces } from "./surfaces.js";

export interface FuzzOptions {
  readonly count: number;
  readonly seed: number;
  readonly onProgress?: (line: string) => void;
}

/** What was found of one kind of text. */
export interface Answers {
  readonly name: string;
  inputs: number;
  slowestMs: number;
  slowest: string;
}

export interface FuzzResult {
  readonly answers: readonly Answers[];
  /** `name: error: input`, the first few. */
  readonly escaped: readonly string[];
  readonly escapes: number;
  readonly seconds: number;
  /** Heap in use after the first tenth and at the end, in MiB. */
  readonly heap: readonly [number, number];
}

/** Objects in one cluster that is planned. */
const BATCH = 420;
const SHOWN = 20;

/** Feeds texts that nearly are as they should be to all that reads what others wrote. */
export async function fuzz({ count, seed, onProgress }: FuzzOptions): Promise<FuzzResult> {
  const random = chance(seed);
  const cluster = await HostileCluster.open();
  const others = surfaces();
  const answers = new Map<string, Answers>();
  const escaped: string[] = [];
  let escapes = 0;
  const answer = async (name: string, text: string, inputs: number, read: () => unknown) => {
    const started = performance.now();
    try {
      await read();
    } catch (error) {
      escapes++;
      if (escaped.length < SHOWN)
        escaped.push(
          `${name}: ${error instanceof Error ? (error.stack ?? "").split("\n").slice(0, 3).join(" ") : String(error)}: ${cut(text)}`,
        );
      if (inputs > 1) return undefined;
    }
    const one = answers.get(name) ?? { name, inputs: 0, slowestMs: 0, slowest: "" };
    answers.set(name, one);
    one.inputs += inputs;
    const ms = performance.now() - started;
    if (ms > one.slowestMs) Object.assign(one, { slowestMs: ms, slowest: cut(text) });
    return ms;
  };
  // A place for each of a hundred inputs; those of nobody go to the cluster.
  const turns = others.flatMap((one) => Array.from({ length: one.share }, () => one));
  const pick = (): Surface | undefined => turns[random.below(100)];
  const started = performance.now();
  let heapAtFirst = 0;
  let batch: string[] = [];
  for (let done = 0; done < count; done++) {
    const surface = pick();
    const corpus = surface?.corpus ?? cluster.corpus;
    const text = mutated(corpus[random.below(corpus.length)]!, corpus, random);
    if (surface !== undefined) await answer(surface.name, text, 1, () => surface.read(text));
    else batch.push(text);
    if (batch.length === BATCH || (done === count - 1 && batch.length > 0)) {
      const texts = batch;
      batch = [];
      const ms = await answer(`${BATCH} objects of a cluster`, "", texts.length, () => cluster.read(texts));
      // Which one it was: each alone, in the same place.
      if (ms === undefined)
        for (const [index, one] of texts.entries())
          await answer("one object of a cluster", one, 1, () => cluster.read(alone(texts, index)));
    }
    if (heapAtFirst === 0 && done > count / 10) heapAtFirst = heapMiB();
    if (onProgress !== undefined && done % 20_000 === 19_999)
      onProgress(
        `${done + 1} inputs, ${Math.round((done * 1000) / (performance.now() - started))} a second, heap ${heapMiB()} MiB, ${escapes} escaped`,
      );
  }
  const seconds = (performance.now() - started) / 1000;
  return { answers: [...answers.values()], escaped, escapes, seconds, heap: [heapAtFirst, heapMiB()] };
}

/** The text at its place, and nothing anywhere else. */
function alone(texts: readonly string[], index: number): string[] {
  return texts.map((text, at) => (at === index ? text : "a"));
}

function heapMiB(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20);
}

function cut(text: string): string {
  return `${JSON.stringify(text.slice(0, 160))}${text.length > 160 ? ` and ${text.length - 160} more` : ""}`;
}
